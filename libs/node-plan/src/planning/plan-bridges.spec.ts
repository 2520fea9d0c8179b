import { describe, expect, it } from '@jest/globals';
import { type OvsBridge } from '@sriov/api';
import {
  type DeviceUse,
  type ObservedBridge,
  type ObservedHost,
  type ObservedPf,
  type ObservedPortInterface,
  type SoftwareBridges,
} from '@sriov/observed-host';
import { describePlan } from '../words/describe-plan.ts';
import { type HostFacts } from './host-facts.ts';
import { type OwnBridge } from './own-bridges.ts';
import { planHost } from './plan-host.ts';
import { type HostPlan } from './steps.ts';
import { PF, testFacts, testLink, testPf, testVf } from '../test/test-host.ts';

const NAME = 'br-0000_01_00.0';

/** A bridge as the policy controller wants it. */
function wanted(settings: OvsBridge['bridge'] = {}, uplink: object = {}, name = 'ens1'): OvsBridge {
  return { name: NAME, bridge: settings, uplinks: [{ pciAddress: PF, name, interface: uplink }] };
}

function port(name: string, change: Partial<ObservedPortInterface> = {}): ObservedBridge['ports'][number] {
  const maps = { options: {}, externalIDs: {}, otherConfig: {} };
  return { name, interfaces: [{ name, type: '', ...maps, ofport: 1, ...change }] };
}

/** A bridge as Open vSwitch shows one with its uplink. */
function seen(change: Partial<ObservedBridge> = {}, uplink: Partial<ObservedPortInterface> = {}): ObservedBridge {
  const ports = [port(NAME, { type: 'internal' }), port('ens1', uplink)];
  return { name: NAME, datapathType: '', externalIDs: {}, otherConfig: {}, ports, ...change };
}

const OVS_USE: DeviceUse = { kind: 'part-of', master: 'ovs-system' };
const switchdevPf = (change: Partial<ObservedPf> = {}): ObservedPf =>
  testPf([], { eSwitchMode: 'switchdev', ...change });

interface Given {
  readonly spec?: readonly OvsBridge[];
  readonly own?: readonly OwnBridge[];
  readonly bridges?: readonly ObservedBridge[] | SoftwareBridges;
  readonly pf?: ObservedPf | undefined;
  readonly facts?: Partial<HostFacts>;
  readonly damaged?: string;
}

function plan({ spec = [], own = [], bridges = [], pf = switchdevPf(), facts = {}, damaged }: Given): HostPlan {
  const softwareBridges: SoftwareBridges = 'kind' in bridges ? bridges : { kind: 'seen', bridges };
  const observed: ObservedHost = { interfaces: [pf], problems: [], softwareBridges };
  return planHost(
    testFacts([pf], [], {
      spec: { bridges: { ovs: [...spec] } },
      observed,
      bridges: { own: new Map(own.map((each) => [each.name, each])), ...(damaged !== undefined && { damaged }) },
      ...facts,
    }),
  );
}

const kinds = ({ bridges = [] }: HostPlan): string[] => bridges.map(({ step }) => step.kind);
const told = ({ problems }: HostPlan): unknown => problems.map(({ reason, message }) => [reason, message]);
const because = ({ bridges = [] }: HostPlan): readonly string[] => bridges.flatMap((bridge) => bridge.because);

describe('a bridge that is wanted', () => {
  it('is made, and is the operator’s from then on', () => {
    const result = plan({ spec: [wanted({ failMode: 'secure' })] });
    expect(result.bridges).toEqual([
      {
        name: NAME,
        pf: { pciAddress: PF, name: 'ens1' },
        because: ['there is no such bridge'],
        step: { kind: 'make-bridge', bridge: wanted({ failMode: 'secure' }), uplink: 'ens1' },
      },
    ]);
    expect([result.ownBridges, result.problems]).toEqual([[{ ...wanted({ failMode: 'secure' }), isMarked: true }], []]);
    expect(describePlan(result)).toEqual([
      `bridge ${NAME} of ens1 (${PF}):`,
      '  because there is no such bridge',
      '  make the bridge with the uplink ens1',
    ]);
  });

  it('has the uplink that the PF is called now', () => {
    const result = plan({ spec: [wanted({}, {}, 'eth0')] });
    expect(result.bridges).toMatchObject([{ step: { uplink: 'ens1' } }]);
    expect(result.ownBridges).toEqual([{ ...wanted(), isMarked: true }]);
  });

  it.each<[string, OvsBridge, ObservedBridge]>([
    ['as it is', wanted(), seen()],
    ['with keys of others', wanted({ externalIDs: { a: '1' } }), seen({ externalIDs: { a: '1', b: '2' } })],
    ['with settings of which nobody wants anything', wanted(), seen({ failMode: 'secure', datapathType: 'netdev' })],
    ['with the datapath type by its other name', wanted({ datapathType: 'system' }), seen()],
    ['with an uplink of another type', wanted({}, { type: 'dpdk' }), seen({}, { type: 'dpdk' })],
  ])('is left alone where it is %s', (_, bridge, observed) => {
    for (const own of [[], [bridge]]) {
      const result = plan({ spec: [bridge], own, bridges: [observed] });
      expect([kinds(result), told(result), result.ownBridges]).toEqual([[], [], own]);
    }
  });

  it.each<[string, OvsBridge, OvsBridge, ObservedBridge, string]>([
    ['fail mode', wanted(), wanted({ failMode: 'secure' }), seen(), 'the fail mode is not set, and secure is wanted'],
    [
      'datapath type',
      wanted(),
      wanted({ datapathType: 'netdev' }),
      seen(),
      'the datapath type is not set, and netdev is wanted',
    ],
    [
      'setting that is no longer wanted',
      wanted({ failMode: 'secure' }),
      wanted(),
      seen({ failMode: 'secure' }),
      'the fail mode is secure, and none is wanted',
    ],
    [
      'key that is no longer wanted',
      wanted({ externalIDs: { a: '1' } }),
      wanted(),
      seen({ externalIDs: { a: '1' } }),
      'the external id a is 1, and none is wanted',
    ],
    [
      'option of the uplink',
      wanted(),
      wanted({}, { options: { n_rxq: '2' } }),
      seen({}, { options: { n_rxq: '1' } }),
      'the option of the uplink n_rxq is 1, and 2 is wanted',
    ],
    [
      'MTU',
      wanted(),
      wanted({}, { mtuRequest: 9000 }),
      seen(),
      'the MTU request of the uplink is not set, and 9000 is wanted',
    ],
    ['uplink', wanted(), wanted(), seen({ ports: [port(NAME)] }), 'ens1 is not its uplink'],
    ['own interface', wanted(), wanted(), seen({ ports: [port('ens1')] }), 'it has no interface of its own'],
    [
      'former name of the PF',
      wanted({}, {}, 'eth0'),
      wanted(),
      seen({ ports: [port(NAME), port('eth0'), port('ens1')] }),
      'eth0 is its uplink',
    ],
  ])('is changed in place where the operator has made it: %s', (_, own, bridge, observed, why) => {
    const result = plan({ spec: [bridge], own: [own], bridges: [observed] });
    expect(result.bridges).toMatchObject([{ step: { kind: 'change-bridge', bridge, uplink: 'ens1', before: own } }]);
    expect([because(result), told(result)]).toEqual([[why], []]);
  });

  it('is remembered with all that was wanted of it until a change is done', () => {
    const own = wanted({ failMode: 'secure', externalIDs: { a: '1' } }, { options: { x: '1' } });
    const spec = [wanted({ externalIDs: { b: '2' } }, { mtuRequest: 9000 })];
    const observed = seen({ failMode: 'secure', externalIDs: { a: '1' } }, { options: { x: '1' } });
    const during = plan({ spec, own: [own], bridges: [observed] }).ownBridges ?? [];
    // A daemon that begins here plans the same.
    const again = plan({ spec, own: during, bridges: [observed] });
    expect(because(again)).toEqual(because(plan({ spec, own: [own], bridges: [observed] })));
    const after = seen({ externalIDs: { b: '2' } }, { mtuRequest: 9000 });
    expect(plan({ spec, own: during, bridges: [after] })).toMatchObject({ bridges: [], ownBridges: spec });
  });

  it.each<[string, Given, [string, RegExp]]>([
    [
      'its name has a bridge that the operator has not made, and that is different',
      { bridges: [seen()], spec: [wanted({ failMode: 'secure' })] },
      ['BridgeForeign', /has not made.*fail mode is not set, and secure is wanted.*ovs-vsctl del-br br-0000_01_00.0/],
    ],
    [
      'its uplink is a port of another bridge',
      { bridges: [seen({ name: 'br-ex' })], spec: [wanted()] },
      ['BridgeForeign', /uplink ens1 is a port of the bridge br-ex: .*ovs-vsctl del-port br-ex ens1/],
    ],
    [
      'its uplink has gone to another bridge',
      { bridges: [seen({ ports: [port(NAME)] }), seen({ name: 'br-ex' })], spec: [wanted()], own: [wanted()] },
      ['BridgeForeign', /is a port of the bridge br-ex/],
    ],
    [
      'the host uses its uplink',
      { pf: switchdevPf({ uses: [{ kind: 'default-route' }] }), spec: [wanted()] },
      ['HostInterface', /ens1 .*making it the uplink of the bridge br-0000_01_00.0 interrupts its link.*default route/],
    ],
    [
      'its uplink is in a bond, also where the daemon may change what the host uses',
      {
        pf: switchdevPf({ uses: [{ kind: 'part-of', master: 'bond0' }] }),
        spec: [wanted()],
        facts: { allowHostInterfaces: true },
      },
      ['HostInterface', /its uplink ens1 is part of bond0, .*ip link set ens1 nomaster/],
    ],
    [
      'its uplink is in legacy mode',
      { pf: testPf(), spec: [wanted()] },
      ['Unsupported', /has to be in eSwitch mode switchdev, and the mode is legacy/],
    ],
    [
      'its PF has no interface',
      { pf: { ...testPf(), link: undefined } as unknown as ObservedPf, spec: [wanted()] },
      ['InterfaceNotFound', /its uplink is to be ens1 \(0000:01:00.0\), which has no network interface here/],
    ],
    ['it has no uplink', { spec: [{ name: NAME }] }, ['SpecInvalid', /it has 0 uplinks, and must have one/]],
    [
      'Open vSwitch does not run',
      { bridges: { kind: 'unseen', cause: 'nobody listens at /run/x (ENOENT)' }, spec: [wanted()] },
      [
        'OpenVSwitchUnavailable',
        /it is wanted, and Open vSwitch cannot be asked: nobody listens at .*: install and start/,
      ],
    ],
    [
      'ovs-vswitchd does not run, although the database has it',
      { bridges: { kind: 'seen', bridges: [seen()], halted: 'nobody listens' }, spec: [wanted()], own: [wanted()] },
      [
        'OpenVSwitchUnavailable',
        /it is wanted, and Open vSwitch does not carry out what its database says: nobody listens: start ovs-vswitchd/,
      ],
    ],
    [
      'nobody knows which bridges are the operator’s',
      { damaged: 'the file is damaged', spec: [wanted()] },
      ['StateDamaged', /the file is damaged/],
    ],
    [
      'a change would interrupt pods that use it',
      {
        bridges: [seen({ ports: [port(NAME), port('ens1'), port('ens1_3')] })],
        spec: [wanted({ datapathType: 'netdev' })],
        own: [wanted()],
      },
      ['BridgeInUse', /datapath type is not set, and netdev is wanted.*in use by port ens1_3/],
    ],
    [
      'ovs-vswitchd cannot use its uplink',
      { bridges: [seen({}, { error: 'no such device', ofport: -1 })], spec: [wanted()], own: [wanted()] },
      ['BridgePortFailed', /cannot use its uplink ens1: no such device/],
    ],
  ])('is not made or changed, with a reason, where %s', (_, given, [reason, message]) => {
    const result = plan(given);
    expect(result.bridges ?? []).toEqual([]);
    expect(told(result)).toEqual([[reason, expect.stringMatching(message)]]);
    // What is the operator's stays so.
    if (result.ownBridges) expect(result.ownBridges).toEqual(given.own ?? []);
  });

  it('is not in force as long as ovs-vswitchd has not taken up its uplink', () => {
    const { ofport: _, ...interfaces } = port('ens1').interfaces[0]!;
    const bridge = seen({ ports: [port(NAME), { name: 'ens1', interfaces: [interfaces] }] });
    const result = plan({ spec: [wanted()], own: [wanted()], bridges: [bridge] });
    expect(told(result)).toEqual([['BridgePortFailed', expect.stringContaining('has not taken up its uplink ens1')]]);
  });

  it('counts once', () => {
    const result = plan({ spec: [wanted(), wanted({ failMode: 'secure' })] });
    expect([kinds(result), told(result)]).toEqual([
      ['make-bridge'],
      [['SpecInvalid', expect.stringContaining('more than once')]],
    ]);
  });

  it('waits, without a word of its own, while a call about its PF has not come back', () => {
    const blocked = new Map([[PF, 'a call']]);
    expect(plan({ spec: [wanted()], facts: { blocked } })).toMatchObject({ bridges: [], ownBridges: [], problems: [] });
  });

  it('is made in place of one of the operator’s that goes', () => {
    const old = { ...wanted(), name: 'br-old' };
    const bridges = [seen({ name: 'br-old', ports: [port('br-old'), port('ens1')] })];
    const pf = switchdevPf({ uses: [OVS_USE] });
    const result = plan({ spec: [wanted()], own: [old], bridges, pf });
    expect([kinds(result), told(result)]).toEqual([['make-bridge', 'remove-bridge'], []]);
  });

  it.each<[string, Partial<ObservedBridge>, string]>([
    ['somebody else uses', { ports: [port('br-old'), port('ens1'), port('tap0')] }, PF],
    ['has the address that the PF had before', { ports: [port('br-old'), port('ens1')] }, '0000:09:00.0'],
  ])('is not made where its uplink is in one of the operator’s that stays, because it %s', (_, change, pciAddress) => {
    const old = { ...wanted(), name: 'br-old', uplinks: [{ pciAddress, name: 'ens1' }] };
    const result = plan({ spec: [wanted()], own: [old], bridges: [seen({ name: 'br-old', ...change })] });
    expect([kinds(result), result.ownBridges]).toEqual([[], [old]]);
    expect(told(result)).toContainEqual([
      'BridgeForeign',
      expect.stringMatching(/ens1 is a port of the bridge br-old: .*ovs-vsctl del-port br-old ens1/),
    ]);
  });

  it('is changed only while it has the ports that were seen, where that interrupts it', () => {
    const given = { own: [wanted()], bridges: [seen()] };
    expect(plan({ ...given, spec: [wanted({ datapathType: 'netdev' })] }).bridges).toMatchObject([
      { step: { ports: [NAME, 'ens1'] } },
    ]);
    expect(plan({ ...given, spec: [wanted({ failMode: 'secure' })] }).bridges?.[0]?.step).not.toHaveProperty('ports');
  });
});

describe('a bridge that nobody wants', () => {
  it('goes where the operator has made it, and is the operator’s until it has gone', () => {
    const result = plan({ own: [wanted()], bridges: [seen()] });
    expect(result.bridges).toMatchObject([
      { name: NAME, step: { kind: 'remove-bridge', ports: [NAME, 'ens1', 'ens1'] } },
    ]);
    expect([result.ownBridges, result.problems]).toEqual([[wanted()], []]);
    expect(plan({ own: [wanted()] })).toMatchObject({ bridges: [], ownBridges: [], problems: [] });
  });

  it('stays while ovs-vswitchd does not run, is forgotten where it is gone, and keeps nothing else waiting', () => {
    const result = plan({ own: [wanted()], bridges: { kind: 'seen', bridges: [seen()], halted: 'nobody listens' } });
    expect(told(result)).toEqual([
      ['OpenVSwitchUnavailable', expect.stringMatching(/no longer wanted.*nobody listens/)],
    ]);
    expect([kinds(result), result.ownBridges]).toEqual([[], [wanted()]]);
    const gone = plan({ own: [wanted()], bridges: { kind: 'seen', bridges: [], halted: 'nobody listens' } });
    expect([told(gone), gone.ownBridges]).toEqual([[], []]);
  });

  it('stays where somebody else has made it', () => {
    expect(plan({ bridges: [seen()] })).toMatchObject({ bridges: [], problems: [] });
  });

  it.each<[string, Partial<ObservedBridge>, RegExp]>([
    ['a port that is not known', { ports: [port(NAME), port('ens1'), port('tap0')] }, /in use by port tap0: it stays/],
    [
      'an address',
      { uses: [{ kind: 'address', address: '10.0.0.1/24' }] },
      /in use by the host \(address 10.0.0.1\/24\)/,
    ],
  ])('stays while it has %s', (_, change, message) => {
    const result = plan({ own: [wanted()], bridges: [seen(change)] });
    expect([kinds(result), result.ownBridges]).toEqual([[], [wanted()]]);
    expect(told(result)).toEqual([['BridgeInUse', expect.stringMatching(message)]]);
  });

  it.each<[string, Partial<HostFacts>]>([
    ['the spec was planned without its PF', { plannedFrom: new Set() }],
    ['a call about its PF has not come back', { blocked: new Map([[PF, 'a call']]) }],
  ])('stays while %s', (_, facts) => {
    expect(plan({ own: [wanted()], bridges: [seen()], facts })).toMatchObject({ bridges: [], ownBridges: [wanted()] });
  });

  it('stays while its PF is gone, which is said', () => {
    const facts = {
      plannedFrom: new Set<string>(),
      observed: { interfaces: [], problems: [], softwareBridges: { kind: 'seen', bridges: [seen()] } },
    } as const;
    const result = plan({ own: [wanted()], facts });
    expect([kinds(result), result.ownBridges, result.problems]).toEqual([[], [wanted()], []]);
    expect(result.warnings).toEqual([expect.stringMatching(/its PF 0000:01:00.0 is gone.*ovs-vsctl del-br/)]);
  });

  it('stays while the spec is not planned, or nobody asks for bridges', () => {
    for (const facts of [{ plannedFrom: undefined }, { bridges: undefined as never }]) {
      const result = plan({ own: [wanted()], bridges: [seen()], facts });
      expect([result.bridges, result.ownBridges]).toEqual([undefined, undefined]);
    }
  });

  it('stays while Open vSwitch cannot be asked, and is told', () => {
    const result = plan({ own: [wanted()], bridges: { kind: 'unseen', cause: 'no' } });
    expect(told(result)).toEqual([['OpenVSwitchUnavailable', expect.stringContaining('it is no longer wanted')]]);
    expect(result.ownBridges).toBeUndefined();
  });

  it('of a damaged record is told once', () => {
    expect(told(plan({ damaged: 'the file is damaged' }))).toEqual([['StateDamaged', 'the file is damaged']]);
  });
});

describe('a bridge of the name of one that was recorded and never made, or has gone since', () => {
  const own: OwnBridge[] = [{ ...wanted(), isMarked: true }];

  it('is nothing that the operator removes, and the record ends', () => {
    expect(plan({ own, bridges: [seen()] })).toMatchObject({ bridges: [], ownBridges: [], problems: [] });
  });

  it('is nothing that the operator changes', () => {
    const result = plan({ own, spec: [wanted({ failMode: 'secure' })], bridges: [seen()] });
    expect([kinds(result), result.ownBridges]).toEqual([[], []]);
    expect(told(result)).toEqual([['BridgeForeign', expect.stringMatching(/has not made the bridge/)]]);
  });

  it('keeps its uplink', () => {
    const pf = switchdevPf({ uses: [OVS_USE], sriov: { totalVfs: 8, autoprobe: true, vfs: [testVf(0)] } });
    const given = { pf, bridges: [seen()], facts: { spec: {}, owned: new Map([[PF, { pciAddress: PF, numVfs: 1 }]]) } };
    expect(told(plan({ ...given, own }))).toEqual([['HostInterface', expect.any(String)]]);
  });

  it('is the operator’s where it bears the mark: then it was made', () => {
    const marked = seen({ isMarked: true });
    expect(plan({ own, spec: [wanted()], bridges: [marked] })).toMatchObject({ bridges: [], ownBridges: own });
    expect(kinds(plan({ own, spec: [wanted({ failMode: 'secure' })], bridges: [marked] }))).toEqual(['change-bridge']);
    expect(kinds(plan({ own, bridges: [marked] }))).toEqual(['remove-bridge']);
  });

  it('is the operator’s where upstream or an older version has recorded it: they mark none', () => {
    expect(kinds(plan({ own: [wanted()], bridges: [seen()] }))).toEqual(['remove-bridge']);
  });
});

describe('a PF that is the uplink of a bridge of the operator', () => {
  const entry = { pciAddress: PF, name: 'ens1', numVfs: 4, eSwitchMode: 'switchdev' };
  const pf = switchdevPf({ uses: [OVS_USE] });
  const spec = { interfaces: [entry], bridges: { ovs: [wanted()] } };

  it.each<[string, Given, string[]]>([
    ['changes, because the operator itself uses it', { own: [wanted()], bridges: [seen()] }, []],
    ['stays as it is where somebody else has made the bridge', { bridges: [seen()] }, ['HostInterface']],
    [
      'stays as it is while the bridge has a port of somebody else',
      { own: [wanted()], bridges: [seen({ ports: [port(NAME), port('ens1'), port('tap0')] })] },
      ['HostInterface'],
    ],
    [
      'stays as it is while the host uses the bridge',
      { own: [wanted()], bridges: [seen({ uses: [{ kind: 'default-route' }] })] },
      ['HostInterface'],
    ],
    [
      'stays as it is while the host uses it in another way',
      {
        own: [wanted()],
        bridges: [seen()],
        pf: switchdevPf({ uses: [OVS_USE, { kind: 'route', destination: '10.0.0.0/8' }] }),
      },
      ['HostInterface'],
    ],
    [
      'stays as it is while Open vSwitch cannot be asked',
      { own: [wanted()], bridges: { kind: 'unseen', cause: 'no' } },
      ['HostInterface', 'OpenVSwitchUnavailable'],
    ],
  ])('%s', (_, given, reasons) => {
    const result = plan({ pf, ...given, facts: { spec } });
    expect(result.pfs).toHaveLength(reasons.length === 0 ? 1 : 0);
    expect(result.problems.map(({ reason }) => reason)).toEqual(reasons);
  });

  it('gives back its VFs after the bridge has gone', () => {
    const facts = { spec: {}, owned: new Map([[PF, entry]]) };
    const result = plan({
      own: [wanted()],
      bridges: [seen()],
      pf: { ...pf, sriov: { totalVfs: 7, autoprobe: true, vfs: [testVf(0)] } },
      facts,
    });
    expect(describePlan(result)).toEqual([
      `bridge ${NAME} of ens1 (${PF}):`,
      '  because no policy wants the bridge any more',
      '  remove the bridge',
      `ens1 (${PF}):`,
      '  because no policy selects the PF any more',
      '  remove all VFs',
    ]);
  });

  const mlx5 = (change: Partial<ObservedPf> = {}): ObservedPf =>
    switchdevPf({ driver: 'mlx5_core', uses: [OVS_USE], ...change });
  const LEAVES = [
    `bridge ${NAME} of ens1 (${PF}):`,
    '  because the VFs of its uplink are changed, or the eSwitch mode',
    '  take the uplink ens1 out of the bridge',
  ];
  const VFS = [
    `ens1 (${PF}):`,
    '  because the number of VFs is 0, not 4',
    '  turn driver probing of new VFs off',
    '  set the eSwitch mode to legacy',
    '  create 4 VFs',
    '  set the eSwitch mode to switchdev',
    '  turn driver probing of new VFs on',
  ];

  it('leaves the bridge before its VFs change, and returns to it afterwards', () => {
    const result = plan({ own: [wanted()], bridges: [seen()], pf: mlx5(), facts: { spec } });
    expect(describePlan(result)).toEqual([
      ...LEAVES,
      ...VFS,
      `bridge ${NAME} of ens1 (${PF}):`,
      '  because its uplink ens1 returns to it',
      '  change the bridge',
    ]);
    expect(result.ownBridges).toHaveLength(1);
  });

  it('returns to the bridge that it had left when the daemon ended', () => {
    const bridges = [seen({ ports: [port(NAME, { type: 'internal' })] })];
    const { uses: _, ...free } = mlx5();
    expect(kinds(plan({ own: [wanted()], bridges, pf: free, facts: { spec } }))).toEqual(['change-bridge']);
  });

  it('leaves the bridge for good where it is not to be in switchdev mode any more, and that is said', () => {
    const facts = { spec: { ...spec, interfaces: [{ ...entry, numVfs: 0, eSwitchMode: 'legacy' }] } };
    const result = plan({ own: [wanted()], bridges: [seen()], pf: mlx5(), facts });
    expect(kinds(result)).toEqual(['detach-uplink']);
    expect(told(result)).toEqual([
      ['Unsupported', expect.stringMatching(/has to be in eSwitch mode switchdev, and the mode is legacy/)],
    ]);
  });

  it('stays in its bridge where only single VFs change', () => {
    const vfs = [0, 1, 2, 3].map((id) => testVf(id));
    const vfGroups = [{ vfRange: '0-3', deviceType: 'netdevice' }];
    const result = plan({
      own: [wanted()],
      bridges: [seen()],
      pf: mlx5({ sriov: { totalVfs: 7, autoprobe: true, vfs } }),
      facts: { spec: { ...spec, interfaces: [{ ...entry, vfGroups }] } },
    });
    expect([result.pfs[0]?.vfs.length, kinds(result)]).toEqual([4, []]);
  });
});

it('a bridge is made for a PF that this plan brings into switchdev mode', () => {
  const entry = { pciAddress: PF, name: 'ens1', numVfs: 1, eSwitchMode: 'switchdev' };
  const spec = { interfaces: [entry], bridges: { ovs: [wanted()] } };
  const result = plan({ pf: testPf([], { driver: 'ice', eSwitchMode: 'legacy' }), facts: { spec } });
  expect(result.pfs[0]?.before.map(({ kind }) => kind)).toContain('set-eswitch-mode');
  expect([kinds(result), result.problems]).toEqual([['make-bridge'], []]);
});

describe('two bridges that have each other’s uplink, as after interfaces were renamed', () => {
  const OTHER = '0000:02:00.0';
  const OTHER_NAME = 'br-0000_02_00.0';
  const others = (name: string, settings: OvsBridge['bridge'] = {}): OvsBridge => ({
    ...{ name: OTHER_NAME, bridge: settings },
    uplinks: [{ pciAddress: OTHER, name, interface: {} }],
  });
  /** The first PF is ens1 now and was ens2, the second one the other way round. */
  const swapped = (
    ports: readonly ObservedBridge['ports'][number][] = [],
    spec: readonly OvsBridge[] = [wanted(), others('ens2')],
  ): HostPlan => {
    const pf = switchdevPf({ uses: [OVS_USE] });
    const other = switchdevPf({ pciAddress: OTHER, link: testLink({ name: 'ens2' }), uses: [OVS_USE] });
    const bridges = [
      seen({ name: OTHER_NAME, ports: [port(OTHER_NAME, { type: 'internal' }), port('ens1'), ...ports] }),
      seen({ ports: [port(NAME, { type: 'internal' }), port('ens2')] }),
    ];
    const softwareBridges: SoftwareBridges = { kind: 'seen', bridges };
    const observed: ObservedHost = { interfaces: [pf, other], problems: [], softwareBridges };
    const own = [wanted({}, {}, 'ens2'), others('ens1')];
    return plan({ spec, own, facts: { observed, plannedFrom: new Set([PF, OTHER]) } });
  };
  const lines = ({ bridges = [] }: HostPlan): string[] =>
    bridges.map(({ name, step }) => `${name} ${step.kind} ${'uplink' in step ? step.uplink : ''}`);

  it('both let go first, and then have their own', () => {
    const result = swapped();
    expect(told(result)).toEqual([]);
    expect(lines(result)).toEqual([
      `${NAME} detach-uplink ens2`,
      `${NAME} change-bridge ens1`,
      `${OTHER_NAME} detach-uplink ens1`,
      `${OTHER_NAME} change-bridge ens2`,
    ]);
    expect(describePlan(result).filter((line) => line.startsWith('bridge'))).toEqual([
      `bridge ${NAME} of ens1 (${PF}):`,
      `bridge ${OTHER_NAME} of ens2 (${OTHER}):`,
      `bridge ${NAME} of ens1 (${PF}):`,
      `bridge ${OTHER_NAME} of ens2 (${OTHER}):`,
    ]);
    expect(because(result)).toContain(`ens2 becomes the uplink of the bridge ${OTHER_NAME}`);
  });

  it('neither lets go where the other one cannot be changed', () => {
    const result = swapped([port('tap0')], [wanted(), others('ens2', { datapathType: 'netdev' })]);
    expect(lines(result)).toEqual([]);
    expect(told(result)).toEqual([
      ['BridgeForeign', expect.stringContaining(`its uplink ens1 is a port of the bridge ${OTHER_NAME}`)],
      ['BridgeInUse', expect.stringContaining('it is in use by port tap0')],
    ]);
  });

  it('keep the ports that pods have there', () => {
    expect(lines(swapped([port('tap0')]))).toHaveLength(4);
  });
});
