import { describe, expect, it } from '@jest/globals';
import { node, nodeState, object, OPTIONS, policy, PORTS, runOn } from '../test/test-run.ts';

const NODES = ['n1', 'n2', 'n3'].flatMap((name) => [node(name), nodeState(name, PORTS)]);
const PAUSED = { annotations: { 'sriovnetwork.openshift.io/paused': 'true' } };
const vfs = (metadata: object = {}): object => {
  const made = policy('vfs', { nicSelector: { pfNames: ['ens2f0'] } }) as { metadata: object };
  return { ...made, metadata: { ...made.metadata, ...metadata } };
};
const plan = async (...objects: object[]): Promise<string> =>
  (await runOn([...NODES, ...objects], 'plan', ...OPTIONS)).stdout;

describe('kubectl sriov plan', () => {
  it('shows nodes that a paused policy holds, with the reason, and no change of them', async () => {
    const text = await plan(vfs(PAUSED));
    expect(text).toContain('0 nodes change, 0 VFs created, 0 destroyed');
    expect(text).toContain(
      'Held: 3 nodes (n1, n2, n3): the policy vfs is paused (annotation sriovnetwork.openshift.io/paused), so the node keeps what it has until the annotation is removed',
    );
    expect(text).not.toContain('Unchanged');
  });

  it('shows how many nodes begin where a pool asks for a canary, and which wait', async () => {
    const text = await plan(vfs(), object('SriovNetworkPoolConfig', 'workers', { canary: { nodes: 2 } }));
    expect(text).toContain('2 nodes change, 8 VFs created, 0 destroyed');
    expect(text).toContain(
      'Held: 1 node (n3): the canary of the pool workers comes first: 2 nodes (now n1, n2) have to succeed before the others change',
    );
  });

  it('knows that a file without the annotation does not end a pause, as with kubectl apply', async () => {
    expect(await plan(vfs(PAUSED), vfs())).toContain('Held: 3 nodes (n1, n2, n3): the policy vfs is paused');
    const resumed = { annotations: { 'sriovnetwork.openshift.io/paused': 'false' } };
    expect(await plan(vfs(PAUSED), vfs(resumed))).toContain('3 nodes change');
  });

  it('says so for programs', async () => {
    const { stdout } = await runOn([...NODES, vfs(PAUSED)], 'plan', '-o', 'json', ...OPTIONS);
    expect(JSON.parse(stdout)).toMatchObject({
      nodes: [{ name: 'n1', spec: {}, held: { reason: 'RolloutPaused' } }, { name: 'n2' }, { name: 'n3' }],
    });
  });
});
