import { describe, expect, it } from '@jest/globals';
import { type ObservedInterface, type SriovNetworkNodeState } from '@sriov/api';
import { nic, PORTS } from '@sriov/testing/objects';
import { OPERATOR, policyObject, state, storedPolicy, verdictOn } from './test/requests.ts';

const nodesOf = (...names: string[]): object[] => names.map((name) => ({ metadata: { name, labels: { zone: 'a' } } }));
const messageOn = (cluster: object, spec: object = {}, metadata: object = {}): string =>
  verdictOn(policyObject(spec, metadata), { cluster }).message;

describe('a fault on several nodes', () => {
  const statesOf = (...names: string[]): SriovNetworkNodeState[] => names.map((name) => state(name, PORTS));

  it('is told of the first node by name', () => {
    const cluster = { nodes: nodesOf('n2', 'n1', 'n3'), nodeStates: statesOf('n3', 'n2', 'n1') };
    expect(messageOn(cluster, { numVfs: 999 })).toMatch(/^on node n1: /);
  });

  it('is told of the first policy by name that it is beside', () => {
    const policies = ['c', 'a', 'b'].map((name) => storedPolicy(name));
    expect(messageOn({ policies })).toContain('policy a takes');
  });
});

describe('two policies are compared on every node that differs', () => {
  const stored = storedPolicy('old', { nicSelector: { pfNames: ['left#0-3'] } });
  const plain = nic('ens2f0', '0000:3b:00.0');

  it('by an alternative name', () => {
    const nodeStates = [state('n1', [plain]), state('n2', [{ ...plain, altNames: ['left'] }]), state('n3', [plain])];
    const message = messageOn({ nodes: nodesOf('n1', 'n2', 'n3'), nodeStates, policies: [stored] });
    expect(message).toMatch(/^on node n2: .* takes VFs that policy old takes/);
  });

  it('by the vendor and the model of a PF', () => {
    const policies = [storedPolicy('old', { nicSelector: { vendor: '15b3', pfNames: ['ens2f0#0-3'] } })];
    const nodeStates = [state('n1', [plain]), state('n2', [{ ...plain, vendor: '15b3', deviceID: '101d' }])];
    expect(messageOn({ nodes: nodesOf('n1', 'n2'), nodeStates, policies })).toMatch(/^on node n2: /);
  });

  it('by the number of VFs that a PF can have, without which a policy has no PF', () => {
    const policies = [storedPolicy('old', { resourceName: 'new', nicSelector: { pfNames: ['ens2f1'] }, isRdma: true })];
    const second = (totalvfs: number): ObservedInterface => nic('ens2f1', '0000:3b:00.1', { totalvfs });
    const nodeStates = [state('n1', [plain, second(0)]), state('n2', [plain, second(8)])];
    expect(messageOn({ nodes: nodesOf('n1', 'n2'), nodeStates, policies })).toMatch(
      /^on node n2: spec\.isRdma is not set/,
    );
  });
});

describe('what a policy is compared with', () => {
  it('is a stored policy with the defaults that it gets at its next write', () => {
    const { isRdma: _, ...spec } = policyObject().spec;
    const stored = storedPolicy('old', { nicSelector: { pfNames: ['ens2f1'] } });
    const infiniband = { ...stored, spec: { ...spec, ...stored.spec, resourceName: 'new', linkType: 'IB' } };
    expect(messageOn({ policies: [infiniband] })).toContain(
      'spec.isRdma is not set, and policy old of the same resource new has true',
    );
  });

  it('is the stored policy of the same name when it is created in another namespace', () => {
    const policies = [policyObject()];
    expect(messageOn({ policies }, {}, { namespace: 'team' })).toContain('policy new takes');
    expect(messageOn({ policies })).toBe('');
  });

  it('is no state of a node in another namespace', () => {
    const elsewhere = { ...state('n1', PORTS), metadata: { name: 'n1', namespace: 'team' } };
    const { warnings } = verdictOn(policyObject(), {
      cluster: { nodes: nodesOf('n1') as never, nodeStates: [elsewhere] },
    });
    expect(warnings).toEqual([expect.stringMatching(/^spec\.nicSelector selects no PF/)]);
  });

  it('is no PF on a node whose state has no status yet', () => {
    const silent = { metadata: { name: 'n1', namespace: OPERATOR } };
    const { warnings } = verdictOn(policyObject(), { cluster: { nodeStates: [silent] } });
    expect(warnings).toEqual([expect.stringContaining('selects no PF that can have VFs on the 2 selected nodes')]);
  });
});
