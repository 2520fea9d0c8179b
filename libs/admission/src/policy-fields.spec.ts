import { describe, expect, it } from '@jest/globals';
import { type NodePolicySpec, SRIOV_NETWORK_NODE_POLICY } from '@sriov/api';
import { POLICY_RULES } from './policy-rules.ts';
import { objectOf, OPERATOR, policyObject, verdictOn } from './test/requests.ts';

const STRICT = { settings: { operatorNamespace: OPERATOR, supportedNicsOnly: true } };
const SWITCHDEV = { eSwitchMode: 'switchdev' };
const pf = (...pfNames: string[]): object => ({ nicSelector: { pfNames } });

describe('the fields of a policy', () => {
  it.each<[string, object]>([
    ...['a-b', 'a_b', 'A1', 'a', 'a'.repeat(63)].map((name): [string, object] => [
      `resource name ${name}`,
      { resourceName: name },
    ]),
    ['a range that ends with the last VF', { ...pf('ens2f0#0-7'), numVfs: 8 }],
    ['a range of one VF', pf('ens2f0#1-1')],
    ['several ranges of a PF', pf('ens2f0#0-1', 'ens2f0#6-7')],
    ['a selector by vendor alone', { nicSelector: { vendor: '8086' } }],
    ['a network filter alone', { nicSelector: { netFilter: 'openstack/NetworkID:x' } }],
    ['a network filter with Ethernet', { nicSelector: { netFilter: 'openstack/NetworkID:x' }, linkType: 'ETH' }],
    ['vfio-pci without RDMA', { deviceType: 'vfio-pci' }],
    ['switchdev with Ethernet', { ...SWITCHDEV, linkType: 'eth' }],
    ['a bridge with switchdev', { ...SWITCHDEV, bridge: { ovs: {} } }],
    ['a field that nobody knows', { colour: 'red' }],
  ])('%s is let in', (_, spec) => {
    expect(verdictOn(policyObject(spec))).toMatchObject({ allowed: true, message: '' });
  });

  it.each<[string, object, string]>([
    ...['-a', 'a-', 'a.b', '', 'a'.repeat(64)].map((name): [string, object, string] => [
      `resource name "${name}"`,
      { resourceName: name },
      `spec.resourceName "${name}" must be 1 to 63 letters, digits, "-" or "_", and begin and end with a letter or digit: choose another name`,
    ]),
    [
      'an empty selector',
      { nicSelector: {} },
      'spec.nicSelector is empty: give at least one of vendor, deviceID, rootDevices, pfNames, netFilter',
    ],
    ['a selector of empty parts', { nicSelector: { vendor: '', pfNames: [] } }, 'spec.nicSelector is empty: give'],
    [
      'a network filter beside other parts',
      { nicSelector: { netFilter: 'openstack/NetworkID:x', vendor: '8086', rootDevices: ['0000:3b:00.0'] } },
      'spec.nicSelector.netFilter cannot be combined with vendor, rootDevices: remove one or the other',
    ],
    [
      'a network filter with eSwitch, bridge and InfiniBand',
      { nicSelector: { netFilter: 'openstack/NetworkID:x' }, ...SWITCHDEV, bridge: {}, linkType: 'IB' },
      'with spec.nicSelector.netFilter there can be no eSwitchMode, no bridge, no linkType IB: remove it from spec',
    ],
    [
      'a range beyond numVfs',
      { ...pf('ens2f0#0-7'), numVfs: 7 },
      'spec.nicSelector.pfNames: "ens2f0#0-7" goes beyond spec.numVfs 7, since VFs are counted from 0: narrow the range or set numVfs to at least 8',
    ],
    ['a range that ends before it begins', pf('ens1#3-1'), 'the VF range "3-1" ends before it begins'],
    ['a range of one number', pf('ens1#1'), '"1" is not a VF range of the form first-last, such as 0-3'],
    ['a range of letters', pf('ens1#a-b'), '"a-b" is not a VF range'],
    ['two marks', pf('ens1##1-2'), 'spec.nicSelector.pfNames: "ens1##1-2" has more than one "#"'],
    ['a bad entry behind a good one', pf('ens2f0#0-1', 'ens1#3'), 'in "ens1#3": "3" is not a VF range'],
    ['an entry that names nothing', pf('#0-1'), '"#0-1" names no interface'],
    ['vfio-pci with RDMA', { deviceType: 'vfio-pci', isRdma: true }, 'spec.isRdma true needs the kernel driver'],
    ['switchdev with InfiniBand', { ...SWITCHDEV, linkType: 'ib' }, 'and spec.linkType is ib: set linkType to eth'],
    [
      'vDPA with vfio-pci',
      { ...SWITCHDEV, vdpaType: 'virtio', deviceType: 'vfio-pci' },
      'spec.vdpaType virtio requires spec.deviceType netdevice, and it is vfio-pci',
    ],
    ['vDPA without switchdev', { vdpaType: 'vhost' }, 'spec.vdpaType vhost requires spec.eSwitchMode switchdev'],
    ['a bridge without switchdev', { bridge: { ovs: {} } }, 'spec.bridge requires eSwitchMode switchdev'],
    [
      'a bridge on what others manage',
      { ...SWITCHDEV, bridge: { ovs: {} }, externallyManaged: true },
      'spec.bridge cannot be combined with externallyManaged',
    ],
    ['a number of VFs that is none', { numVfs: 'four' }, 'spec.numVfs "four": must be a whole number'],
    ['a novel for a driver', { deviceType: 'x'.repeat(100) }, `spec.deviceType "${'x'.repeat(59)}...: `],
    ['no number of VFs', { numVfs: undefined }, 'spec.numVfs is required'],
    ['an unknown driver', { deviceType: 'dpdk' }, 'spec.deviceType "dpdk": '],
  ])('%s is refused', (_, spec, message) => {
    const verdict = verdictOn(policyObject(spec));
    expect(verdict).toMatchObject({ allowed: false, message: expect.stringContaining(message), warnings: [] });
  });

  it.each([undefined, null, [], 'text', 3])('a spec that is %p is refused', (spec) => {
    const verdict = verdictOn(objectOf('SriovNetworkNodePolicy', spec, { name: 'odd' }));
    expect(verdict).toMatchObject({ allowed: false, patch: [] });
    expect(verdict.message).toMatch(/^spec/);
  });

  it('breaks the rules in the order of the table', () => {
    const spec = { resourceName: '-', nicSelector: {}, deviceType: 'vfio-pci', isRdma: true };
    expect(verdictOn(policyObject(spec)).message).toMatch(/resourceName/);
  });

  it('each rule has a name of its own', () => {
    expect(new Set(POLICY_RULES.map(({ name }) => name)).size).toBe(POLICY_RULES.length);
  });

  it('has the rules of the CRD', () => {
    // Each rule in the CRD, and a policy that only it refuses there: both have to refuse it.
    const broken: Partial<Record<keyof NodePolicySpec, unknown>>[] = [
      { resourceName: '-' },
      { nicSelector: {} },
      { nicSelector: { netFilter: 'a:b', vendor: '8086' } },
      { nicSelector: { netFilter: 'a:b' }, bridge: {} },
      pf('a#1'),
      pf('a#3-1'),
      pf('a#3-9'),
      { isRdma: true, deviceType: 'vfio-pci' },
      { ...SWITCHDEV, linkType: 'ib' },
      { vdpaType: 'vhost' },
      { bridge: { ovs: {} } },
    ];
    expect(broken).toHaveLength(SRIOV_NETWORK_NODE_POLICY.validations.length);
    for (const spec of broken) expect(verdictOn(policyObject(spec)).allowed).toBe(false);
  });
});

describe('ids that the list of NICs lacks', () => {
  const cases: [string, object, string][] = [
    ['an unknown vendor', { vendor: '1234' }, 'spec.nicSelector.vendor "1234" is not in the list of supported NICs'],
    ['an unknown device', { deviceID: 'ffff' }, 'spec.nicSelector.deviceID "ffff" is not in the list'],
    [
      'a vendor with 0x',
      { vendor: '0x8086' },
      'vendor "0x8086" must be four lower-case hex digits without 0x: write "8086"',
    ],
    [
      'a device in capitals',
      { vendor: '15b3', deviceID: '101D' },
      'deviceID "101D" of vendor 15b3 must be four lower-case hex digits without 0x: write "101d"',
    ],
    [
      'a device id of VFs',
      { vendor: '8086', deviceID: '154c' },
      'deviceID "154c" is that of VFs, which only a virtual machine has as ports: on a host write that of the PF, such as 0d58 or 1572',
    ],
    ['a device of another vendor', { vendor: '8086', deviceID: '101d' }, 'deviceID "101d" of vendor 8086 is not in'],
  ];

  it.each(cases)('%s gives a warning', (_, nicSelector, message) => {
    const verdict = verdictOn(policyObject({ nicSelector }));
    expect(verdict).toMatchObject({
      allowed: true,
      warnings: expect.arrayContaining([expect.stringContaining(message)]),
    });
  });

  it.each(cases)('%s is refused with --supported-nics-only', (_, nicSelector, message) => {
    const verdict = verdictOn(policyObject({ nicSelector }), STRICT);
    expect(verdict).toMatchObject({ allowed: false, message: expect.stringContaining(message) });
  });

  it('are those that the ConfigMap lacks, when there is one', () => {
    const cluster = { supportedNics: { mine: '1234 5678 5679', broken: '1234' } };
    const nicSelector = { vendor: '1234', deviceID: '5678' };
    expect(verdictOn(policyObject({ nicSelector }), { ...STRICT, cluster }).allowed).toBe(true);
    expect(verdictOn(policyObject({ nicSelector: { vendor: '8086' } }), { ...STRICT, cluster }).allowed).toBe(false);
  });
});

it('all that is wrong with the fields of a policy is said at once', () => {
  const { message } = verdictOn(
    policyObject({
      resourceName: '-',
      numVfs: 4,
      isRdma: true,
      deviceType: 'vfio-pci',
      nicSelector: { pfNames: ['a#0-9', 'b#2-1'] },
    }),
  );
  for (const part of ['"a#0-9" goes beyond', '"b#2-1"', 'resourceName', 'isRdma']) expect(message).toContain(part);
});

describe('the defaults of a policy', () => {
  const add = (field: string, value: unknown): object => ({ op: 'add', path: `/spec/${field}`, value });
  const bare = { priority: undefined, isRdma: undefined };
  const patchOf = (spec: object, rest: Parameters<typeof verdictOn>[1] = {}): unknown => {
    const object = policyObject(spec);
    const given = Object.entries(object.spec).filter(([, value]) => value !== undefined);
    return verdictOn({ ...object, spec: Object.fromEntries(given) } as typeof object, rest).patch;
  };

  it.each<[string, object, object[]]>([
    ['everything given', {}, []],
    ['neither priority nor RDMA', bare, [add('priority', 99), add('isRdma', false)]],
    [
      'InfiniBand without a device type',
      { ...bare, linkType: 'IB', deviceType: undefined },
      [add('priority', 99), add('isRdma', false), add('isRdma', true)],
    ],
    ['InfiniBand that denies RDMA', { linkType: 'ib', isRdma: false }, [add('isRdma', true)]],
    ['InfiniBand for user space', { linkType: 'ib', deviceType: 'vfio-pci' }, []],
    ['priority 0, which is one', { priority: 0 }, []],
  ])('%s', (_, spec, patch) => {
    expect(patchOf(spec)).toEqual(patch);
  });

  it.each<[string, object, object[]]>([
    [
      'does not get a priority that it was stored without, as that would change its precedence',
      bare,
      [add('isRdma', false)],
    ],
    [
      'gets the lowest priority when its own is taken away',
      { priority: 5 },
      [add('priority', 99), add('isRdma', false)],
    ],
  ])('a policy %s', (_, stored, patch) => {
    const old = policyObject(stored);
    const spec = Object.fromEntries(Object.entries(old.spec).filter(([, value]) => value !== undefined));
    const oldObject = { ...old, spec } as typeof old;
    expect(patchOf({ ...bare, numVfs: 2 }, { operation: 'UPDATE', oldObject })).toEqual(patch);
  });

  it('are set on a policy that is refused as well', () => {
    expect(patchOf({ ...bare, resourceName: '-' })).toHaveLength(2);
  });

  it('are not set on deletion', () => {
    expect(patchOf(bare, { operation: 'DELETE' })).toEqual([]);
  });

  it('are looked at by the rules', () => {
    const spec = { linkType: 'IB', isRdma: undefined, deviceType: undefined };
    expect(verdictOn(policyObject(spec))).toMatchObject({ allowed: true });
  });
});
