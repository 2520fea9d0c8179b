import { describe, expect, it } from '@jest/globals';
import { type ObservedInterface, type SriovNetworkNodeState } from '@sriov/api';
import { nic, PORTS } from '@sriov/testing/objects';
import { OPERATOR, policyObject, state, storedPolicy, verdictOn } from './test/requests.ts';

const pf = (...pfNames: string[]): object => ({ nicSelector: { pfNames } });
/** A cluster in which `n1` has one PF more. */
const withNic = (rest: Partial<ObservedInterface>): object => ({
  nodeStates: [state('n1', [...PORTS, nic('extra', '0000:5e:00.0', rest)])],
});
const EXTRA = { nicSelector: { pfNames: ['extra'] } };

describe('a policy before there is hardware', () => {
  it.each<[string, object, string[]]>([
    [
      'no node has its labels',
      { nodeSelector: { zone: 'nowhere' } },
      ['spec.nodeSelector selects no node now: nothing happens until there is one'],
    ],
    [
      'no selected node has reported PFs',
      { nodeSelector: { zone: 'b' } },
      ['spec.nicSelector selects no PF that can have VFs on node n3 now: nothing happens until there is one'],
    ],
    [
      'no selected node has such a PF',
      pf('ens9'),
      [
        'spec.nicSelector selects no PF that can have VFs on the 2 selected nodes now: nothing happens until there is one',
        'spec.nicSelector.pfNames "ens9" matches no PF (there are ens2f0, ens2f1)',
      ],
    ],
    ['one of the selected nodes has it', {}, []],
  ])('%s', (_, spec, warnings) => {
    expect(verdictOn(policyObject(spec))).toMatchObject({ allowed: true, warnings });
  });

  it('a PF without SR-IOV is none', () => {
    const cluster = withNic({ totalvfs: 0 });
    expect(verdictOn(policyObject(EXTRA), { cluster }).warnings).toEqual([
      expect.stringContaining('selects no PF that can have VFs'),
    ]);
  });

  it('a PF whose ids the list lacks is one, unless --supported-nics-only says otherwise', () => {
    const cluster = withNic({ deviceID: 'ffff' });
    expect(verdictOn(policyObject(EXTRA), { cluster }).warnings).toEqual([]);
    const settings = { operatorNamespace: OPERATOR, supportedNicsOnly: true };
    expect(verdictOn(policyObject(EXTRA), { cluster, settings }).warnings).toHaveLength(1);
  });

  it('a network filter selects by what the port says, as the planner does', () => {
    const cluster = withNic({ totalvfs: 0, netFilter: 'openstack/NetworkID: x' });
    const filter = (netFilter: string): string[] => [
      ...verdictOn(policyObject({ nicSelector: { netFilter }, numVfs: 1 }), { cluster }).warnings,
    ];
    expect(filter('openstack/NetworkID:x')).toEqual([]);
    expect(filter('openstack/NetworkID:y')).toHaveLength(1);
  });

  it('a network filter on a guest that does not tell the networks of its ports is told why nothing comes of it', () => {
    const guest = nic('eth1', '0000:05:00.0', { deviceID: '154c', totalvfs: 0 });
    const warningsWith = (nodeStates: SriovNetworkNodeState[]): readonly string[] =>
      verdictOn(policyObject({ nicSelector: { netFilter: 'openstack/NetworkID:a' }, numVfs: 1 }), {
        cluster: { nodeStates },
      }).warnings;
    const [first, ...others] = warningsWith([state('n1', [guest]), state('n2', [guest])]);
    expect(others).toEqual([]);
    expect(first).toMatch(
      /^on the 2 selected nodes: spec\.nicSelector\.netFilter: no device of the node tells its network/,
    );
    const telling = state('n2', [{ ...guest, netFilter: 'openstack/NetworkID:a' }]);
    expect(warningsWith([state('n1', [guest]), telling])).toEqual([expect.stringMatching(/^on node n1: spec\.nicSel/)]);
    expect(warningsWith([telling])).toEqual([]);
  });

  it('a policy elsewhere is checked all the same, and its author told that nobody reads it', () => {
    const message = 'policies are read from the namespace operator only: in team this one is not used';
    expect(verdictOn(policyObject({}, { namespace: 'team' }))).toMatchObject({ allowed: true, warnings: [message] });
    expect(verdictOn(policyObject({ resourceName: '-' }, { namespace: 'team' })).allowed).toBe(false);
  });
});

describe('a policy that takes VFs away', () => {
  const NIC = nic('ens2f0np0', '0000:3b:00.0', { driver: 'ice', numVfs: 16, linkType: 'ETH' });
  const old = policyObject({ nicSelector: { pfNames: ['ens2f0np0'] }, numVfs: 16 });
  const standing = (nicChange: Partial<ObservedInterface> = {}): SriovNetworkNodeState => ({
    ...state('n1', [{ ...NIC, ...nicChange }]),
    spec: {
      interfaces: [
        {
          pciAddress: '0000:3b:00.0',
          numVfs: 16,
          vfGroups: [{ policyName: 'new', vfRange: '0-15', resourceName: 'new', deviceType: 'netdevice' }],
        },
      ],
    },
  });
  const warningsOf = (spec: object, nodeStates = [standing()]): readonly string[] =>
    verdictOn(policyObject({ numVfs: 16, ...spec }), {
      operation: 'UPDATE',
      oldObject: old,
      cluster: { nodeStates, policies: [old] },
    }).warnings;

  it('by a near miss is told how many go from where, and which name was meant', () => {
    const warnings = warningsOf({ nicSelector: { pfNames: ['ens2f0'] } }).join('\n');
    expect(warnings).toContain('16 VFs that exist now will be removed: 16 of ens2f0np0 on node n1');
    expect(warnings).toContain('spec.nicSelector.pfNames "ens2f0" matches no PF, and ens2f0np0 would: write that');
    expect(warnings).not.toContain('nothing happens');
  });

  it.each<[string, object, string | undefined]>([
    ['by another number', { nicSelector: { pfNames: ['ens2f0np0'] }, numVfs: 8 }, '16 VFs .* and 8 are made instead'],
    [
      'by another node selector',
      { nodeSelector: { zone: 'nowhere' }, nicSelector: { pfNames: ['ens2f0np0'] } },
      '16 VFs',
    ],
    ['not by another resource', { nicSelector: { pfNames: ['ens2f0np0'] }, resourceName: 'other' }, undefined],
    [
      'not where the daemon refuses it',
      { nicSelector: { pfNames: ['ens2f0np0'] }, numVfs: 8, linkType: 'ib' },
      undefined,
    ],
  ])('%s', (_, spec, expected) => {
    const removal = warningsOf(spec).find((warning) => warning.includes('will be removed'));
    if (expected === undefined) expect(removal).toBeUndefined();
    else expect(removal).toMatch(new RegExp(expected));
  });

  it('gets no warning of what others take away, or what an earlier write of its own does', () => {
    const unlike = policyObject({ nicSelector: { pfNames: ['ens2f0np0'] }, numVfs: 8 });
    const telling = (request: Parameters<typeof verdictOn>[1], object = unlike): boolean =>
      verdictOn(object, request).warnings.join().includes('will be removed');
    const lagging = { nodeStates: [standing()], policies: [unlike] };
    expect(telling({ operation: 'UPDATE', oldObject: unlike, cluster: lagging })).toBe(false);
    const other = storedPolicy('other', { nicSelector: { pfNames: ['ens9'] } });
    expect(telling({ cluster: { nodeStates: [standing()], policies: [] } }, other)).toBe(false);
    // The policy that takes the VFs away is stored already; this one wants the first of them alone.
    const bystander = storedPolicy('other', { nicSelector: { pfNames: ['ens2f0np0#0-0'] }, numVfs: 8 });
    expect(telling({ cluster: lagging }, bystander)).toBe(false);
  });

  it('whose name VFs carry gets a warning of them when it is created again, also where it does not select them any more', () => {
    const elsewhere = policyObject({ nicSelector: { pfNames: ['ens2f0np0'] }, nodeSelector: { zone: 'b' } });
    const { warnings } = verdictOn(elsewhere, { cluster: { nodeStates: [standing()] } });
    expect(warnings.join('\n')).toContain('16 of ens2f0np0 on node n1');
  });

  it('gets no warning of VFs of a PF whose eSwitch mode is unknown: the daemon leaves it as it is', () => {
    const warnings = warningsOf({ nicSelector: { pfNames: ['ens9'] } }, [standing({ eSwitchMode: 'unknown' })]);
    expect(warnings.join()).not.toContain('will be removed');
  });

  it('gets no warning of VFs that do not exist any more', () => {
    const gone = warningsOf({ nicSelector: { pfNames: ['ens2f0'] } }, [standing({ numVfs: 0 })]);
    expect(gone.join()).not.toContain('will be removed');
  });
});

describe('a selector that is written otherwise than nodes write their PFs', () => {
  it.each<[string, object, string]>([
    [
      'an id in capitals',
      { vendor: '8086', deviceID: '159B' },
      'spec.nicSelector.deviceID "159B" matches no PF, and 159b would',
    ],
    ['an id with 0x', { vendor: '0x8086' }, 'spec.nicSelector.vendor "0x8086" matches no PF, and 8086 would'],
    [
      'an address without its domain',
      { rootDevices: ['3b:00.0'] },
      'spec.nicSelector.rootDevices "3b:00.0" matches no PF, and 0000:3b:00.0 would',
    ],
    [
      'an address with VFs behind it',
      { rootDevices: ['0000:3B:00.0#0-3'] },
      'and 0000:3b:00.0 without "#0-3" (give VF ranges in pfNames) would',
    ],
    ['an address without its function', { rootDevices: ['3b:00'] }, 'and 0000:3b:00.0 would'],
    ['a name with blanks', { pfNames: [' ens2f0'] }, 'pfNames " ens2f0" matches no PF, and ens2f0 would'],
    ['a name that no PF has', { pfNames: ['ens9f0'] }, 'pfNames "ens9f0" matches no PF (there are eno1, ens2f0)'],
    ['a vendor that no PF has', { vendor: '14e4' }, 'vendor "14e4" matches no PF (there are 15b3, 8086)'],
    [
      'parts of different PFs',
      { vendor: '15b3', pfNames: ['ens2f0'] },
      'each part of spec.nicSelector matches some PF, and no PF matches all of them',
    ],
  ])('%s is named with the form it should have', (_, nicSelector, warning) => {
    const nodeStates = [
      state('n1', [nic('ens2f0', '0000:3b:00.0', { deviceID: '159b' })]),
      state('n2', [nic('eno1', '0000:18:00.0', { vendor: '15b3', deviceID: '101d' })]),
    ];
    const { allowed, warnings } = verdictOn(policyObject({ nicSelector }), { cluster: { nodeStates } });
    expect(allowed).toBe(true);
    expect(warnings.join('\n')).toContain(warning);
  });
});

describe('a policy that the daemon will refuse', () => {
  it.each<[string, object, Partial<ObservedInterface>, RegExp]>([
    [
      'wants an eSwitch of a NIC without one',
      { eSwitchMode: 'switchdev' },
      { driver: 'i40e' },
      /extra: eSwitch mode switchdev is wanted/,
    ],
    [
      'wants VFs that the firmware does not allow yet',
      { numVfs: 3 },
      { vendor: '15b3', totalvfs: 1 },
      /extra: 3 VFs are wanted, and the firmware allows 1: the firmware is changed, and the node rebooted/,
    ],
    ['wants another link type', { linkType: 'ib' }, { linkType: 'ETH' }, /extra: link type ib is wanted/],
  ])('is let in with a warning when it %s', (_, spec, extra, warning) => {
    const verdict = verdictOn(policyObject({ ...EXTRA, ...spec }), { cluster: withNic(extra) });
    expect(verdict.allowed).toBe(true);
    expect(verdict.warnings).toEqual([expect.stringMatching(warning)]);
    expect(verdict.warnings[0]).toMatch(/^on node n1: .*; until then nothing is done to the PF$/);
  });

  it('names each cause once, with the number of nodes', () => {
    const ports = PORTS.map((port) => ({ ...port, driver: 'i40e' }));
    const nodeStates = ['n1', 'n2'].map((name) => state(name, ports));
    const { warnings } = verdictOn(policyObject({ eSwitchMode: 'switchdev' }), { cluster: { nodeStates } });
    expect(warnings).toEqual([expect.stringMatching(/^on n1 and 1 more: ens2f0: eSwitch mode switchdev/)]);
  });
});

describe('a policy and the PFs that it selects', () => {
  it.each<[string, object, Partial<ObservedInterface>, string]>([
    ['no VFs', { numVfs: 0 }, {}, 'extra: spec.numVfs is 0: set it to at least 1; to have no VFs, delete the policy'],
    [
      'more VFs than the PF can have',
      { numVfs: 65 },
      {},
      'extra: 65 VFs are wanted, and the PF can have 64: change spec.numVfs or the range in spec.nicSelector.pfNames',
    ],
    ['more VFs than firmware of this vendor allows', { numVfs: 129 }, { vendor: '15b3', totalvfs: 8 }, 'can have 128'],
    [
      'more VFs than the PF of an unknown vendor can have',
      { numVfs: 3 },
      { vendor: 'abcd', deviceID: 'ef01', totalvfs: 2 },
      'extra: 3 VFs are wanted, and the PF can have 2',
    ],
    ['ranges of one policy that overlap', pf('extra#0-3', 'extra#3-5'), {}, 'extra: the ranges 0-3 and 3-5 overlap'],
    [
      'more VFs than others have made',
      { externallyManaged: true, numVfs: 4 },
      { numVfs: 3 },
      'extra: spec.numVfs 4 is more than the 3 VFs that are there, and with externallyManaged it is not changed: change it on the host first, or here',
    ],
    ['others have made none', { externallyManaged: true, numVfs: 1 }, {}, 'is more than the 0 VFs that are there'],
    [
      'a larger MTU than others have set',
      { externallyManaged: true, numVfs: 4, mtu: 9000 },
      { numVfs: 4, mtu: 1500 },
      "extra: spec.mtu 9000 is more than the PF's 1500, and with externallyManaged",
    ],
    [
      'another link type than others have set',
      { externallyManaged: true, numVfs: 4, linkType: 'eth' },
      { numVfs: 4, linkType: 'IB' },
      "extra: spec.linkType eth is not the PF's, which is IB, and with externallyManaged",
    ],
    [
      'vDPA on a NIC that has none',
      { vdpaType: 'virtio', eSwitchMode: 'switchdev' },
      {},
      "extra: spec.vdpaType virtio needs a NIC of vendor 15b3, and this one's is 8086: narrow spec.nicSelector, or remove vdpaType",
    ],
  ])('%s: refused', (_, spec, extra, message) => {
    const verdict = verdictOn(policyObject({ ...EXTRA, ...spec }), { cluster: withNic(extra) });
    expect(verdict).toMatchObject({ allowed: false, message: expect.stringContaining(`on node n1: `) });
    expect(verdict.message).toContain(message);
  });

  it.each<[string, object, Partial<ObservedInterface>]>([
    ['as many VFs as the PF can have', { numVfs: 64 }, {}],
    ['as many as firmware of this vendor can be told to allow', { numVfs: 128 }, { vendor: '15b3', totalvfs: 8 }],
    ['as many as the PF of this vendor has', { numVfs: 200 }, { vendor: '15b3', totalvfs: 200 }],
    [
      'what others have made already',
      { externallyManaged: true, numVfs: 4, mtu: 1500, linkType: 'ETH' },
      { numVfs: 4, mtu: 9000, linkType: 'eth' },
    ],
    ['vDPA on a NIC that has it', { vdpaType: 'virtio', eSwitchMode: 'switchdev' }, { vendor: '15b3' }],
  ])('%s: let in', (_, spec, extra) => {
    const verdict = verdictOn(policyObject({ ...EXTRA, ...spec }), { cluster: withNic(extra) });
    expect(verdict).toMatchObject({ allowed: true, message: '' });
  });

  it('a PF that the selector leaves out does not matter', () => {
    expect(verdictOn(policyObject(), { cluster: withNic({ totalvfs: 1 }) }).allowed).toBe(true);
  });
});

describe('a policy beside others', () => {
  const beside = (stored: object, spec: object = {}, rest: object = {}): ReturnType<typeof verdictOn> =>
    verdictOn(policyObject(spec), { cluster: { policies: [storedPolicy('old', stored)], ...rest } });

  it.each<[string, object, object]>([
    ['the VFs behind its own', pf('ens2f0#4-7'), {}],
    ['another PF', pf('ens2f1'), {}],
    ['a policy for other nodes', { ...pf('ens2f0#0-3'), nodeSelector: { zone: 'b' } }, {}],
    ['a policy that cannot be read', pf('ens2f0#3'), {}],
    ['the same resource with the same settings', { resourceName: 'new', ...pf('ens2f1'), isRdma: false }, {}],
    ['the same resource, one of them silent', { resourceName: 'new', ...pf('ens2f1') }, { isRdma: undefined }],
    ['the same root device through another selector', { nicSelector: { rootDevices: ['0000:5e:00.0'] } }, {}],
  ])('%s: let in', (_, stored, spec) => {
    expect(beside(stored, spec)).toEqual({
      allowed: true,
      message: '',
      warnings: [],
      patch: expect.anything(),
    });
  });

  it.each<[string, object, object, string]>([
    [
      'VFs that are taken',
      pf('ens2f0#3-5'),
      {},
      'on node n1: spec.nicSelector.pfNames: "ens2f0#0-3" takes VFs that policy old takes with "ens2f0#3-5": give each policy a range of its own, such as ens2f0#0-3',
    ],
    [
      'a whole PF that is taken, whatever the priorities',
      { ...pf('ens2f0'), priority: 1 },
      pf('ens2f0'),
      'takes VFs that',
    ],
    [
      'VFs that are taken under an alternative name',
      pf('left#3-5'),
      {},
      '"ens2f0#0-3" takes VFs that policy old takes',
    ],
    ['an overlap behind a pair that has none', pf('ens2f1#0-1', 'ens2f0#4-7', 'ens2f0#2-2'), {}, '"ens2f0#2-2"'],
    [
      'a PF that others manage',
      { ...pf('ens2f0#4-7'), externallyManaged: true },
      {},
      'spec.externallyManaged is false, and policy old says true for the same PF ens2f0: both must say the same',
    ],
    [
      'a root device that is taken',
      { nicSelector: { rootDevices: ['0000:3b:00.1'] } },
      { nicSelector: { rootDevices: ['0000:3b:00.0', '0000:3b:00.1'] } },
      'spec.nicSelector.rootDevices: 0000:3b:00.1 is in policy old as well: remove it from one of the two',
    ],
    ...(
      [
        ['excludeTopology', true, 'not set'],
        ['isRdma', true, 'not set'],
        ['needVhostNet', true, 'not set'],
        ['vdpaType', 'vhost', 'not set'],
      ] as const
    ).map(([field, value, mine]): [string, object, object, string] => [
      `the same resource with another ${field}`,
      { ...pf('ens2f1'), resourceName: 'new', [field]: value },
      {},
      `spec.${field} is ${mine}, and policy old of the same resource new has ${String(value)}: both must say the same, or choose another resourceName`,
    ]),
  ])('%s: refused', (_, stored, spec, message) => {
    expect(beside(stored, spec)).toMatchObject({ allowed: false, message: expect.stringContaining(message) });
  });

  it('refuses what overlaps on a node that has not reported yet, by the names alone', () => {
    const rest = { nodeStates: [] };
    expect(beside(pf('ens2f0#3-5'), {}, rest).message).toContain('takes VFs that policy old takes');
    expect(beside(pf('left#3-5'), {}, rest).allowed).toBe(true);
  });

  it('says that a stored policy without a priority ranks highest', () => {
    const stored = storedPolicy('old', pf('ens2f0#0-3'));
    const { priority: _, ...spec } = stored.spec;
    const old = { ...stored, spec, metadata: { ...stored.metadata, resourceVersion: '1' } };
    const { warnings } = verdictOn(policyObject(pf('ens2f0')), { cluster: { policies: [old] } });
    expect(warnings).toEqual([
      'VFs of the same PFs are wanted by policy old: the policy with the lower spec.priority number gets them, and between equal numbers the one with the later name; no priority counts as 0, as with policy old, stored before the API server asked the webhook',
    ]);
  });

  it.each<[string, object, object]>([
    ['the whole PF beside a part of it', pf('ens2f0#0-3'), pf('ens2f0')],
    ['one PF through different selectors', { nicSelector: { vendor: '8086' } }, {}],
  ])('%s: let in, and precedence decides', (_, stored, spec) => {
    expect(beside(stored, spec)).toMatchObject({
      allowed: true,
      warnings: [
        'VFs of the same PFs are wanted by policy old: the policy with the lower spec.priority number gets them, and between equal numbers the one with the later name',
      ],
    });
  });

  describe('meets another policy only where both have a PF', () => {
    const mellanox = nic('ens2f0', '0000:5e:00.0', { vendor: '15b3', deviceID: '101d' });
    const stored = { nicSelector: { vendor: '15b3', pfNames: ['ens2f0'] }, isRdma: true };
    const mine = { nicSelector: { vendor: '8086', pfNames: ['ens2f0'] }, deviceType: 'vfio-pci', resourceName: 'old' };
    const verdict = (...interfaces: ObservedInterface[]): string =>
      beside(stored, mine, { nodeStates: [state('n1', interfaces)] }).message;

    it.each<[string, readonly ObservedInterface[]]>([
      ['a node with a PF of the one', [mellanox]],
      ['a node with a PF of the other', [PORTS[0]!]],
      [
        'a node that has a device of the other vendor without VFs',
        [mellanox, nic('eno1', '0000:00:1f.6', { totalvfs: 0 })],
      ],
      ['a node that has not reported', []],
    ])('%s: let in, and each node serves its own', (_, interfaces) => {
      expect(verdict(...interfaces)).toBe('');
    });

    it('a node with PFs of both: refused, since a resource is of one kind there', () => {
      const both = { nicSelector: { vendor: '15b3' }, isRdma: true, resourceName: 'old' };
      const rest = { nodeStates: [state('n1', [PORTS[0]!, { ...mellanox, name: 'ens3f0' }])] };
      expect(beside(both, mine, rest).message).toContain('spec.isRdma is not set, and policy old');
    });

    it('compares root devices of PFs that both select', () => {
      const rootDevices = ['0000:5e:00.0'];
      const shared = { nicSelector: { vendor: '15b3', rootDevices } };
      const verdictOf = (vendor: string): string =>
        beside(shared, { nicSelector: { vendor, rootDevices } }, { nodeStates: [state('n1', [mellanox])] }).message;
      expect([verdictOf('8086'), verdictOf('15b3')]).toEqual([
        '',
        expect.stringContaining('0000:5e:00.0 is in policy old'),
      ]);
    });
  });

  it('warns of a resource whose VFs have different drivers on a node, and of none elsewhere', () => {
    const stored = { ...pf('ens2f1'), resourceName: 'new', deviceType: 'vfio-pci' };
    expect(beside(stored)).toMatchObject({
      allowed: true,
      warnings: [
        'spec.deviceType is netdevice, and not that of policy old of the same resource new: a pod on a node with both gets VFs of either kind',
      ],
    });
    expect(beside({ ...stored, nodeSelector: { zone: 'b' } }).warnings).toEqual([]);
    expect(beside({ ...stored, resourceName: 'other' }).warnings).toEqual([]);
  });

  it('names the first policies of many', () => {
    const policies = ['e', 'd', 'c', 'b', 'a'].map((name) => storedPolicy(name, { nicSelector: { vendor: '8086' } }));
    const [warning] = verdictOn(policyObject(), { cluster: { policies } }).warnings;
    expect(warning).toContain('wanted by the policies a, b, c and 2 more');
  });

  it('is compared with one that is being deleted, which is applied until it is gone', () => {
    const [going] = [storedPolicy('going')];
    const policies = [{ ...going, metadata: { ...going.metadata, deletionTimestamp: '2026-01-01T00:00:00Z' } }];
    expect(verdictOn(policyObject(), { cluster: { policies } }).message).toContain('policy going takes');
  });

  it('is not compared with itself, with the relic "default", or with one elsewhere', () => {
    const twin = policyObject();
    const policies = [
      twin,
      { ...twin, metadata: { ...twin.metadata, name: 'default' } },
      { ...twin, metadata: { name: 'elsewhere', namespace: 'team' } },
    ];
    const rest = { cluster: { policies }, operation: 'UPDATE' as const, oldObject: policyObject({ mtu: 1500 }) };
    expect(verdictOn(policyObject(), rest)).toMatchObject({ allowed: true, warnings: [] });
  });
});
