import { describe, expect, it } from '@jest/globals';
import { type DesiredInterface, type ObservedInterface, type SriovNetworkNodeState } from '@sriov/api';
import { nic, PORTS } from '@sriov/testing/objects';
import { removalWarnings } from './removal-warnings.ts';
import { type AdmissionCluster, type AdmissionRequest } from './request.ts';
import { OPERATOR, policyObject, storedPolicy } from './test/requests.ts';

const [PORT] = PORTS as [ObservedInterface];
const settings = { operatorNamespace: OPERATOR, supportedNicsOnly: false };
const NODES = [{ metadata: { name: 'n1', labels: { zone: 'a' } } }];

function entryOf(numVfs: number, policyName = 'new', pf = PORT): DesiredInterface {
  const vfGroups = [{ policyName, resourceName: policyName, vfRange: `0-${numVfs - 1}`, deviceType: 'netdevice' }];
  return { pciAddress: pf.pciAddress, name: pf.name, numVfs, vfGroups };
}

function stateOf(
  numVfs: number,
  { name = 'n1', pf = PORT, policyName = 'new' } = {},
  entry: Partial<DesiredInterface> = {},
): SriovNetworkNodeState {
  return {
    metadata: { name, namespace: OPERATOR },
    spec: { interfaces: [{ ...entryOf(numVfs, policyName, pf), ...entry }] },
    status: { interfaces: [{ ...pf, driver: 'ice', numVfs }] },
  };
}

const whole = (numVfs: number, spec: object = {}): ReturnType<typeof policyObject> =>
  policyObject({ numVfs, nicSelector: { pfNames: ['ens2f0'] }, ...spec });

function warnings(change: Partial<AdmissionRequest>, cluster: Partial<AdmissionCluster> = {}): string[] {
  return removalWarnings({
    operation: 'UPDATE',
    settings,
    object: whole(4),
    oldObject: whole(8),
    ...change,
    cluster: {
      nodes: NODES,
      nodeStates: [stateOf(8)],
      policies: [],
      pools: [],
      supportedNics: undefined,
      ...cluster,
    },
  });
}

const gone = (what: string): string => `${what} that exist now will be removed:`;
const HOW =
  '. Where pods have them, the node is drained first, and those pods are evicted; with spec.disableDrain of the SriovOperatorConfig they lose their VFs at once';

describe('a write of a policy that removes VFs', () => {
  it.each<[string, Partial<AdmissionRequest>, string]>([
    ['makes fewer', {}, `${gone('8 VFs')} 8 of ens2f0 on node n1, and 4 are made instead`],
    ['makes more', { object: whole(9) }, `${gone('8 VFs')} 8 of ens2f0 on node n1, and 9 are made instead`],
    [
      'leaves the node',
      { object: whole(8, { nodeSelector: { zone: 'b' } }) },
      `${gone('8 VFs')} 8 of ens2f0 on node n1`,
    ],
    [
      'is not known in its earlier form',
      { oldObject: undefined },
      `${gone('8 VFs')} 8 of ens2f0 on node n1, and 4 are made instead`,
    ],
  ])('is warned of when it %s', (_, change, warning) => {
    expect(warnings(change)).toEqual([`${warning}${HOW}`]);
  });

  it('is in the singular for one VF', () => {
    const nodeStates = [stateOf(1)];
    expect(warnings({ oldObject: whole(1) }, { nodeStates })).toEqual([
      `${gone('1 VF')} 1 of ens2f0 on node n1, and 4 are made instead${HOW}`,
    ]);
  });

  it.each([
    [3, ''],
    [4, ' and those of 1 more PFs'],
    [6, ' and those of 3 more PFs'],
  ])('names three of %i PFs', (count, rest) => {
    const names = Array.from({ length: count }, (_, index) => `n${index + 1}`);
    const nodes = names.map((name) => ({ metadata: { name, labels: { zone: 'a' } } }));
    const nodeStates = names.map((name) => stateOf(8, { name }));
    expect(warnings({}, { nodes, nodeStates })).toEqual([
      `${gone(`${8 * count} VFs`)} 8 of ens2f0 on node n1, 8 of ens2f0 on node n2, 8 of ens2f0 on node n3${rest}, and ${4 * count} are made instead${HOW}`,
    ]);
  });

  it('is counted on nodes that differ, each by what it has', () => {
    const nodes = ['n1', 'n2'].map((name) => ({ metadata: { name, labels: { zone: 'a' } } }));
    const nodeStates = [stateOf(8), stateOf(4, { name: 'n2' })];
    expect(warnings({}, { nodes, nodeStates })).toEqual([
      `${gone('8 VFs')} 8 of ens2f0 on node n1, and 4 are made instead${HOW}`,
    ]);
  });

  it('is about the most different nodes that can be planned in time', () => {
    const names = Array.from({ length: 102 }, (_, index) => `n${index}`);
    const nodes = names.map((name) => ({ metadata: { name, labels: { zone: 'a' } } }));
    const nodeStates = names.map((name, index) => stateOf(8, { name, pf: { ...PORT, mtu: 1500 + index } }));
    expect(warnings({}, { nodes, nodeStates })).toEqual([
      expect.stringMatching(/^800 VFs .* and those of 97 more PFs/),
    ]);
  });
});

describe('no removal is warned of', () => {
  it.each<[string, Partial<AdmissionRequest>, Partial<AdmissionCluster>]>([
    ['when the number stays', { object: whole(8) }, {}],
    ['when the policy is in another namespace', { object: policyObject({}, { namespace: 'elsewhere' }) }, {}],
    ['on a node that is not known', {}, { nodes: [] }],
    ['on a node without the label', {}, { nodes: [{ metadata: { name: 'n1' } }] }],
    [
      'on a state in another namespace',
      {},
      { nodeStates: [{ ...stateOf(8), metadata: { name: 'n1', namespace: 'other' } }] },
    ],
    [
      'on a node that reports nothing',
      {},
      { nodeStates: [{ metadata: { name: 'n1', namespace: OPERATOR }, spec: { interfaces: [entryOf(8)] } }] },
    ],
    ['on a PF without VFs', {}, { nodeStates: [stateOf(0)] }],
    [
      'on a PF of another owner',
      { object: whole(4, { externallyManaged: true }) },
      { nodeStates: [stateOf(8, {}, { externallyManaged: true })] },
    ],
    [
      'on a PF whose eSwitch mode is not known',
      { object: whole(8, { nodeSelector: { zone: 'b' } }) },
      { nodeStates: [stateOf(8, { pf: { ...PORT, eSwitchMode: 'unknown' } })] },
    ],
    [
      'that the daemon refuses',
      { object: whole(4, { linkType: 'IB' }) },
      { nodeStates: [stateOf(8, { pf: { ...PORT, linkType: 'ETH' } })] },
    ],
    ['that is due without the write', { object: whole(4, { mtu: 9000 }), oldObject: whole(4) }, {}],
    [
      'on a PF that another policy gets with precedence',
      {},
      {
        policies: [storedPolicy('top', { priority: 0, numVfs: 8, nicSelector: { pfNames: ['ens2f0'] } })],
        nodeStates: [stateOf(8, { policyName: 'top' })],
      },
    ],
  ])('%s', (_, change, cluster) => {
    expect(warnings(change, cluster)).toEqual([]);
  });

  it('where a policy of another namespace would have prevented it', () => {
    const stranger = storedPolicy('top', { priority: 0, numVfs: 8, nicSelector: { pfNames: ['ens2f0'] } });
    const policies = [{ ...stranger, metadata: { ...stranger.metadata, namespace: 'elsewhere' } }];
    expect(warnings({}, { policies })).toHaveLength(1);
  });

  it('for a policy whose earlier form is not known and that has no VFs on the PF', () => {
    const nodeStates = [stateOf(8, { policyName: 'other' })];
    const policies = [storedPolicy('other', { priority: 0, numVfs: 8, nicSelector: { pfNames: ['ens2f0'] } })];
    expect(warnings({ oldObject: undefined }, { nodeStates, policies })).toEqual([]);
  });

  it('for a node selector that cannot be read', () => {
    const broken = {
      ...whole(4),
      spec: { ...whole(4).spec, nodeSelector: 'all' as unknown as Record<string, string> },
    };
    expect(warnings({ object: broken, oldObject: broken }, { nodes: [{ metadata: { name: 'n1' } }] })).toEqual([]);
  });
});

it('a PF without a name is called by its address', () => {
  const pf = nic('', '0000:3b:00.0');
  const { name: _, ...nameless } = pf;
  const object = policyObject({ numVfs: 4, nicSelector: { rootDevices: ['0000:3b:00.0'] } });
  const oldObject = policyObject({ numVfs: 8, nicSelector: { rootDevices: ['0000:3b:00.0'] } });
  expect(warnings({ object, oldObject }, { nodeStates: [stateOf(8, { pf: nameless })] })).toEqual([
    `${gone('8 VFs')} 8 of 0000:3b:00.0 on node n1, and 4 are made instead${HOW}`,
  ]);
});

describe('a policy that was stored before the rules', () => {
  const stored = (spec: unknown): ReturnType<typeof whole> => ({ ...whole(8), spec: spec as never });

  it.each<[string, unknown]>([
    ['has no spec', undefined],
    ['has null for a spec', null],
    ['has no node selector', { numVfs: 8 }],
    ['has null for a node selector', { ...whole(8).spec, nodeSelector: null }],
    ['has text for a node selector', { ...whole(8).spec, nodeSelector: 'all' }],
  ])('and %s does not keep its correction from being judged', (_, spec) => {
    const warning = `${gone('8 VFs')} 8 of ens2f0 on node n1, and 4 are made instead${HOW}`;
    expect(warnings({ oldObject: stored(spec) })).toEqual([warning]);
  });
});
