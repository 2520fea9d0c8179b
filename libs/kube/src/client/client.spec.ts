import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { type Condition, SRIOV_NETWORK, SRIOV_NETWORK_NODE_STATE, type SriovNetwork } from '@sriov/api';
import { Authority, type KeyPair } from '@sriov/certificates';
import { kubeconfigText } from '@sriov/control-plane';
import { systemClock } from '@sriov/runtime';
import { createNamespace, installCrds, request, testControlPlane, tryRequest } from '@sriov/testing';
import { KubeClient } from './client.ts';
import { conditionPorts } from '../condition-writer.ts';
import { connect, type Connection } from '../connection/connection.ts';
import { loadKubeConfig } from '../connection/kubeconfig.ts';
import { CONFIG_MAP, type ConfigMap, NAMESPACE, NODE } from '../core-resources.ts';

jest.setTimeout(30_000);

const connections: Connection[] = [];
const clientFor = (fieldManager: string, kubeconfig = testControlPlane().kubeconfigPath): KubeClient => {
  const connection = connect(loadKubeConfig(kubeconfig), systemClock);
  connections.push(connection);
  return new KubeClient({ connection, clock: systemClock, fieldManager });
};

let client: KubeClient;
let namespace: string;

beforeAll(async () => {
  client = clientFor('spec');
  namespace = await createNamespace('client');
  await installCrds();
});
afterAll(() => {
  for (const connection of connections) connection.close();
});

const configMap = (
  name: string,
  data: Record<string, string> = {},
  labels: Record<string, string> = {},
): ConfigMap => ({
  metadata: { name, namespace, labels },
  data,
});
const dataOf = async (name: string): Promise<unknown> => (await client.get(CONFIG_MAP, { name, namespace })).data;
const failure = (attempt: Promise<unknown>): Promise<unknown> =>
  attempt.then(
    () => undefined,
    (error: unknown) => error,
  );

describe('the client', () => {
  it('creates and gets', async () => {
    const created = await client.create(CONFIG_MAP, configMap('made', { a: '1' }));
    expect(created.metadata.uid).toEqual(expect.any(String));
    expect(await client.get(CONFIG_MAP, { name: 'made', namespace })).toEqual(created);
  });

  it('names the API groups that are served', async () => {
    expect(await client.groups()).toEqual(expect.arrayContaining(['apps', 'sriovnetwork.openshift.io']));
  });

  it('lists page by page', async () => {
    for (let n = 0; n < 7; n += 1) await client.create(CONFIG_MAP, configMap(`page-${n}`, {}, { paged: 'yes' }));
    const selection = { namespace, labelSelector: 'paged=yes' };
    const first = await client.page(CONFIG_MAP, { ...selection, limit: 3 });
    const rest = await client.page(CONFIG_MAP, { ...selection, limit: 100, continueToken: first.continueToken });
    expect([first.items.length, rest.items.length, rest.continueToken]).toEqual([3, 4, undefined]);
    expect(rest.resourceVersion).toBe(first.resourceVersion);
    expect(await client.list(CONFIG_MAP, selection)).toHaveLength(7);
    expect(await client.list(CONFIG_MAP, { namespace, fieldSelector: 'metadata.name=page-3' })).toHaveLength(1);
    expect(await client.list(CONFIG_MAP, { namespace, labelSelector: 'paged=no' })).toEqual([]);
  });

  it.each([
    ['the API server takes', 3_500_000],
    ['etcd takes, which the API server calls an error of its own,', 2_000_000],
  ])('says 413 of an object that is larger than %s', async (_, bytes) => {
    const metadata = { name: 'large', namespace };
    const spec = { interfaces: [{ pciAddress: '0000:3b:00.0', name: 'x'.repeat(bytes) }] };
    expect(await failure(client.create(SRIOV_NETWORK_NODE_STATE, { metadata, spec }))).toMatchObject({ status: 413 });
  });

  it('leaves spec and status out when asked for metadata only', async () => {
    await request('POST', '/api/v1/nodes', { metadata: { name: 'lean' }, spec: { providerID: 'here' } });
    const { items } = await client.page(NODE, { limit: 10, fieldSelector: 'metadata.name=lean', metadataOnly: true });
    expect([items[0]?.metadata.name, items[0]?.spec]).toEqual(['lean', undefined]);
  });

  it('applies the fields that it owns, and leaves those of others alone', async () => {
    const other = clientFor('other');
    await client.apply(CONFIG_MAP, configMap('applied', { mine: '1', dropped: '1' }));
    await other.apply(CONFIG_MAP, configMap('applied', { theirs: '1' }));
    await client.apply(CONFIG_MAP, configMap('applied', { mine: '2' }));
    expect(await dataOf('applied')).toEqual({ mine: '2', theirs: '1' });
  });

  it('takes over a field that another manager wrote', async () => {
    await request('POST', `/api/v1/namespaces/${namespace}/configmaps`, configMap('taken', { a: 'by hand' }));
    await client.apply(CONFIG_MAP, configMap('taken', { a: 'by us' }));
    expect(await dataOf('taken')).toEqual({ a: 'by us' });
  });

  it('writes nothing when what it applies stands there already', async () => {
    const first = await client.apply(CONFIG_MAP, configMap('same', { a: '1' }));
    const second = await client.apply(CONFIG_MAP, configMap('same', { a: '1' }));
    expect(second.metadata.resourceVersion).toBe(first.metadata.resourceVersion);
  });

  it('merges a patch, in which null removes', async () => {
    await client.create(CONFIG_MAP, configMap('patched', { a: '1', b: '1' }));
    await client.mergePatch(CONFIG_MAP, { name: 'patched', namespace }, { patch: { data: { a: null, c: '1' } } });
    expect(await dataOf('patched')).toEqual({ b: '1', c: '1' });
  });

  it('writes nothing in a dry run, which is checked all the same', async () => {
    const planned = await client.apply(CONFIG_MAP, configMap('planned', { a: '1' }), { dryRun: true });
    expect(planned.data).toEqual({ a: '1' });
    expect(await failure(client.get(CONFIG_MAP, { name: 'planned', namespace }))).toMatchObject({ status: 404 });
    const change = { patch: { data: { a: 1 } }, dryRun: true };
    expect(await failure(client.mergePatch(CONFIG_MAP, { name: 'applied', namespace }, change))).toMatchObject({
      status: 422,
    });
  });

  it('replaces only what nobody changed meanwhile', async () => {
    const read = await client.create(CONFIG_MAP, configMap('raced', { a: '1' }));
    await client.replace(CONFIG_MAP, { ...read, data: { a: '2' } });
    expect(await failure(client.replace(CONFIG_MAP, { ...read, data: { a: '3' } }))).toMatchObject({ status: 409 });
    expect(await dataOf('raced')).toEqual({ a: '2' });
  });

  it('deletes the object that is meant, not one that took its name', async () => {
    const ref = { name: 'deleted', namespace };
    const { metadata } = await client.create(CONFIG_MAP, configMap('deleted'));
    expect(await failure(client.delete(CONFIG_MAP, ref, { uid: 'of-another' }))).toMatchObject({ status: 409 });
    await client.delete(CONFIG_MAP, ref, { uid: metadata.uid ?? '' });
    expect(await failure(client.delete(CONFIG_MAP, ref))).toMatchObject({ status: 404 });
  });
});

describe('what the API server refuses', () => {
  const nowhere = (): string => `/api/v1/namespaces/${namespace}/configmaps`;
  it.each<[string, () => Promise<unknown>, object]>([
    [
      'an object that is not there',
      () => client.get(CONFIG_MAP, { name: 'none', namespace }),
      { status: 404, reason: 'NotFound', message: () => `GET ${nowhere()}/none: configmaps "none" not found` },
    ],
    [
      'an object that is there already',
      () => client.create(NAMESPACE, { metadata: { name: namespace } }),
      {
        status: 409,
        reason: 'AlreadyExists',
        message: () => `POST /api/v1/namespaces: namespaces "${namespace}" already exists`,
      },
    ],
    [
      'a value that cannot be',
      () => client.create(CONFIG_MAP, configMap('Not_A_Name')),
      {
        status: 422,
        reason: 'Invalid',
        message: () => /^POST .*"Not_A_Name" is invalid: metadata.name: Invalid value/,
      },
    ],
    [
      'a kind that is not installed',
      () => client.list({ group: 'example.org', version: 'v1', kind: 'No', plural: 'nos', namespaced: true }),
      { status: 404, message: () => /^GET \/apis\/example.org\/v1\/nos: .*404 page not found/ },
    ],
  ])('%s, by name and cause', async (_, attempt, { message, ...facts }: { message?: () => string | RegExp }) => {
    const words = message?.() ?? '';
    expect(await failure(attempt())).toMatchObject({
      name: 'ApiError',
      ...facts,
      message: typeof words === 'string' ? words : expect.stringMatching(words),
    });
  });
});

describe('a bearer token in a kubeconfig', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'sriov-token-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  const clientWith = async (token: string): Promise<KubeClient> => {
    const { access } = testControlPlane();
    const text = kubeconfigText({ server: access.server, ca: access.ca, user: { name: 'pod', token } });
    const path = join(folder, 'kubeconfig');
    await writeFile(path, text);
    return clientFor('pod', path);
  };

  it('of a service account speaks as that account', async () => {
    const accounts = `/api/v1/namespaces/${namespace}/serviceaccounts`;
    await request('POST', accounts, { metadata: { name: 'worker' } });
    const { status } = (await request('POST', `${accounts}/worker/token`, { spec: {} })) as {
      status: { token: string };
    };
    const worker = await clientWith(status.token);
    expect(await failure(worker.list(CONFIG_MAP, { namespace }))).toMatchObject({
      status: 403,
      message: expect.stringContaining(`User "system:serviceaccount:${namespace}:worker" cannot list resource`),
    });
  });

  it('that is wrong is refused', async () => {
    const stranger = await clientWith('nonsense');
    expect(await failure(stranger.list(CONFIG_MAP, { namespace }))).toMatchObject({ status: 401 });
  });
});

describe('a client certificate in files', () => {
  it('is read again when it was renewed', async () => {
    const { access } = testControlPlane();
    const folder = await mkdtemp(join(tmpdir(), 'sriov-certificate-'));
    const write = async ({ certificate, privateKey }: KeyPair): Promise<void> => {
      await writeFile(join(folder, 'certificate'), certificate);
      await writeFile(join(folder, 'key'), privateKey);
    };
    const validity = { notBefore: new Date(Date.now() - 60_000), notAfter: new Date(Date.now() + 3_600_000) };
    const stranger = await Authority.create('stranger', validity);
    await write(await stranger.issue({ commonName: 'admin' }, validity));
    await writeFile(
      join(folder, 'kubeconfig'),
      JSON.stringify({
        clusters: [{ name: 'c', cluster: { server: access.server, 'certificate-authority-data': btoa(access.ca) } }],
        users: [{ name: 'u', user: { 'client-certificate': 'certificate', 'client-key': 'key' } }],
        contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
        'current-context': 'x',
      }),
    );
    const admin = clientFor('spec', join(folder, 'kubeconfig'));
    expect(await failure(admin.list(CONFIG_MAP, { namespace }))).toMatchObject({ status: 401 });
    await write(access.admin);
    expect(await admin.list(CONFIG_MAP, { namespace })).toEqual(expect.any(Array));
    await rm(folder, { recursive: true });
  });
});

describe('conditions', () => {
  const path = (name: string): string =>
    `/apis/sriovnetwork.openshift.io/v1/namespaces/${namespace}/sriovnetworks/${name}`;
  const condition = (type: string, message = 'm'): Condition => ({
    type,
    status: 'True',
    reason: 'Applied',
    message,
    lastTransitionTime: '2026-01-01T00:00:00Z',
  });
  const portsOf = (writer: KubeClient): ReturnType<typeof conditionPorts<SriovNetwork>> =>
    conditionPorts<SriovNetwork>({
      cluster: { client: writer, recorder: undefined as never },
      clock: systemClock,
      resource: SRIOV_NETWORK,
      get: () => undefined,
    });
  const create = async (name: string): Promise<SriovNetwork> => {
    const kind = { apiVersion: 'sriovnetwork.openshift.io/v1', kind: 'SriovNetwork' };
    const body = { ...kind, metadata: { name, namespace }, spec: { resourceName: 'r', vlan: 7 } };
    return (await request('POST', path(''), body)) as SriovNetwork;
  };

  it('of two services stand side by side, and the spec stays as it is', async () => {
    const network = await create('both');
    const ours = portsOf(client);
    const theirs = portsOf(clientFor('other'));
    await theirs.writeConditions(network, [condition('Theirs')]);
    await ours.writeConditions(network, [condition('Ready')]);
    await ours.writeConditions(network, [condition('Ready', 'other words')]);
    const after = (await request('GET', path('both'))) as SriovNetwork & { status: { conditions: Condition[] } };
    expect(after.status.conditions.map(({ type, message }) => `${type} ${message}`).sort()).toEqual([
      'Ready other words',
      'Theirs m',
    ]);
    expect([after.spec, after.metadata.generation]).toEqual([network.spec, 1]);
  });

  it('are not written to an object that is gone, nor do they bring it back', async () => {
    const network = await create('gone');
    await request('DELETE', path('gone'));
    expect(await failure(portsOf(client).writeConditions(network, [condition('Ready')]))).toMatchObject({
      status: 404,
    });
    expect((await tryRequest('GET', path('gone'))).status).toBe(404);
  });
});
