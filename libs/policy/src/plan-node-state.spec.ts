import { describe, expect, it } from '@jest/globals';
import { LABEL, type NodePolicySpec, type ObservedInterface } from '@sriov/api';
import { nic, policy, pool, PORTS } from '@sriov/testing/objects';
import { type Fleet, isManaged } from './fleet.ts';
import { planNodeState } from './plan-node-state.ts';
import { fleet, plan } from './test/plans.ts';

const whole = (name: string, priority: number, spec: Partial<NodePolicySpec> = {}): ReturnType<typeof policy> =>
  policy(name, { priority, nicSelector: { pfNames: ['ens2f0'] }, ...spec });

describe('planNodeState: selection', () => {
  it('tells a netFilter policy of a guest whose daemon does not read the networks of its ports', () => {
    const guest = [nic('eth1', '0000:05:00.0', { deviceID: '154c', totalvfs: 0 })];
    const policies = [policy('p', { numVfs: 1, nicSelector: { netFilter: 'openstack/NetworkID:a' } })];
    const problems = (interfaces: typeof guest): unknown => plan(policies, { interfaces }).problems;
    expect(problems(guest)).toMatchObject([{ name: 'p', node: 'n1', reason: 'Unsupported' }]);
    expect(problems([{ ...guest[0]!, netFilter: 'openstack/NetworkID:b' }])).toEqual([]);
    expect(problems(PORTS)).toEqual([]);
  });

  it('records nothing for a policy without VFs, whose resource is the PF itself', () => {
    const result = plan([policy('p', { numVfs: 0, nicSelector: { deviceID: '1592' } })]);
    expect(result.spec).toEqual({});
    expect(result.devicePluginConfig).toContain('"devices":["1592"]');
    expect(result.devicePluginLabel).toBe('Enabled');
    expect([...result.matches.keys()]).toEqual(['p']);
  });
});

describe('planNodeState: what cannot be done', () => {
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
      'a range that is none',
      { nicSelector: { pfNames: ['ens1#3'] } },
      'spec.nicSelector.pfNames: in "ens1#3": "3" is not a VF range of the form first-last, such as 0-3',
    ],
    [
      'a field of the wrong type',
      { numVfs: 'many' as unknown as number },
      'spec.numVfs "many": must be a whole number',
    ],
  ])('keeps what a policy configured that can no longer be read: %s', (_, spec, message) => {
    const config =
      '{"resourceList":[{"resourceName":"r","selectors":{"IsRdma":false,"NeedVhostNet":false},"SelectorObj":null}]}';
    const policies = [policy('p', spec), policy('other', { resourceName: 'o', nicSelector: { pfNames: ['ens2f1'] } })];
    const result = plan(policies, { spec: before, config });
    expect(fleet(policies).problems).toMatchObject([{ name: 'p', reason: 'PolicyInvalid', message }]);
    expect(result.spec.interfaces?.[0]).toMatchObject({ name: 'ens2f0', numVfs: 4, vfGroups: [{ policyName: 'p' }] });
    expect(JSON.parse(result.devicePluginConfig)).toMatchObject({
      resourceList: [{ resourceName: 'o' }, { resourceName: 'r' }],
    });
  });

  it.each(['', 'a.b', '-a', 'x'.repeat(64)])(
    'keeps the resource "%s" from a device plugin that would end over its name, and its VFs as they are',
    (resourceName) => {
      const policies = [
        policy('p', { resourceName, nicSelector: { pfNames: ['ens2f0'] } }),
        policy('other', { resourceName: 'o', nicSelector: { pfNames: ['ens2f1'] } }),
      ];
      const vfGroups = [{ resourceName, policyName: 'p', vfRange: '0-3' }];
      const spec = { interfaces: [{ pciAddress: '0000:3b:00.0', name: 'ens2f0', numVfs: 4, vfGroups }] };
      const config = JSON.stringify({ resourceList: [{ resourceName, selectors: {}, SelectorObj: null }] });
      const result = plan(policies, { spec, config });
      expect(fleet(policies).problems).toMatchObject([
        { name: 'p', reason: 'PolicyInvalid', message: expect.stringMatching(/^spec.resourceName /) },
      ]);
      expect(result.spec.interfaces).toMatchObject([
        { name: 'ens2f0', numVfs: 4, vfGroups: [{ policyName: 'p' }] },
        { name: 'ens2f1', vfGroups: [{ policyName: 'other' }] },
      ]);
      expect(JSON.parse(result.devicePluginConfig)).toMatchObject({ resourceList: [{ resourceName: 'o' }] });
      expect(plan(policies).spec.interfaces).toMatchObject([{ name: 'ens2f1' }]);
    },
  );

  it('plans as many VFs of Mellanox NICs as their firmware can be told to allow, for which the daemon has the node rebooted', () => {
    const port = (totalvfs: number): ObservedInterface => nic('ens3', '0000:5e:00.0', { vendor: '15b3', totalvfs });
    const wants = (numVfs: number, totalvfs: number): unknown => {
      const policies = [policy('p', { numVfs, nicSelector: { vendor: '15b3' } })];
      const { spec, problems } = plan(policies, { interfaces: [port(totalvfs)] });
      return [spec.interfaces?.[0]?.numVfs, problems.map(({ reason }) => reason)];
    };
    expect(wants(3, 0)).toEqual([3, []]);
    expect(wants(3, 1)).toEqual([3, []]);
    expect(wants(3, 3)).toEqual([3, []]);
    expect(wants(129, 1)).toEqual([undefined, ['TooManyVirtualFunctions']]);
  });

  it('says of each policy of a PF what the daemon will refuse, and nothing of a pool, whose RDMA mode it carries out', () => {
    const policies = [
      policy('a', { numVfs: 8, nicSelector: { pfNames: ['ens2f0#0-3'] }, eSwitchMode: 'switchdev' }),
      policy('b', { numVfs: 8, nicSelector: { pfNames: ['ens2f0#4-7'] } }),
      policy('c', { nicSelector: { pfNames: ['ens2f1'] } }),
    ];
    const interfaces = PORTS.map((port) => ({ ...port, driver: 'igb' }));
    const { problems } = plan(policies, { interfaces, fleet: { pools: [pool('rdma', { rdmaMode: 'exclusive' })] } });
    expect(problems.map(({ name, node, reason }) => [name, node, reason]).sort()).toEqual([
      ['a', 'n1', 'Unsupported'],
      ['b', 'n1', 'Unsupported'],
    ]);
  });

  it('says nothing of limits of a node that has reported no device', () => {
    const rdma = { pools: [pool('rdma', { rdmaMode: 'exclusive' })] };
    expect(plan([policy('a', { eSwitchMode: 'switchdev' })], { interfaces: [], fleet: rdma }).problems).toEqual([]);
  });

  describe('a policy that cannot be applied, in a node state that was deleted and created again,', () => {
    const vf = { vfID: 0, pciAddress: '0000:3b:02.0', deviceID: '1889' };
    const withVfs = PORTS.map((port, index) => ({ ...port, Vfs: [{ ...vf, pciAddress: `0000:3b:0${index + 2}.0` }] }));
    const others = policy('other', { resourceName: 'o', nicSelector: { vendor: '8086' } });
    const config = JSON.stringify({ resourceList: [{ resourceName: 'r', selectors: {}, SelectorObj: null }] });

    it.each<[string, Partial<NodePolicySpec>, string[]]>([
      ['cannot be read', { numVfs: 'many' as unknown as number }, []],
      ['wants more VFs than the PF can have', { numVfs: 100, nicSelector: { pfNames: ['ens2f0'] } }, ['ens2f1']],
    ])('leaves PFs whose VFs it may have made out of the plan when it %s', (_, spec, planned) => {
      const policies = [policy('broken', spec), others];
      const labels = { [LABEL.devicePlugin]: 'Enabled' };
      const result = plan(policies, { interfaces: withVfs, config, labels });
      expect((result.spec.interfaces ?? []).map(({ name }) => name)).toEqual(planned);
      const known = withVfs.filter(({ name }) => planned.includes(name ?? ''));
      expect([...(result.plannedFrom ?? [])]).toEqual(known.map(({ pciAddress }) => pciAddress));
      expect(result.devicePluginLabel).toBe('Enabled');
      expect(JSON.parse(result.devicePluginConfig)).toMatchObject({
        resourceList: expect.arrayContaining([expect.objectContaining({ resourceName: 'r' })]),
      });
      expect(result.problems).toContainEqual({
        kind: 'SriovNetworkNodePolicy',
        name: 'other',
        node: 'n1',
        reason: 'PolicyConflict',
        message:
          'ens2f0: policy broken cannot be applied, and may have made the VFs that are there: the PF stays as it is until that policy is corrected or removed',
      });
    });

    it('plans PFs that have no VFs, for which there is nothing to lose', () => {
      const policies = [policy('broken', { numVfs: 'many' as unknown as number }), others];
      expect(plan(policies).spec.interfaces).toHaveLength(2);
    });
  });

  it('keeps the spec of a node that has reported no device', () => {
    const spec = { ...before, system: { rdmaMode: 'exclusive' as const } };
    expect(plan([policy('p', { nicSelector: { vendor: '8086' } })], { interfaces: [], spec }).spec).toEqual(spec);
  });
});

describe('planNodeState: pools and bridges', () => {
  const exclusive = pool('gpu', { nodeSelector: { matchLabels: { gpu: 'yes' } }, rdmaMode: 'exclusive' });

  it('takes the RDMA mode from the pool of the node', () => {
    const options = { fleet: { pools: [exclusive] } };
    expect(plan([], { ...options, labels: { gpu: 'yes' } }).spec).toEqual({ system: { rdmaMode: 'exclusive' } });
    expect(plan([], options).spec).toEqual({});
  });

  it('keeps the mode of a node in several pools and tells each of them', () => {
    const pools = [exclusive, pool('all', { rdmaMode: 'shared' })];
    const result = plan([], { labels: { gpu: 'yes' }, spec: { system: { rdmaMode: 'exclusive' } }, fleet: { pools } });
    expect(result.spec).toEqual({ system: { rdmaMode: 'exclusive' } });
    expect(result.problems).toMatchObject([
      { kind: 'SriovNetworkPoolConfig', name: 'all', reason: 'NodeInSeveralPools' },
      {
        kind: 'SriovNetworkPoolConfig',
        name: 'gpu',
        message: expect.stringContaining('node n1 is in the pools all, gpu'),
      },
    ]);
  });

  it('keeps the mode of a node whose pool may be one that cannot be read', () => {
    const pools = [pool('odd', { rdmaMode: 'fast' as 'shared' }), exclusive];
    const spec = { system: { rdmaMode: 'exclusive' as const } };
    expect(fleet([], { pools }).problems).toMatchObject([
      {
        kind: 'SriovNetworkPoolConfig',
        name: 'odd',
        reason: 'PoolInvalid',
        message: expect.stringMatching(/^spec.rdmaMode "fast": /),
      },
    ]);
    expect(plan([], { spec, fleet: { pools } }).spec).toEqual(spec);
    expect(plan([], { spec: {}, fleet: { pools }, labels: { gpu: 'yes' } }).spec).toEqual(spec);
  });

  it.each([
    ['an unknown operator', { key: 'zone', operator: 'Near' }, 'zone Near: the operator must be one of In, NotIn'],
    ['In without values', { key: 'zone', operator: 'In', values: [] }, 'zone In needs values'],
    ['Exists with values', { key: 'zone', operator: 'Exists', values: ['a'] }, 'zone Exists takes no values'],
  ])('tells of a pool whose selector cannot be evaluated, and keeps the mode: %s', (_, expression, message) => {
    const pools = [pool('odd', { nodeSelector: { matchExpressions: [expression] }, rdmaMode: 'shared' })];
    const spec = { system: { rdmaMode: 'exclusive' as const } };
    expect(fleet([], { pools }).problems).toMatchObject([
      { name: 'odd', reason: 'PoolInvalid', message: expect.stringContaining(message) },
    ]);
    expect(plan([], { spec, fleet: { pools } }).spec).toEqual(spec);
  });

  it.each([
    ['In', { key: 'zone', operator: 'In', values: ['a', 'b'] }, { zone: 'b' }, true],
    ['In without the label', { key: 'zone', operator: 'In', values: ['a'] }, {}, false],
    ['NotIn', { key: 'zone', operator: 'NotIn', values: ['a'] }, { zone: 'a' }, false],
    ['NotIn without the label', { key: 'zone', operator: 'NotIn', values: ['a'] }, {}, true],
    ['Exists', { key: 'zone', operator: 'Exists' }, { zone: '' }, true],
    ['DoesNotExist', { key: 'zone', operator: 'DoesNotExist' }, { zone: '' }, false],
  ])('reads the expression %s', (_, expression, labels, holds) => {
    const pools = [pool('p', { nodeSelector: { matchExpressions: [expression] }, rdmaMode: 'shared' })];
    const { spec } = plan([], { labels, fleet: { pools } });
    expect(spec.system?.rdmaMode).toBe(holds ? 'shared' : undefined);
  });

  const bridged = policy('br', {
    mtu: 9000,
    eSwitchMode: 'switchdev',
    nicSelector: { pfNames: ['ens2f0'] },
    bridge: { ovs: { bridge: { datapathType: 'netdev' } } },
  });
  const gate = {
    operatorConfig: { metadata: { name: 'default' }, spec: { featureGates: { manageSoftwareBridges: true } } },
  };

  it('makes bridges only where the gate is open', () => {
    expect(plan([bridged]).spec.bridges).toBeUndefined();
    expect(plan([bridged], { fleet: gate }).spec.bridges).toEqual({
      ovs: [
        {
          name: 'br-0000_3b_00.0',
          bridge: { datapathType: 'netdev' },
          uplinks: [{ pciAddress: '0000:3b:00.0', name: 'ens2f0', interface: { mtuRequest: 9000 } }],
        },
      ],
    });
  });

  it('leaves bridges as they are while the gate is closed, or nobody knows whether it is', () => {
    const { spec } = plan([bridged], { fleet: gate });
    expect(plan([], { spec }).spec.bridges).toEqual(spec.bridges);
    expect(plan([], { spec, fleet: gate }).spec.bridges).toBeUndefined();
  });

  it('names a bridge that cannot be, and makes the others', () => {
    const faulty = policy('faulty', { nicSelector: { pfNames: ['ens2f1'] }, bridge: { ovs: {} } });
    const result = plan([bridged, faulty], { fleet: gate });
    expect(result.spec.bridges?.ovs).toHaveLength(1);
    expect(result.problems).toMatchObject([{ name: 'faulty', message: 'spec.bridge requires eSwitchMode switchdev' }]);
  });
});

describe('planNodeState: the rest of its answer', () => {
  it('labels a node Enabled only where a VF group exists', () => {
    const policies = [policy('p', { nicSelector: { pfNames: ['ens2f0'] } })];
    expect(plan(policies).devicePluginLabel).toBe('Enabled');
    expect(plan(policies, { interfaces: [nic('other', '0000:01:00.0')] }).devicePluginLabel).toBe('Disabled');
  });

  it('labels a node Disabled that keeps its VFs until it reports, when no policy makes a resource of them', () => {
    const { spec } = plan([whole('p', 1)]);
    expect(plan([whole('p', 1)], { interfaces: [], spec }).devicePluginLabel).toBe('Enabled');
    expect(plan([], { interfaces: [], spec })).toMatchObject({ spec, devicePluginLabel: 'Disabled' });
  });

  it('labels a node Enabled whose policy can no longer be read, also where the old configuration is not known', () => {
    const { spec } = plan([whole('p', 1)]);
    expect(plan([whole('p', 1, { resourceName: 'a.b' })], { spec })).toMatchObject({
      spec,
      devicePluginLabel: 'Enabled',
    });
  });

  it('tells which PFs each policy configures', () => {
    const policies = [policy('all', { priority: 50, nicSelector: { vendor: '8086' } }), whole('one', 10)];
    expect([...plan(policies).matches]).toEqual([
      ['one', ['0000:3b:00.0']],
      ['all', ['0000:3b:00.1']],
    ]);
  });

  it('gives a node that has no state yet nothing but the mode of its pool', () => {
    const facts = { name: 'n1', labels: {}, state: undefined };
    const policies = [policy('p', { nicSelector: { vendor: '8086' } })];
    const pools = [pool('all', { rdmaMode: 'exclusive' })];
    expect(planNodeState(fleet(policies, { pools }), facts)).toMatchObject({
      spec: { system: { rdmaMode: 'exclusive' } },
      plannedFrom: undefined,
      devicePluginConfig: undefined,
      devicePluginLabel: undefined,
      undecided: ['p'],
      pool: 'all',
    });
  });

  it('says which PFs the plan was made from, those that nobody wants among them', () => {
    const policies = [policy('p', { nicSelector: { pfNames: ['ens2f0'] } })];
    expect([...(plan(policies).plannedFrom ?? [])]).toEqual(['0000:3b:00.0', '0000:3b:00.1']);
    expect(plan(policies, { interfaces: [] }).plannedFrom).toEqual(new Set());
  });

  it('says nothing new of where the spec comes from when all PFs have gone at once, and leaves the label', () => {
    const { spec } = plan([whole('p', 1)]);
    const labels = { [LABEL.devicePlugin]: 'Enabled' };
    const result = plan([whole('p', 1)], { interfaces: [], spec, labels });
    expect(result).toMatchObject({ spec, plannedFrom: undefined, devicePluginLabel: 'Enabled' });
  });

  it('keeps the mode of a node that has reported no device, whatever its pool says', () => {
    const pools = [pool('all', { rdmaMode: 'exclusive' })];
    expect(plan([], { interfaces: [], fleet: { pools } }).spec).toEqual({});
  });
});

describe('prepareFleet', () => {
  const config = (spec: object): Fleet => fleet([], { operatorConfig: { metadata: { name: 'default' }, spec } });
  const worker = { 'node-role.kubernetes.io/worker': '', 'kubernetes.io/os': 'linux' };

  it('manages Linux workers, or the nodes that the SriovOperatorConfig selects instead', () => {
    expect([isManaged(fleet([]), worker), isManaged(fleet([]), {})]).toEqual([true, false]);
    const chosen = config({ configDaemonNodeSelector: { nics: 'fast' } });
    expect([isManaged(chosen, worker), isManaged(chosen, { nics: 'fast' })]).toEqual([false, true]);
    expect(isManaged(config({ configDaemonNodeSelector: {} }), worker)).toBe(true);
  });

  it('manages none when it cannot tell which, and says so', () => {
    const odd = config({ configDaemonNodeSelector: { nics: 1 } });
    expect([isManaged(odd, worker), isManaged(odd, {})]).toEqual([false, false]);
    expect(odd.problems).toMatchObject([
      { kind: 'SriovOperatorConfig', name: 'default', reason: 'OperatorConfigInvalid' },
    ]);
  });

  it('does not mind what is wrong with other fields of the SriovOperatorConfig', () => {
    expect(isManaged(config({ configurationMode: 'magic' }), worker)).toBe(true);
  });
});
