import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { type AddressInfo, connect as connectSocket, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { KubeConfig } from '@kubernetes/client-node';
import { FakeClock } from '@sriov/testing';
import { KubeClient } from '../client/client.ts';
import { connect, type Connection } from './connection.ts';
import { loadKubeConfig } from './kubeconfig.ts';
import { NAMESPACE } from '../core-resources.ts';
import { hangUp, keepSilent, refuse, ScriptedServer } from '../test/scripted-server.ts';

let folder: string;
let server: ScriptedServer;
let clock: FakeClock;
let connections: Connection[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sriov-kube-'));
  server = await ScriptedServer.start();
  clock = new FakeClock();
  connections = [];
});
afterEach(async () => {
  for (const connection of connections) connection.close();
  await server.close();
  await rm(folder, { recursive: true });
});

const clientOf = (config: KubeConfig): KubeClient => {
  const connection = connect(config, clock);
  connections.push(connection);
  return new KubeClient({ connection, clock, fieldManager: 'spec' });
};
const configOf = (user: object, address = server.address): KubeConfig => {
  const config = new KubeConfig();
  config.loadFromClusterAndUser(
    { name: 'scripted', server: address, skipTLSVerify: true },
    {
      name: 'someone',
      ...user,
    },
  );
  return config;
};
const ask = (client: KubeClient): Promise<unknown> => client.page(NAMESPACE, { limit: 1 });
const failure = async (client: KubeClient): Promise<unknown> => {
  try {
    return await ask(client);
  } catch (error) {
    return error;
  }
};
const sentTokens = (): unknown[] => server.requests.map(({ headers }) => headers.authorization);

describe('a kubeconfig', () => {
  const write = async (text: string): Promise<string> => {
    const path = join(folder, 'kubeconfig');
    await writeFile(path, text);
    return path;
  };
  const text = (cluster: string, user = '{}'): string => `
clusters: [{ name: c, cluster: ${cluster} }]
users: [{ name: u, user: ${user} }]
contexts: [{ name: x, context: { cluster: c, user: u } }]
current-context: x
`;

  it('with a bearer token speaks as its user', async () => {
    const path = await write(text(`{ server: "${server.address}", insecure-skip-tls-verify: true }`, '{ token: abc }'));
    await ask(clientOf(loadKubeConfig(path)));
    expect(sentTokens()).toEqual(['Bearer abc']);
  });

  it.each([
    ['of nothing', '', /^cannot use the kubeconfig .*kubeconfig: /],
    ['that is no YAML', '{ a: [', /^cannot use the kubeconfig .*kubeconfig: /],
    [
      'without a current context',
      text('{ server: "https://h" }').replace('current-context: x', ''),
      /has no current-context$/,
    ],
    [
      'whose current context is not there',
      text('{ server: "https://h" }').replace('name: x', 'name: y'),
      /names no server for its current context "x"$/,
    ],
    ['without a server', text('{}'), /cannot use the kubeconfig .*server is missing/],
    [
      'whose server is no address',
      text('{ server: "10.0.0.1:6443" }'),
      /names the server "10.0.0.1:6443", which is no/,
    ],
  ])('%s is refused with a sentence', async (_, content, message) => {
    const path = await write(content);
    expect(() => loadKubeConfig(path)).toThrow(
      expect.objectContaining({ code: 'KUBECONFIG_INVALID', message: expect.stringMatching(message) }),
    );
  });

  it('that is not there is refused by its name', () => {
    expect(() => loadKubeConfig('/nowhere/config')).toThrow(/cannot use the kubeconfig \/nowhere\/config: ENOENT/);
  });

  it('that is not given is refused outside of a pod', () => {
    expect(() => loadKubeConfig(undefined)).toThrow(
      'no --kubeconfig is given and this process does not run in a pod of a cluster',
    );
  });
});

describe('credentials', () => {
  it('of a service account are read again when the kubelet has renewed them', async () => {
    const tokenFile = join(folder, 'token');
    await writeFile(tokenFile, 'first');
    const client = clientOf(configOf({ authProvider: { name: 'tokenFile', config: { tokenFile } } }));
    await ask(client);
    await writeFile(tokenFile, 'second');
    await ask(client);
    await clock.advance(60_000);
    await ask(client);
    expect(sentTokens()).toEqual(['Bearer first', 'Bearer first', 'Bearer second']);
  });

  it('that were refused are read again for the next request', async () => {
    const tokenFile = join(folder, 'token');
    await writeFile(tokenFile, 'first');
    const client = clientOf(configOf({ authProvider: { name: 'tokenFile', config: { tokenFile } } }));
    server.next.list.push(refuse(401));
    await writeFile(tokenFile, 'first');
    expect(await failure(client)).toMatchObject({ status: 401 });
    await writeFile(tokenFile, 'second');
    await ask(client);
    expect(sentTokens()).toEqual(['Bearer first', 'Bearer second']);
  });

  it('that did not change keep their connections', async () => {
    const client = clientOf(configOf({ token: 'abc' }));
    await ask(client);
    await clock.advance(60_000);
    await ask(client);
    expect(server.openSockets).toBe(1);
  });

  it('that cannot be read are named, and read again for the next request', async () => {
    const tokenFile = join(folder, 'token');
    const client = clientOf(configOf({ authProvider: { name: 'tokenFile', config: { tokenFile } } }));
    expect(await failure(client)).toMatchObject({
      name: 'ApiError',
      status: 0,
      message: expect.stringContaining('cannot get credentials: ENOENT'),
    });
    await writeFile(tokenFile, 'late');
    await ask(client);
    expect(sentTokens()).toEqual(['Bearer late']);
  });
});

describe('a request', () => {
  it('reaches a server at an IPv6 address', async () => {
    const other = await ScriptedServer.start('::1');
    try {
      await ask(clientOf(configOf({}, other.address)));
      expect(other.requests).toHaveLength(1);
    } finally {
      await other.close();
    }
  });

  it('goes through the proxy that the kubeconfig names', async () => {
    const asked: (string | undefined)[] = [];
    const proxy = createServer().on('connect', (request, near: Socket) => {
      asked.push(request.url);
      const far = connectSocket(Number(new URL(server.address).port), '127.0.0.1');
      near.write('HTTP/1.1 200 OK\r\n\r\n');
      near.pipe(far).pipe(near);
    });
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
    const proxyUrl = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
    const config = configOf({ token: 'abc' }, 'http://api.test:6443');
    config.clusters = config.clusters.map((cluster) => ({ ...cluster, proxyUrl }));
    await ask(clientOf(config));
    proxy.close();
    expect([asked, sentTokens()]).toEqual([['api.test:6443'], ['Bearer abc']]);
  });

  it.each([
    ['is cut off', hangUp, 0, 'socket hang up'],
    ['is refused with a Status', refuse(403, { message: 'namespaces is forbidden' }), 403, 'namespaces is forbidden'],
    ['is refused without a word', ({ response }) => void response.writeHead(502).end(), 502, 'HTTP 502'],
    ['meets a proxy', ({ response }) => void response.writeHead(503).end('<html>no'), 503, '<html>no'],
    ['is answered by no API server', ({ response }) => void response.end('<html>hi'), 0, 'not JSON: <html>hi'],
  ] as [string, typeof hangUp, number, string][])('that %s says so', async (_, fault, status, words) => {
    server.next.list.push(fault);
    const message = expect.stringMatching(new RegExp(`^GET .*/api/v1/namespaces: .*${words}`));
    expect(await failure(clientOf(configOf({})))).toMatchObject({ name: 'ApiError', status, message });
  });

  it('goes through while a hundred watches hold connections', async () => {
    const client = clientOf(configOf({ token: 'abc' }));
    const stop = new AbortController();
    const watch = async (): Promise<void> => {
      const request = { resourceVersion: server.version, timeoutSeconds: 300, inactivityMs: 90_000 };
      await client.watch(NAMESPACE, { ...request, signal: stop.signal }).next();
    };
    const watches = Array.from({ length: 100 }, () => watch().catch(() => undefined));
    while (server.openWatches < watches.length) await new Promise(setImmediate);
    await ask(client);
    stop.abort();
    await Promise.all(watches);
  });

  it('to a server that is not there names it', async () => {
    const other = await ScriptedServer.start();
    const { address } = other;
    await other.close();
    const failed = await failure(clientOf(configOf({}, address)));
    expect(failed).toMatchObject({ status: 0, message: expect.stringMatching(/^GET http.*: connect ECONNREFUSED/) });
  });

  it.each([
    ['never answered', keepSilent],
    ['answered with half an answer', ({ response }) => void response.writeHead(200).write('{')],
    ['refused with half an answer', ({ response }) => void response.writeHead(500).write('{')],
  ] as [string, typeof hangUp][])('%s is given up after 30 s', async (_, fault) => {
    let reached = (): void => undefined;
    const isReached = new Promise<void>((resolve) => (reached = resolve));
    server.next.list.push((exchange) => {
      fault(exchange);
      reached();
    });
    const failed = failure(clientOf(configOf({})));
    await isReached;
    await clock.advance(30_000);
    expect(await failed).toMatchObject({
      name: 'ApiError',
      message: expect.stringMatching(/no answer within 30 s|HTTP 500/),
    });
    expect(clock.pending).toBe(0);
  });

  it('after the end of the connection fails, as does one before it', async () => {
    const client = clientOf(configOf({}));
    server.next.list.push(() => connections[0]?.close());
    expect(await failure(client)).toMatchObject({ status: 0 });
    expect(await failure(client)).toMatchObject({ status: 0, message: expect.stringContaining('is stopping') });
    expect(server.requests).toHaveLength(1);
  });
});
