import { once } from 'node:events';
import { request } from 'node:https';
import { connect as connectPlain } from 'node:net';
import { connect, type ConnectionOptions, type TLSSocket } from 'node:tls';
import { afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { admit } from '@sriov/admission';
import { Authority, type KeyPair } from '@sriov/certificates';
import { createLogger } from '@sriov/runtime';
import { answerMutating } from './answers.ts';
import { WebhookServer, type WebhookServerOptions } from './webhook-server.ts';

const PATH = '/validating-custom-resource';
const DAY = 86_400_000;
const log = createLogger({ service: 'spec', level: 'silent' });
const cluster = { nodes: [], nodeStates: [], policies: [], pools: [], supportedNics: undefined };
const settings = { operatorNamespace: 'operator', supportedNicsOnly: false };

let ca: string;
let pair: KeyPair;
let server: WebhookServer | undefined;

beforeAll(async () => {
  const validity = { notBefore: new Date(Date.now() - DAY), notAfter: new Date(Date.now() + DAY) };
  const authority = await Authority.create('spec', validity);
  pair = await authority.issue({ commonName: 'x', ipAddresses: ['127.0.0.1'] }, validity);
  ca = authority.certificate;
});
afterEach(async () => {
  await server?.close();
  server = undefined;
});

const start = async (options: Partial<WebhookServerOptions> = {}): Promise<WebhookServer> => {
  server = await WebhookServer.start({
    listen: { port: 0, host: '127.0.0.1' },
    responders: {
      [PATH]: ({ operation, object, oldObject }) =>
        admit({ operation: operation as 'CREATE', object, oldObject, cluster, settings }),
      '/mutating-custom-resource': answerMutating,
    },
    readyProblems: () => [],
    log,
    ...options,
  });
  server.use(pair);
  return server;
};
const open = async (port: number, options: ConnectionOptions = {}): Promise<TLSSocket> => {
  const socket = connect({ host: '127.0.0.1', port, ca, ...options });
  await once(socket, 'secureConnect');
  return socket;
};
/** Resolves when the other side has ended the connection. */
const ended = async (socket: TLSSocket | ReturnType<typeof connectPlain>): Promise<void> => {
  socket.on('error', () => undefined).resume();
  if (!socket.closed) await once(socket, 'close');
};

const post = (port: number, body: string, path = PATH): Promise<{ status: number; text: string }> =>
  new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json' };
    const url = `https://127.0.0.1:${port}${path}`;
    const outgoing = request(url, { ca, agent: false, method: 'POST', headers }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text }));
    });
    outgoing.once('error', reject).end(body);
  });
interface Asked {
  readonly kind?: string;
  readonly spec?: string;
  readonly oldSpec?: string;
  readonly labels?: string;
}
/** A review as text: what stands in it need not be something that JavaScript can write. */
const review = ({ kind = 'SriovNetwork', spec = '{"resourceName":"r"}', oldSpec, labels = '{}' }: Asked): string => {
  const object = (text: string): string =>
    `{"metadata":{"name":"a","namespace":"team","labels":${labels}},"spec":${text}}`;
  const old = oldSpec === undefined ? '' : `,"oldObject":${object(oldSpec)}`;
  return `{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":{"uid":"u","kind":{"kind":"${kind}"},"operation":"${oldSpec === undefined ? 'CREATE' : 'UPDATE'}","object":${object(spec)}${old}}}`;
};
const nested = (levels: number): string => `${'{"a":['.repeat(levels / 2)}1${']}'.repeat(levels / 2)}`;

describe('the server and what is slow', () => {
  it('ends a request whose body does not come', async () => {
    const { port } = await start({ arrivalMs: 100 });
    const socket = await open(port);
    socket.write(`POST ${PATH} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 9\r\n\r\n{`);
    await ended(socket);
  });

  it('ends a request whose headers do not come, and a handshake that does not', async () => {
    const { port } = await start({ arrivalMs: 100 });
    const socket = await open(port);
    socket.write(`POST ${PATH} HTTP/1.1\r\nhost: x\r\n`);
    await ended(socket);
    await ended(connectPlain(port, '127.0.0.1'));
  });

  it('stops although somebody holds connections that are idle, in a handshake, or in the middle of a body', async () => {
    const { port } = await start({ graceMs: 100 });
    const idle = await open(port);
    idle.write('GET /readyz HTTP/1.1\r\nhost: x\r\n\r\n');
    await once(idle, 'data');
    const sending = await open(port);
    sending.write(`POST ${PATH} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 9\r\n\r\n{`);
    const silent = connectPlain(port, '127.0.0.1');
    await once(silent, 'connect');
    await server?.close();
    server = undefined;
    await Promise.all([idle, sending, silent].map(ended));
  });
});

describe('a server that is about to stop', () => {
  const ask = async (socket: TLSSocket): Promise<string> => {
    socket.write('GET /readyz HTTP/1.1\r\nhost: x\r\n\r\n');
    return String((await once(socket, 'data'))[0]);
  };

  it('serves connections that stand and that come, and ends each with an answer', async () => {
    const { port } = await start();
    const standing = await open(port);
    expect(await ask(standing)).not.toContain('connection: close');
    server?.leave();
    for (const socket of [standing, await open(port)]) {
      const answer = await ask(socket);
      expect(answer).toContain('HTTP/1.1 200 OK');
      expect(answer).toContain('connection: close');
      await ended(socket);
    }
  });
});

describe('the server and TLS', () => {
  it.each([
    ['ECDHE-ECDSA-AES128-GCM-SHA256', true],
    ['ECDHE-ECDSA-AES128-SHA256', false],
    ['ECDHE-ECDSA-AES128-SHA', false],
    ['ECDHE-ECDSA-AES256-SHA384', false],
  ])('speaks TLS 1.2 with %s: %s', async (ciphers, expected) => {
    const { port } = await start();
    const attempt = open(port, { maxVersion: 'TLSv1.2', ciphers: `${ciphers}:@SECLEVEL=0` });
    const isSpoken = await attempt.then(
      (socket) => Boolean(socket.destroy()),
      () => false,
    );
    expect(isSpoken).toBe(expected);
  });
});

describe.each(['__proto__', 'constructor', 'toString', 'hasOwnProperty'])(
  'an object with the name %s in it',
  (name) => {
    const bad = (text: string): string => `{"${name}":${text}}`;
    it.each<[string, Asked, boolean]>([
      ['as its kind', { kind: name }, true],
      ['as a field', { spec: `{"resourceName":"r","${name}":{"prototype":{}}}` }, true],
      ['as a field of a policy', { kind: 'SriovNetworkNodePolicy', spec: bad('1') }, false],
      ['as a label', { labels: bad('"x"') }, true],
      ['as an operator', { kind: 'SriovNetworkPoolConfig', spec: poolSpec('a', name) }, false],
      ['as the key of an expression', { kind: 'SriovNetworkPoolConfig', spec: poolSpec(name, 'Exists') }, true],
      ['in a change', { spec: bad('1'), oldSpec: bad('2') }, false],
    ])('gets a verdict: %s', async (_, asked, allowed) => {
      const { port } = await start();
      for (const path of [PATH, '/mutating-custom-resource']) {
        const { status, text } = await post(port, review(asked), path);
        expect({ status, text }).toEqual({ status: 200, text: expect.any(String) });
        if (path === PATH) expect(JSON.parse(text)).toMatchObject({ response: { allowed } });
      }
    });
  },
);

function poolSpec(key: string, operator: string): string {
  return JSON.stringify({ nodeSelector: { matchExpressions: [{ key, operator }] } });
}

describe('an object of which anything is too much', () => {
  it.each<[string, Asked, boolean]>([
    ['5,000 levels in an unknown field', { spec: `{"resourceName":"r","deep":${nested(5_000)}}` }, true],
    ['5,000 levels instead of a text', { spec: `{"resourceName":"r","ipam":${nested(5_000)}}` }, false],
    ['5,000 levels that stay', { spec: nested(5_000), oldSpec: nested(5_000) }, true],
    ['5,000 levels that change', { spec: nested(5_000), oldSpec: nested(4_998) }, false],
    ['200,000 levels that stay', { spec: nested(200_000), oldSpec: nested(200_000) }, true],
    ['a text of 5,000 levels', { spec: `{"resourceName":"r","ipam":${JSON.stringify(nested(5_000))}}` }, false],
    ['a megabyte of ipam', { spec: `{"resourceName":"r","ipam":"${'['.repeat(1_000_000)}"}` }, false],
    [
      'a megabyte of pKey',
      { kind: 'SriovIBNetwork', spec: `{"resourceName":"r","pKey":"${'x'.repeat(1_000_000)}"}` },
      false,
    ],
    [
      'a megabyte of a name in a policy',
      {
        kind: 'SriovNetworkNodePolicy',
        spec: `{"resourceName":"r","nicSelector":{"pfNames":["${'x'.repeat(1_000_000)}"]}}`,
      },
      false,
    ],
  ])('gets a verdict of bounded length: %s', async (_, asked, allowed) => {
    const { port } = await start();
    const { status, text } = await post(port, review(asked));
    expect(status).toBe(200);
    expect(JSON.parse(text)).toMatchObject({ response: { allowed } });
    expect(text.length).toBeLessThan(1_000);
  });
});
