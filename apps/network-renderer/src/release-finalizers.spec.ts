import { describe, expect, it } from '@jest/globals';
import { ANNOTATION, FINALIZER, type KubeObject } from '@sriov/api';
import { ownerRefOf } from '@sriov/attachment';
import { refusal, type ScriptedAnswer, type SentRequest } from '@sriov/testing';
import { releaseAll } from './release-finalizers.ts';
import { attachmentOf, createOfflineRenderer, networkOf, OPERATOR, settingsOf } from './test/offline-renderer.ts';

const GROUP = '/apis/sriovnetwork.openshift.io/v1';
const deletionTimestamp = '2026-01-01T00:00:00Z';
const finalizers = ['theirs', FINALIZER.network];

/** Releases the objects of these lists, by the plural of their kind; `null` is a kind that is not installed. */
async function release(
  lists: Record<string, readonly KubeObject[] | null>,
  script: (request: SentRequest) => ScriptedAnswer | undefined = () => undefined,
): Promise<{ problems: string[]; writes: SentRequest[] }> {
  const { connection, client, log } = createOfflineRenderer();
  connection.script = (request) => {
    const plural = request.path.startsWith(`${GROUP}/`) ? request.path.slice(GROUP.length + 1) : '';
    const isList = request.method === 'GET' && !plural.includes('/') && plural !== '';
    if (!isList) return script(request);
    const items = lists[plural] ?? [];
    return lists[plural] === null ? refusal(404) : { body: { metadata: { resourceVersion: '1' }, items } };
  };
  const problems = await releaseAll(client, { log, settings: settingsOf() });
  return { problems, writes: connection.writes };
}

describe('the release of finalizers', () => {
  it('takes ours off each kind of network, and leaves those of others and the attachment', async () => {
    const network = networkOf('blue', {}, { finalizers, resourceVersion: '41' });
    const { problems, writes } = await release({
      sriovnetworks: [network, networkOf('without'), networkOf('theirs', {}, { finalizers: ['theirs'] })],
      sriovibnetworks: [network],
      ovsnetworks: [network],
    });
    expect(problems).toEqual([]);
    expect(writes.map(({ path, body }) => [path, body])).toEqual(
      ['sriovnetworks', 'sriovibnetworks', 'ovsnetworks'].map((plural) => [
        `${GROUP}/namespaces/${OPERATOR}/${plural}/blue`,
        { metadata: { finalizers: ['theirs'], resourceVersion: '41' } },
      ]),
    );
  });

  it('removes the attachment of a network that is being deleted first', async () => {
    const network = networkOf('blue', { networkNamespace: 'team' }, { finalizers, deletionTimestamp });
    const owner = ownerRefOf({ ...network, kind: 'SriovNetwork' });
    const present = attachmentOf('blue', 'team', { [ANNOTATION.ownerRef]: owner });
    const { problems, writes } = await release({ sriovnetworks: [network] }, ({ method }) =>
      method === 'GET' ? { body: present } : undefined,
    );
    expect(problems).toEqual([]);
    expect(writes.map(({ method, path }) => `${method} ${path.split('/').slice(-2).join('/')}`)).toEqual([
      'DELETE network-attachment-definitions/blue',
      'PATCH sriovnetworks/blue',
    ]);
  });

  it("takes upstream's finalizers off pools and the SriovOperatorConfig", async () => {
    const poolWith = (name: string, ...of: string[]): KubeObject => ({
      metadata: { name, namespace: OPERATOR, resourceVersion: '7', finalizers: of },
    });
    const { problems, writes } = await release({
      sriovnetworkpoolconfigs: [poolWith('pool', FINALIZER.pool, 'theirs'), poolWith('other', 'theirs')],
      sriovoperatorconfigs: [poolWith('default', FINALIZER.operatorConfig)],
    });
    expect(problems).toEqual([]);
    expect(writes.map(({ path, body }) => [path.split('/').at(-1), body])).toEqual([
      ['pool', { metadata: { finalizers: ['theirs'], resourceVersion: '7' } }],
      ['default', { metadata: { finalizers: [], resourceVersion: '7' } }],
    ]);
  });

  it('says which objects keep a finalizer and why, and goes on with the others', async () => {
    const { problems, writes } = await release(
      { sriovnetworks: ['a', 'b', 'c'].map((name) => networkOf(name, {}, { finalizers })) },
      ({ path }) =>
        path.endsWith('/a') ? refusal(403, 'not allowed') : path.endsWith('/b') ? refusal(404) : undefined,
    );
    expect(problems).toEqual([expect.stringMatching(`^SriovNetwork ${OPERATOR}/a: PATCH .*/a: not allowed$`)]);
    expect(writes).toHaveLength(3);
  });

  it('says it of a pool by its kind', async () => {
    const pool = { metadata: { name: 'pool', namespace: OPERATOR, finalizers: [FINALIZER.pool] } };
    const { problems } = await release({ sriovnetworkpoolconfigs: [pool] }, () => refusal(403, 'no'));
    expect(problems).toEqual([expect.stringMatching(`^SriovNetworkPoolConfig ${OPERATOR}/pool: .*no$`)]);
  });

  it('has nothing to do for kinds that are not installed', async () => {
    const gone = { sriovnetworks: null, sriovibnetworks: null, ovsnetworks: null };
    expect(await release(gone)).toEqual({ problems: [], writes: [] });
  });

  it('says which kind cannot be listed, and goes on with the others', async () => {
    const { client, log, connection } = createOfflineRenderer();
    const items = [networkOf('blue', {}, { finalizers })];
    connection.script = ({ method, path }) => {
      if (method !== 'GET') return undefined;
      return path === `${GROUP}/ovsnetworks`
        ? { body: { metadata: { resourceVersion: '1' }, items } }
        : refusal(500, 'no');
    };
    const problems = await releaseAll(client, { log, settings: settingsOf() });
    expect(problems.map((problem) => problem.split(':')[0])).toEqual([
      'SriovNetwork',
      'SriovIBNetwork',
      'SriovNetworkPoolConfig',
      'SriovOperatorConfig',
    ]);
    expect(connection.writes.map(({ path }) => path)).toEqual([`${GROUP}/namespaces/${OPERATOR}/ovsnetworks/blue`]);
  });
});
