import { describe, expect, it } from '@jest/globals';
import { type NodePolicySpec, nodeStateSpecSchema, wireText } from '@sriov/api';
import { nic, policy, PORTS } from '@sriov/testing/objects';
import { wants } from './test/wants.ts';

/** The VF ranges of each PF, with the policy of each. */
const rangesOf = (...policies: Parameters<typeof wants>[0]): Record<string, string[]> =>
  Object.fromEntries<string[]>(
    (wants(policies).spec.interfaces ?? []).map(({ name = '', vfGroups = [] }) => [
      name,
      vfGroups.map(({ policyName, vfRange }) => `${policyName} ${vfRange}`),
    ]),
  );
const first = (...policies: Parameters<typeof wants>[0]): object => wants(policies).spec.interfaces?.[0] ?? {};
const whole = (name: string, priority: number, spec: Partial<NodePolicySpec> = {}): ReturnType<typeof policy> =>
  policy(name, { priority, nicSelector: { pfNames: ['ens2f0'] }, ...spec });
const part = (name: string, range: string, spec: Partial<NodePolicySpec> = {}): ReturnType<typeof policy> =>
  policy(name, { numVfs: 8, nicSelector: { pfNames: [`ens2f0#${range}`] }, resourceName: `r_${name}`, ...spec });

describe('layersOf: which PFs a policy configures', () => {
  it.each([
    ['a PF by name, all its VFs', { pfNames: ['ens2f0'] }, { ens2f0: ['p 0-3'] }],
    ['a PF by its alternative name', { pfNames: ['left'] }, { ens2f0: ['p 0-3'] }],
    ['a range of a PF by name', { pfNames: ['ens2f0#2-3'] }, { ens2f0: ['p 2-3'] }],
    ['a range of a PF by its alternative name', { pfNames: ['left#2-3'] }, { ens2f0: ['p 2-3'] }],
    ['several ranges of a PF', { pfNames: ['ens2f0#0-0', 'left#2-3'] }, { ens2f0: ['p 0-0', 'p 2-3'] }],
    ['the whole PF when it stands beside a range', { pfNames: ['ens2f0#0-0', 'ens2f0'] }, { ens2f0: ['p 0-3'] }],
    ['every PF of a vendor', { vendor: '8086' }, { ens2f0: ['p 0-3'], ens2f1: ['p 0-3'] }],
    ['a PF by its PCI address', { rootDevices: ['0000:3b:00.1'] }, { ens2f1: ['p 0-3'] }],
    ['only where all parts hold', { vendor: '8086', rootDevices: ['0000:3b:00.1'], pfNames: ['ens2f0'] }, {}],
    ['nothing with an empty selector', {}, {}],
    ['nothing of another vendor', { vendor: '15b3' }, {}],
  ])('selects %s', (_, nicSelector, ranges) => {
    expect(rangesOf(policy('p', { nicSelector }))).toEqual(ranges);
  });

  it.each([
    ['blanks beside the colon', 'openstack/NetworkID:abc', 'openstack/NetworkID: abc', true],
    ['another platform', 'aws/NetworkID:abc', 'openstack/NetworkID:abc', false],
    ['another network', 'aws/NetworkID:abc', 'aws/NetworkID:abd', false],
    ['a filter without a colon', 'abc', 'abc', false],
  ])('compares net filters: %s', (_, netFilter, present, isSelected) => {
    const port = nic('eth1', '0000:00:05.0', { netFilter: present, totalvfs: 1 });
    const { spec } = wants([policy('p', { numVfs: 1, nicSelector: { netFilter } })], { interfaces: [port] });
    expect(spec.interfaces?.length ?? 0).toBe(isSelected ? 1 : 0);
  });

  it('leaves a node alone whose labels the policy does not select', () => {
    const policies = [policy('p', { nicSelector: { vendor: '8086' }, nodeSelector: { zone: 'a' } })];
    expect(wants(policies, { labels: { zone: 'b' } }).spec).toEqual({});
    expect(wants(policies, { labels: { zone: 'a', more: 'x' } }).spec.interfaces).toHaveLength(2);
  });

  it('applies a policy that is being deleted until it is gone', () => {
    const { metadata, spec } = policy('p', { nicSelector: { vendor: '8086' } });
    const going = {
      metadata: { ...metadata, deletionTimestamp: '2026-01-01T00:00:00Z', finalizers: ['a.example/b'] },
      spec: spec!,
    };
    expect(wants([going]).spec).toEqual(wants([{ metadata, spec: spec! }]).spec);
  });

  it('ignores a policy named default', () => {
    expect(wants([policy('default', { nicSelector: { vendor: '8086' } })]).spec).toEqual({});
  });

  it('takes nothing of a PF without SR-IOV', () => {
    const port = nic('eth0', '0000:00:03.0', { totalvfs: 0 });
    expect(wants([policy('p', { nicSelector: { vendor: '8086' } })], { interfaces: [port] }).spec).toEqual({});
  });

  it.each([
    ['by its name', { pfNames: ['eth0'] }],
    ['by its address', { rootDevices: ['0000:00:03.0'] }],
    ['by its model', { vendor: '8086', deviceID: '1592' }],
  ])('tells a policy that names a PF without SR-IOV %s, and keeps what it has there', (_, nicSelector) => {
    const port = { ...nic('eth0', '0000:00:03.0'), totalvfs: undefined };
    const policies = [policy('p', { nicSelector })];
    const before = wants(policies, { interfaces: [nic('eth0', '0000:00:03.0')] }).spec;
    expect(wants(policies, { interfaces: [port] })).toMatchObject({
      spec: {},
      problems: [
        { name: 'p', node: 'n1', reason: 'Unsupported', message: expect.stringMatching(/^eth0: it can have no VFs /) },
      ],
    });
    expect(wants(policies, { interfaces: [port], spec: before }).spec).toEqual(before);
  });

  it('takes the port of a virtual machine by the id of a VF, also when it is strict', () => {
    const port = nic('eth1', '0000:05:00.0', { deviceID: '154c', totalvfs: 1, netFilter: 'openstack/NetworkID:a' });
    const policies = [policy('p', { numVfs: 1, nicSelector: { netFilter: 'openstack/NetworkID:a' } })];
    const result = wants(policies, { interfaces: [port], supportedNicsOnly: true });
    expect(result.spec.interfaces).toMatchObject([{ name: 'eth1', vfGroups: [{ vfRange: '0-0' }] }]);
    const other = wants(policies, { interfaces: [{ ...port, deviceID: 'ffff' }], supportedNicsOnly: true });
    expect(other.spec).toEqual({});
  });

  it('keeps the VFs of a model that leaves the list, when it is strict, and says so', () => {
    const port = nic('eth0', '0000:00:03.0', { deviceID: 'ffff' });
    const policies = [policy('p', { nicSelector: { vendor: '8086' } })];
    const { spec } = wants(policies, { interfaces: [port] });
    expect(wants(policies, { interfaces: [port], spec, supportedNicsOnly: true })).toMatchObject({
      spec,
      problems: [
        { name: 'p', reason: 'Unsupported', message: expect.stringContaining('8086:ffff is not in the list') },
      ],
    });
  });

  it('takes a PF that no list knows, unless it is told to be strict', () => {
    const port = nic('eth0', '0000:00:03.0', { deviceID: 'ffff' });
    const policies = [policy('p', { nicSelector: { pfNames: ['eth0'] } })];
    expect(wants(policies, { interfaces: [port] }).spec.interfaces).toHaveLength(1);
    expect(wants(policies, { interfaces: [port], supportedNicsOnly: true }).spec).toEqual({});
  });

  it('takes the one VF that there is', () => {
    expect(rangesOf(policy('p', { numVfs: 1, nicSelector: { pfNames: ['ens2f0'] } }))).toEqual({ ens2f0: ['p 0-0'] });
  });
});

describe('layersOf and mergeLayers: policies of one PF', () => {
  it('shares a PF between policies with disjoint ranges', () => {
    const nicSelector = (range: string): object => ({ vendor: '8086', deviceID: '1592', pfNames: [`ens2f0#${range}`] });
    const policies = [
      policy('base', {
        priority: 50,
        numVfs: 8,
        mtu: 1500,
        resourceName: 'r_kernel',
        linkType: 'eth',
        nicSelector: nicSelector('0-3'),
      }),
      policy('fast', {
        priority: 10,
        numVfs: 8,
        mtu: 9000,
        resourceName: 'r_dpdk',
        deviceType: 'vfio-pci',
        nicSelector: { pfNames: ['ens2f0#4-7'] },
      }),
    ];
    expect(wants(policies).spec.interfaces).toEqual([
      {
        pciAddress: '0000:3b:00.0',
        name: 'ens2f0',
        numVfs: 8,
        mtu: 9000,
        linkType: 'eth',
        vfGroups: [
          { resourceName: 'r_dpdk', deviceType: 'vfio-pci', vfRange: '4-7', policyName: 'fast', mtu: 9000 },
          { resourceName: 'r_kernel', deviceType: 'netdevice', vfRange: '0-3', policyName: 'base', mtu: 1500 },
        ],
      },
    ]);
  });

  it('lets the higher precedence alone decide where ranges overlap', () => {
    const policies = [whole('low', 50, { numVfs: 16, mtu: 9000 }), whole('high', 10, { numVfs: 4, mtu: 1500 })];
    expect(first(...policies)).toMatchObject({
      numVfs: 4,
      mtu: 1500,
      vfGroups: [{ policyName: 'high', vfRange: '0-3' }],
    });
  });

  it('takes the larger numbers where overlapping policies rank equal, and the later name', () => {
    const policies = [whole('aa', 99, { numVfs: 4 }), whole('bb', 99, { numVfs: 2, mtu: 3000 })];
    expect(first(...policies)).toMatchObject({
      numVfs: 4,
      mtu: 3000,
      vfGroups: [{ policyName: 'bb', vfRange: '0-1' }],
    });
  });

  it('tells a policy whose VFs another of equal rank gets, and none that precedence overrules', () => {
    const policies = [
      whole('aa', 99),
      whole('bb', 99),
      whole('low', 99, { priority: 80, nicSelector: { pfNames: ['ens2f1'] } }),
    ];
    expect(wants(policies).problems).toEqual([
      {
        kind: 'SriovNetworkNodePolicy',
        name: 'aa',
        node: 'n1',
        reason: 'PolicyConflict',
        message:
          'ens2f0: policy bb takes VFs 0-3, which this one wants as well: both have the priority 99, and the later name decides',
      },
    ]);
    expect(wants([whole('low', 50), whole('high', 10)]).problems).toEqual([]);
    expect(wants([part('a', '0-3', { priority: 7 }), part('b', '4-7', { priority: 7 })]).problems).toEqual([]);
  });

  it('compares precedence on each PF, not with a policy of another PF', () => {
    const policies = [
      whole('p1', 50, { numVfs: 16 }),
      policy('p2', { priority: 10, nicSelector: { pfNames: ['ens2f1'] } }),
      whole('p3', 10, { numVfs: 4 }),
    ];
    expect(first(...policies)).toMatchObject({ name: 'ens2f0', numVfs: 4 });
  });

  it('puts the groups of higher precedence first', () => {
    const policies = [
      part('a', '0-1', { priority: 30 }),
      part('b', '2-3', { priority: 20 }),
      part('c', '4-5', { priority: 10, eSwitchMode: 'legacy' }),
    ];
    expect(rangesOf(...policies)).toEqual({ ens2f0: ['c 4-5', 'b 2-3', 'a 0-1'] });
    expect(first(...policies)).toMatchObject({ numVfs: 8, eSwitchMode: 'legacy' });
  });

  it('keeps two ranges of one resource', () => {
    const policies = [part('a', '0-1', { resourceName: 'same' }), part('b', '4-5', { resourceName: 'same' })];
    expect(rangesOf(...policies)).toEqual({ ens2f0: ['b 4-5', 'a 0-1'] });
  });

  it('forgets a policy whose VFs all went to another', () => {
    const policies = [part('a', '0-1', { priority: 30, numVfs: 16 }), part('b', '0-3', { priority: 10 })];
    expect(first(...policies)).toMatchObject({ numVfs: 8 });
  });

  it('takes what the highest leaves open from the next, and tells the lower of a contradiction', () => {
    const policies = [
      part('low', '0-1', { priority: 30, eSwitchMode: 'switchdev', linkType: 'eth' }),
      part('high', '2-3', { priority: 10, eSwitchMode: 'legacy' }),
    ];
    expect(first(...policies)).toMatchObject({ eSwitchMode: 'legacy', linkType: 'eth' });
    expect(wants(policies).problems).toEqual([
      {
        kind: 'SriovNetworkNodePolicy',
        name: 'low',
        node: 'n1',
        reason: 'PolicyConflict',
        message: 'ens2f0: eSwitchMode differs from that of policy high, which takes precedence on this PF',
      },
    ]);
  });

  it('does not depend on the order in which interfaces are reported', () => {
    const policies = [policy('p', { nicSelector: { vendor: '8086' } })];
    const [forwards, backwards] = [PORTS, [...PORTS].reverse()].map(
      (interfaces) => wants(policies, { interfaces }).spec,
    );
    expect(wireText(nodeStateSpecSchema, backwards ?? {})).toBe(wireText(nodeStateSpecSchema, forwards ?? {}));
  });
});

describe('layersOf: what cannot be done', () => {
  const before = {
    interfaces: [
      {
        pciAddress: '0000:3b:00.0',
        name: 'ens2f0',
        numVfs: 4,
        vfGroups: [{ resourceName: 'r', policyName: 'p', vfRange: '0-3' }],
      },
    ],
  };

  it.each([
    [
      'a range beyond numVfs',
      { nicSelector: { pfNames: ['ens2f0#0-7'] } },
      'ens2f0: the range 0-7 goes beyond the last of 4 VFs, which is 3',
    ],
    [
      'ranges that overlap',
      { nicSelector: { pfNames: ['ens2f0#0-1', 'ens2f0#1-2'] } },
      'ens2f0: the ranges 0-1 and 1-2 overlap',
    ],
    [
      'more VFs than the PF can have',
      { numVfs: 65, nicSelector: { pfNames: ['ens2f0'] } },
      'ens2f0: 65 VFs are wanted, and the PF can have 64',
    ],
  ])('names %s, keeps the PF as it is, and goes on with the others', (_, spec, message) => {
    const other = policy('other', { nicSelector: { pfNames: ['ens2f1'] } });
    const result = wants([policy('p', spec), other], { spec: before });
    expect(result.problems).toMatchObject([{ name: 'p', node: 'n1', message }]);
    expect(result.spec.interfaces).toMatchObject([
      { name: 'ens2f0', numVfs: 4, vfGroups: [{ policyName: 'p', vfRange: '0-3' }] },
      { name: 'ens2f1', vfGroups: [{ policyName: 'other' }] },
    ]);
  });

  it('takes a range that is there twice, even under another name of the PF, as one', () => {
    const pfNames = ['left#0-1', 'ens2f0#0-1', 'ens2f0#2-3', 'ens2f0#00-01'];
    const result = wants([policy('p', { nicSelector: { pfNames } })]);
    expect(result.problems).toEqual([]);
    expect(result.spec.interfaces).toMatchObject([{ vfGroups: [{ vfRange: '0-1' }, { vfRange: '2-3' }] }]);
  });
});
