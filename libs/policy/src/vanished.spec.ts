import { describe, expect, it } from '@jest/globals';
import { type NodeStateSpec } from '@sriov/api';
import { policy, PORTS } from '@sriov/testing/objects';
import { type NodeStatePlan } from './node-state-plan.ts';
import { plan } from './test/plans.ts';
import { missedPfs, vanishedInterfaces } from './vanished.ts';

const [left, right] = PORTS;
const policies = [
  policy('kernel', { resourceName: 'k', nicSelector: { pfNames: ['left#0-1'] } }),
  policy('dpdk', { resourceName: 'd', nicSelector: { pfNames: ['left#2-3'] }, nodeSelector: { zone: 'a' } }),
  policy('other', { resourceName: 'o', nicSelector: { pfNames: ['ens2f1'] } }),
];
const labels = { zone: 'a' };
const before = plan(policies, { labels });
/** The plan after `left` went away, as long as it may come back. */
const after = (options: Parameters<typeof plan>[1] = {}, list = policies): NodeStatePlan =>
  plan(list, {
    labels,
    interfaces: [right!],
    spec: before.spec,
    config: before.devicePluginConfig,
    vanished: [left!.pciAddress],
    ...options,
  });

describe('a PF that vanished a short while ago', () => {
  it('changes nothing at all', () => {
    expect(after().spec).toEqual(before.spec);
    expect(after().devicePluginConfig).toBe(before.devicePluginConfig);
    expect([...after().matches.keys()].sort()).toEqual(['dpdk', 'kernel', 'other']);
  });

  it('is out of the spec when its time is over', () => {
    const { spec } = after({ vanished: [] });
    expect(spec.interfaces).toMatchObject([{ name: 'ens2f1' }]);
  });

  it('loses the VFs of a policy that goes, and no others', () => {
    const { spec } = after({}, policies.slice(1));
    expect(spec.interfaces?.[0]).toMatchObject({ name: 'ens2f0', vfGroups: [{ policyName: 'dpdk' }] });
    expect(after({ labels: {} }).spec.interfaces?.[0]?.vfGroups).toMatchObject([{ policyName: 'kernel' }]);
  });

  it('is out of the spec when none of its policies is left', () => {
    expect(after({}, policies.slice(2)).spec.interfaces).toMatchObject([{ name: 'ens2f1' }]);
  });

  it('does not keep others from changing', () => {
    const more = policies.map((each) =>
      each.metadata.name === 'other' ? policy('other', { ...each.spec, numVfs: 8 }) : each,
    );
    expect(after({}, more).spec.interfaces).toMatchObject([{ name: 'ens2f0' }, { name: 'ens2f1', numVfs: 8 }]);
  });

  it('is planned as ever when it is there after all', () => {
    expect(after({ interfaces: PORTS, spec: {} }).spec).toEqual(before.spec);
  });

  it('keeps its bridge', () => {
    const gate = {
      operatorConfig: { metadata: { name: 'default' }, spec: { featureGates: { manageSoftwareBridges: true } } },
    };
    const bridged = [
      policy('b', { nicSelector: { pfNames: ['left'] }, eSwitchMode: 'switchdev', bridge: { ovs: { bridge: {} } } }),
    ];
    const { spec } = plan(bridged, { fleet: gate });
    expect(spec.bridges?.ovs).toHaveLength(1);
    expect(after({ spec, fleet: gate }, bridged).spec).toEqual(spec);
  });

  // Its driver is unbound: the PCI device is there, and its network interface is not.
  const nameless = { ...left!, name: undefined, altNames: undefined };

  it.each([
    ['by its name', policies],
    ['by its vendor', [policy('all', { nicSelector: { vendor: '8086' } })]],
  ])('changes nothing while it is reported without a name, whichever way it is selected: %s', (_, list) => {
    const present = plan(list, { labels });
    const { spec, devicePluginConfig } = after(
      { interfaces: [nameless, right!], spec: present.spec, config: present.devicePluginConfig },
      list,
    );
    expect(spec).toEqual(present.spec);
    expect(devicePluginConfig).toBe(present.devicePluginConfig);
  });

  it('changes nothing when it is the only PF of the node', () => {
    const present = plan(policies, { labels, interfaces: [left!] });
    const { spec } = after({ interfaces: [nameless], spec: present.spec, config: present.devicePluginConfig });
    expect(spec).toEqual(present.spec);
  });
});

describe('missedPfs', () => {
  const missed = (spec: NodeStateSpec, interfaces: object[]): string[] =>
    missedPfs({ metadata: { name: 'n1' }, spec, status: { interfaces: interfaces as typeof PORTS } });
  const desired = [
    { pciAddress: 'a', name: 'ens1' },
    { pciAddress: 'b', name: 'ens2' },
  ];

  it.each<[sentence: string, spec: NodeStateSpec, interfaces: object[], addresses: string[]]>([
    ['one that is not reported', { interfaces: desired }, [desired[1]!], ['a']],
    ['one that has lost its name', { interfaces: desired }, [{ pciAddress: 'a' }, desired[1]!], ['a']],
    ['none that never had a name', { interfaces: [{ pciAddress: 'a' }] }, [{ pciAddress: 'a' }], []],
    ['none that has another name', { interfaces: desired }, [{ pciAddress: 'a', name: 'x' }, desired[1]!], []],
    ['none of a node that reports nothing and keeps everything anyway', { interfaces: desired }, [], []],
  ])('finds %s', (_, spec, interfaces, addresses) => {
    expect(missed(spec, interfaces)).toEqual(addresses);
  });

  it('finds none without a state', () => {
    expect(missedPfs(undefined)).toEqual([]);
  });
});

describe('the entries of vanished PFs', () => {
  const entry = {
    pciAddress: left!.pciAddress,
    name: 'ens2f0',
    numVfs: 1,
    vfGroups: [{ policyName: 'p', vfRange: '0-0' }],
  };
  const state = { metadata: { name: 'n1' }, spec: { interfaces: [entry] }, status: { interfaces: [right!] } };
  const about = [{ kind: 'unreadable' as const, name: 'p', priority: 0 }];
  const kept = (vanished: readonly string[] | undefined, node: object = state): string[] =>
    vanishedInterfaces(
      { name: 'n1', labels: {}, state: node as typeof state, ...(vanished && { vanished: new Set(vanished) }) },
      about,
    ).map(({ pciAddress }) => pciAddress);

  it.each<[string, string[], string[] | undefined, object | undefined]>([
    ['stay while they are missed', [left!.pciAddress], [left!.pciAddress], state],
    ['go where nobody waits for them', [], [right!.pciAddress], state],
    ['go where nobody waits for anything', [], undefined, state],
    [
      'are planned again when they are back',
      [],
      [left!.pciAddress],
      { ...state, status: { interfaces: [left, right] } },
    ],
    ['are none where nothing was ordered', [], [left!.pciAddress], { ...state, spec: {} }],
    ['are none of a state without a spec', [], [left!.pciAddress], { metadata: state.metadata, status: state.status }],
  ])('%s', (_, expected, vanished, node) => {
    expect(kept(vanished, node)).toEqual(expected);
  });

  it.each<[string, object | undefined]>([
    ['without a state', undefined],
    ['without a status', { metadata: state.metadata, spec: state.spec }],
    ['without a reported device', { ...state, status: {} }],
    ['without a spec', { metadata: state.metadata, status: state.status }],
  ])('none is missed %s', (_, node) => {
    expect(missedPfs(node as typeof state | undefined)).toEqual([]);
  });
});
