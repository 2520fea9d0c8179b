import { describe, expect, it } from '@jest/globals';
import { readJson } from '@sriov/testing';
import { z } from 'zod';
import { node, nodeState, object, OPTIONS, policy, port, PORTS, type Ran, runOn } from '../test/test-run.ts';

const specSchema = z.looseObject({
  interfaces: z.array(z.looseObject({})).optional(),
  system: z.looseObject({}).optional(),
});
const plannedSchema = z.object({
  nodes: z.array(
    z.looseObject({
      name: z.string(),
      spec: specSchema,
      devicePluginConfig: z.string().optional(),
      devicePluginLabel: z.string().optional(),
    }),
  ),
  problems: z.array(z.record(z.string(), z.string())),
});
type Planned = z.output<typeof plannedSchema>;
type PlannedNode = Planned['nodes'][number];

const planned = ({ stdout }: Ran): Planned => readJson(plannedSchema, stdout);
const plan = async (...objects: object[]): Promise<Planned> =>
  planned(await runOn(objects, 'plan', '-o', 'json', ...OPTIONS));

/** The plan of a worker with the two ports, or with others. */
async function planOne(policies: readonly object[], interfaces: readonly object[] = PORTS): Promise<PlannedNode> {
  const { nodes } = await plan(node('n1'), nodeState('n1', interfaces), ...policies);
  expect(nodes).toHaveLength(1);
  return nodes[0] as PlannedNode;
}

const firstPf = async (...policies: object[]): Promise<unknown> => (await planOne(policies)).spec.interfaces?.[0];
const groups = (pf: unknown): string[] =>
  (pf as { vfGroups: { policyName: string; vfRange: string }[] }).vfGroups.map(
    ({ policyName, vfRange }) => `${policyName} ${vfRange}`,
  );
const whole = (name: string, priority: number, spec: object = {}): object =>
  policy(name, { priority, nicSelector: { pfNames: ['ens2f0'] }, ...spec });
const BASE = policy('base', {
  priority: 50,
  numVfs: 8,
  mtu: 1500,
  nicSelector: { vendor: '8086', deviceID: '1592', pfNames: ['ens2f0#0-3'] },
  resourceName: 'r_kernel',
  linkType: 'eth',
});
const fast = (spec: object = {}): object =>
  policy('fast', {
    priority: 10,
    numVfs: 8,
    mtu: 9000,
    nicSelector: { pfNames: ['ens2f0#4-7'] },
    deviceType: 'vfio-pci',
    resourceName: 'r_dpdk',
    ...spec,
  });

describe('plan: how policies merge on a PF', () => {
  it('shares a PF between two policies of different precedence', async () => {
    // The one with precedence leaves linkType open, so the other one's holds.
    expect((await planOne([BASE, fast()])).spec).toEqual({
      interfaces: [
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
      ],
    });
  });

  it('gives a whole PF to the policy with precedence', async () => {
    const pf = await firstPf(whole('base', 50, { numVfs: 16, mtu: 9000 }), whole('fast', 10, { numVfs: 4, mtu: 1500 }));
    expect(pf).toMatchObject({ numVfs: 4, mtu: 1500 });
    expect(groups(pf)).toEqual(['fast 0-3']);
  });

  it('takes the larger numbers where both rank equal, and the group of the later name', async () => {
    const pf = await firstPf(whole('base', 50, { numVfs: 16, mtu: 9000 }), whole('fast', 50, { numVfs: 4, mtu: 1500 }));
    expect(pf).toMatchObject({ numVfs: 16, mtu: 9000 });
    expect(groups(pf)).toEqual(['fast 0-3']);
  });

  it('keeps both ranges of one resource', async () => {
    const part = (name: string, range: string): object =>
      policy(name, { priority: 50, numVfs: 8, nicSelector: { pfNames: [`ens2f0#${range}`] } });
    expect(groups(await firstPf(part('a', '0-3'), part('b', '4-7')))).toEqual(['b 4-7', 'a 0-3']);
  });

  it('compares precedence on the PF itself, not with policies of others', async () => {
    const other = policy('p2', { priority: 10, nicSelector: { pfNames: ['ens2f1'] } });
    const pf = await firstPf(whole('p1', 50, { numVfs: 16 }), other, whole('p3', 10, { numVfs: 4 }));
    expect(pf).toMatchObject({ numVfs: 4 });
  });

  it('puts three parts in order of their precedence, under the largest numbers', async () => {
    const part = (name: string, priority: number, range: string, rest: object): object =>
      policy(name, { priority, nicSelector: { pfNames: [`ens2f0#${range}`] }, resourceName: `r_${name}`, ...rest });
    const pf = await firstPf(
      part('a', 30, '0-1', { numVfs: 6, mtu: 9000 }),
      part('b', 20, '2-3', { numVfs: 8 }),
      part('c', 10, '4-5', { numVfs: 6, eSwitchMode: 'legacy' }),
    );
    expect(groups(pf)).toEqual(['c 4-5', 'b 2-3', 'a 0-1']);
    expect(pf).toMatchObject({ numVfs: 8, mtu: 9000, eSwitchMode: 'legacy' });
  });
});

describe('plan: what a selector takes', () => {
  const NAMED = { ens2f0: '0-3' };
  it.each<[sentence: string, spec: object, ranges: Record<string, string>]>([
    ['a PF by its name', { nicSelector: { pfNames: ['ens2f0'] } }, NAMED],
    ['a PF by its alternative name', { nicSelector: { pfNames: ['left'] } }, NAMED],
    ['one VF', { numVfs: 1, nicSelector: { pfNames: ['ens2f0'] } }, { ens2f0: '0-0' }],
    ['a range', { numVfs: 8, nicSelector: { pfNames: ['ens2f0#2-3'] } }, { ens2f0: '2-3' }],
    ['a range by the alternative name', { numVfs: 8, nicSelector: { pfNames: ['left#2-3'] } }, { ens2f0: '2-3' }],
    ['all PFs of a vendor', { nicSelector: { vendor: '8086' } }, { ens2f0: '0-3', ens2f1: '0-3' }],
    ['nothing when it is empty', {}, {}],
    ['nothing without VFs', { numVfs: 0, nicSelector: { vendor: '8086' } }, {}],
  ])('takes %s', async (_, spec, ranges) => {
    const { spec: state } = await planOne([policy('p', spec)]);
    const taken = (state.interfaces ?? []).map(({ name, vfGroups }) => [
      name,
      (vfGroups as { vfRange: string }[]).map(({ vfRange }) => vfRange).join(),
    ]);
    expect(Object.fromEntries(taken)).toEqual(ranges);
  });

  it('ignores a policy named default', async () => {
    expect((await planOne([policy('default', { nicSelector: { vendor: '8086' } })])).spec).toEqual({});
  });

  it('leaves the spec of a node alone that has not reported its PFs', async () => {
    const before = { interfaces: [{ pciAddress: '0000:3b:00.0', numVfs: 2 }] };
    const { nodes } = await plan(
      node('n1'),
      nodeState('n1', [], before),
      policy('p', { nicSelector: { vendor: '8086' } }),
      object('SriovNetworkPoolConfig', 'pool', { rdmaMode: 'exclusive' }),
    );
    expect(nodes[0]?.spec).toEqual(before);
  });

  it.each([
    ['blanks beside the colon do not count', 'openstack/NetworkID:abc', 'openstack/NetworkID: abc', 1],
    ['another platform is another network', 'aws/NetworkID:abc', 'openstack/NetworkID:abc', 0],
  ])('compares net filters: %s', async (_, netFilter, present, count) => {
    const { spec } = await planOne(
      [policy('p', { numVfs: 1, nicSelector: { netFilter } })],
      [{ name: 'eth1', pciAddress: '0000:04:00.0', vendor: '1af4', deviceID: '1041', netFilter: present }],
    );
    expect(spec.interfaces ?? []).toHaveLength(count);
  });

  it('takes what the CRD defaults, and null for absent', async () => {
    const { nodes } = await plan(
      node('n1'),
      nodeState('n1', PORTS),
      policy('p', { mtu: null, nicSelector: { pfNames: ['ens2f0'] } }),
    );
    expect(nodes[0]?.spec.interfaces?.[0]?.['vfGroups']).toEqual([
      { resourceName: 'r', deviceType: 'netdevice', vfRange: '0-3', policyName: 'p' },
    ]);
  });
});

describe('plan: the configuration of the device plugin', () => {
  const configOf = async (policies: readonly object[], interfaces: readonly object[] = PORTS): Promise<string> =>
    (await planOne(policies, interfaces)).devicePluginConfig ?? '';

  it('writes the bytes that upstream writes', async () => {
    expect(await configOf([BASE, fast({ needVhostNet: true, excludeTopology: true })])).toBe(
      '{"resourceList":[{"resourceName":"r_kernel","selectors":{"vendors":["8086"],"devices":["1889"],"pfNames":["ens2f0#0-3"],"linkTypes":["ether"],"IsRdma":false,"NeedVhostNet":false},"SelectorObj":null},{"resourceName":"r_dpdk","excludeTopology":true,"selectors":{"pfNames":["ens2f0#4-7"],"IsRdma":false,"NeedVhostNet":true},"SelectorObj":null}]}',
    );
  });

  it('says null where no policy is about the node', async () => {
    expect(await planOne([])).toMatchObject({
      devicePluginConfig: '{"resourceList":null}',
      devicePluginLabel: 'Disabled',
    });
  });

  const selectors = (json: string): string =>
    `{"resourceList":[{"resourceName":"r","selectors":${json},"SelectorObj":null}]}`;
  const FLAGS = '"IsRdma":false,"NeedVhostNet":false';
  const byVendor = { nicSelector: { vendor: '8086' } };
  it.each<[sentence: string, spec: object, text: string]>([
    ['InfiniBand', { ...byVendor, linkType: 'IB' }, `{"vendors":["8086"],"linkTypes":["infiniband"],${FLAGS}}`],
    [
      'RDMA',
      { ...byVendor, linkType: 'ib', isRdma: true },
      '{"vendors":["8086"],"linkTypes":["infiniband"],"IsRdma":true,"NeedVhostNet":false}',
    ],
    [
      'no link type with vfio-pci',
      { ...byVendor, linkType: 'IB', deviceType: 'vfio-pci' },
      `{"vendors":["8086"],${FLAGS}}`,
    ],
    ['the device id of the VFs', { nicSelector: { deviceID: '1017' } }, `{"devices":["1018"],${FLAGS}}`],
    [
      'the device id of the PF when there are no VFs',
      { numVfs: 0, nicSelector: { deviceID: '1017' } },
      `{"devices":["1017"],${FLAGS}}`,
    ],
    [
      'the real name behind an alternative one',
      { numVfs: 8, nicSelector: { pfNames: ['left#4-7', 'gone'] } },
      `{"pfNames":["ens2f0#4-7","gone"],${FLAGS}}`,
    ],
    [
      'vDPA',
      { nicSelector: { pfNames: ['ens2f0'] }, vdpaType: 'vhost' },
      `{"pfNames":["ens2f0"],${FLAGS},"vdpaType":"vhost"}`,
    ],
  ])('writes %s', async (_, spec, text) => {
    expect(await configOf([policy('p', spec)])).toBe(selectors(text));
  });

  it('writes no resource for a model that the node lacks and whose VFs nobody knows', async () => {
    expect(await configOf([policy('p', { nicSelector: { deviceID: 'abcd' } })])).toBe('{"resourceList":null}');
  });

  it('writes the addresses of ports that a net filter selects, and nothing else', async () => {
    const interfaces = [
      {
        name: 'eth1',
        pciAddress: '0000:04:00.0',
        vendor: '1af4',
        deviceID: '1041',
        netFilter: 'openstack/NetworkID:a',
      },
      {
        name: 'eth2',
        pciAddress: '0000:05:00.0',
        vendor: '1af4',
        deviceID: '1041',
        netFilter: 'openstack/NetworkID:b',
      },
    ];
    const policies = [policy('p', { numVfs: 1, nicSelector: { netFilter: 'openstack/NetworkID:a' } })];
    expect(await configOf(policies, interfaces)).toBe(selectors(`{"pciAddresses":["0000:04:00.0"],${FLAGS}}`));
  });

  it('makes one resource of two policies that name it, decided by precedence', async () => {
    const policies = [
      policy('low', { priority: 50, nicSelector: { vendor: '8086', rootDevices: ['0000:3b:00.0'] }, isRdma: false }),
      policy('high', { priority: 10, nicSelector: { vendor: '15b3', rootDevices: ['0000:5e:00.0'] }, isRdma: true }),
    ];
    expect(await configOf(policies, [...PORTS, port('ens3f0', '0000:5e:00.0', { vendor: '15b3' })])).toBe(
      selectors(
        '{"vendors":["8086","15b3"],"rootDevices":["0000:3b:00.0","0000:5e:00.0"],"IsRdma":true,"NeedVhostNet":false}',
      ),
    );
  });

  it('leaves excludeTopology out when the policy with precedence does not exclude it', async () => {
    const policies = [
      policy('low', { priority: 50, ...byVendor, excludeTopology: true }),
      policy('high', { priority: 10, ...byVendor, excludeTopology: false }),
    ];
    expect(await configOf(policies)).toBe(selectors(`{"vendors":["8086"],${FLAGS}}`));
  });

  it('takes the VF device id from the list in the input', async () => {
    const list = {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'supported-nic-ids', namespace: 'sriov-system' },
      data: { Mine: '8086 abcd abce' },
    };
    const policies = [policy('p', { nicSelector: { deviceID: 'abcd' } }), list];
    expect(await configOf(policies)).toBe(selectors(`{"devices":["abce"],${FLAGS}}`));
  });
});

describe('plan: nodes and problems', () => {
  it('lists managed nodes by name, and no others', async () => {
    const { nodes } = await plan(node('b'), node('a'), node('c', { 'kubernetes.io/os': 'windows' }));
    expect(nodes.map(({ name }) => name)).toEqual(['a', 'b']);
  });

  it('takes the node selector of the SriovOperatorConfig', async () => {
    const config = object('SriovOperatorConfig', 'default', { configDaemonNodeSelector: { nic: 'fast' } });
    const { nodes } = await plan(node('a'), node('b', { nic: 'fast' }), config);
    expect(nodes.map(({ name }) => name)).toEqual(['b']);
  });

  it('tells of nodes that are no longer managed, and of what they lose', async () => {
    const config = object('SriovOperatorConfig', 'default', { configDaemonNodeSelector: { sriov: 'yes' } });
    const { stdout } = await runOn(
      [config, node('stays', { sriov: 'yes' }), node('goes'), nodeState('goes', PORTS), node('never')],
      ...['plan', ...OPTIONS],
    );
    expect(stdout).toContain('Not managed: 2 nodes (goes, never), because they lack the labels sriov=yes\n');
    expect(stdout).toContain(
      'No longer managed: 1 node (goes): the device plugin leaves at once, and the SriovNetworkNodeState after a while\n',
    );
  });

  it('assumes a managed node for a node state without a Node', async () => {
    const ran = await runOn(
      [
        nodeState('n1', PORTS),
        policy('p', { nodeSelector: { 'node-role.kubernetes.io/worker': '' }, nicSelector: { pfNames: ['ens2f0'] } }),
        policy('q', { nodeSelector: { zone: 'a' }, nicSelector: { pfNames: ['ens2f1'] } }),
      ],
      ...['plan', '-o', 'json', ...OPTIONS],
    );
    expect(planned(ran).nodes[0]?.spec.interfaces).toHaveLength(1);
    expect(ran.stderr).toContain('note: n1: there is no Node object');
  });

  it('tells of objects that stand outside the namespace of the operator', async () => {
    const { stdout, stderr } = await runOn([node('n1'), nodeState('n1', PORTS)], 'plan');
    expect(stdout).toContain('Unchanged: 1 node (n1)');
    expect(stderr).toContain(
      'note: SriovNetworkNodeState of the namespace sriov-system are not used: that of the operator is sriov-network-operator (--operator-namespace)',
    );
  });

  it('tells of a list of NICs that is not the one of the operator', async () => {
    const list = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'supported-nic-ids', namespace: 'apps' } };
    const others = { ...list, metadata: { name: 'something', namespace: 'apps' } };
    expect((await runOn([list, others, BASE], 'plan', ...OPTIONS)).stderr).toContain(
      'note: ConfigMap of the namespace apps are not used',
    );
    expect((await runOn([others, BASE], 'plan', ...OPTIONS)).stderr).not.toContain('ConfigMap');
  });

  it('takes a spec of null for none', async () => {
    const bare = { ...nodeState('n1', PORTS), spec: null };
    expect((await plan(node('n1'), bare)).nodes).toMatchObject([{ name: 'n1', spec: {} }]);
  });

  it('takes the RDMA mode of the pool', async () => {
    const { nodes } = await plan(
      node('n1'),
      nodeState('n1', PORTS),
      object('SriovNetworkPoolConfig', 'pool', { rdmaMode: 'exclusive' }),
    );
    expect(nodes[0]?.spec).toEqual({ system: { rdmaMode: 'exclusive' } });
  });

  it('makes bridges where the feature gate says so', async () => {
    const withBridge = policy('p', {
      nicSelector: { pfNames: ['ens2f0'] },
      eSwitchMode: 'switchdev',
      bridge: { ovs: {} },
    });
    const gate = object('SriovOperatorConfig', 'default', { featureGates: { manageSoftwareBridges: true } });
    const objects = [node('n1'), nodeState('n1', PORTS), withBridge];
    expect((await plan(...objects)).nodes[0]?.spec).not.toHaveProperty('bridges');
    expect((await plan(...objects, gate)).nodes[0]?.spec).toHaveProperty('bridges.ovs.0.name', 'br-0000_3b_00.0');
  });

  it('tells of everything that is wrong with what, and plans the rest', async () => {
    const { nodes, problems } = await plan(
      node('n1'),
      nodeState('n1', PORTS),
      policy('broken', { nicSelector: { pfNames: ['ens2f1#3'] } }),
      policy('greedy', { numVfs: 65, nicSelector: { pfNames: ['ens2f1'] } }),
      policy('good', { nicSelector: { pfNames: ['ens2f0'] } }),
      policy('typed', { numVfs: 'four', nicSelector: { pfNames: ['ens2f1'] } }),
      object('SriovNetworkNodePolicy', { name: 'elsewhere', namespace: 'apps' }, {}),
      object('SriovNetworkPoolConfig', 'one', {}),
      object('SriovNetworkPoolConfig', 'two', {}),
      object('SriovNetworkPoolConfig', { name: 'far', namespace: 'apps' }, {}),
      {
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: { name: 'supported-nic-ids' },
        data: { MyNIC: '8086 1521' },
      },
    );
    expect(nodes[0]?.spec.interfaces?.map(({ name }) => name)).toEqual(['ens2f0']);
    expect(problems.map(({ kind, name, node: where, reason }) => [kind, name, where, reason])).toEqual([
      ['SriovNetworkNodePolicy', 'broken', undefined, 'PolicyInvalid'],
      ['SriovNetworkNodePolicy', 'typed', undefined, 'PolicyInvalid'],
      ['ConfigMap', 'supported-nic-ids', undefined, 'NicListInvalid'],
      ['SriovNetworkNodePolicy', 'elsewhere', undefined, 'WrongNamespace'],
      ['SriovNetworkPoolConfig', 'far', undefined, 'WrongNamespace'],
      ['SriovNetworkNodePolicy', 'greedy', 'n1', 'TooManyVirtualFunctions'],
      ['SriovNetworkPoolConfig', 'one', 'n1', 'NodeInSeveralPools'],
      ['SriovNetworkPoolConfig', 'two', 'n1', 'NodeInSeveralPools'],
    ]);
    expect(Object.keys(problems[0] ?? {})).toEqual(['kind', 'name', 'reason', 'message']);
  });

  it('plans nothing while the SriovOperatorConfig cannot be read, and says so', async () => {
    const config = object('SriovOperatorConfig', 'default', { configDaemonNodeSelector: { nic: true } });
    const { nodes, problems } = await plan(node('n1'), nodeState('n1', PORTS), whole('p', 10), config);
    expect(nodes).toEqual([]);
    expect(problems).toMatchObject([{ kind: 'SriovOperatorConfig', name: 'default', reason: 'OperatorConfigInvalid' }]);
  });

  it.each(['device-plugin-config', 'device-plugin-config-3'])('compares resources with those in %s', async (name) => {
    const metadata = { name, namespace: 'sriov-system' };
    const { spec, devicePluginConfig = '' } = await planOne([BASE]);
    const before = (text: string): object[] => [
      node('n1', { 'sriovnetwork.openshift.io/device-plugin': 'Enabled' }),
      nodeState('n1', PORTS, spec),
      { apiVersion: 'v1', kind: 'ConfigMap', metadata, data: { n1: text } },
      BASE,
    ];
    const summary = async (text: string): Promise<string> =>
      (await runOn(before(text), 'plan', ...OPTIONS)).stdout.split(',')[0] ?? '';
    expect(await summary(devicePluginConfig)).toBe('0 nodes change');
    expect(await summary(devicePluginConfig.replace('ether', 'infiniband'))).toBe('1 node changes');
  });

  it('counts a port that others manage, and one that stays, as neither created nor destroyed', async () => {
    const { stdout } = await runOn(
      [
        node('n1'),
        nodeState('n1', [port('ens2f0', '0000:3b:00.0', { numVfs: 4 }), port('ens2f1', '0000:3b:00.1', { numVfs: 4 })]),
        policy('p', { nicSelector: { pfNames: ['ens2f0'] }, externallyManaged: true, numVfs: 4 }),
        policy('q', { nicSelector: { pfNames: ['ens2f1'] }, numVfs: 4 }),
      ],
      'plan',
      ...OPTIONS,
    );
    expect(stdout).toMatch(/^1 node changes, 0 VFs created, 0 destroyed\n/);
  });

  it('shows a group that somebody edited by hand for what it is', async () => {
    const edited = { interfaces: [{ pciAddress: '0000:3b:00.0', numVfs: 1, vfGroups: [{ vfRange: '0-0' }] }] };
    const { stdout } = await runOn([node('n1'), nodeState('n1', PORTS, edited)], 'plan', ...OPTIONS);
    expect(stdout).toMatch(/VFs 0-0 +no resource +-\n/);
  });

  it('tells of a node that has not reported its PFs that nothing is planned for it, and plans the others', async () => {
    const labels = { 'sriovnetwork.openshift.io/device-plugin': 'Enabled' };
    const objects = [node('n1', labels), node('n2', labels), nodeState('n2', PORTS), BASE];
    const { stdout } = await runOn(objects, 'plan', ...OPTIONS);
    expect(stdout).toMatch(/^1 node changes/);
    expect(stdout).toContain(
      'Not planned yet: 1 node (n1), whose daemon has not reported its PFs: all stays as it is\n',
    );
  });

  it('planning what was planned changes nothing', async () => {
    const objects = [node('n1', { 'sriovnetwork.openshift.io/device-plugin': 'Enabled' }), BASE, fast()];
    const first = await plan(...objects, nodeState('n1', PORTS));
    const { stdout } = await runOn([...objects, nodeState('n1', PORTS, first.nodes[0]?.spec)], 'plan', ...OPTIONS);
    expect(stdout).toBe('0 nodes change, 0 VFs created, 0 destroyed\n\nUnchanged: 1 node (n1)\n');
  });
});

describe('plan: what the daemon will do', () => {
  const reported = (name: string, pciAddress: string, rest: object = {}): object =>
    port(name, pciAddress, { driver: 'ice', mtu: 1500, linkType: 'ETH', linkAdminState: 'up', ...rest });
  const text = async (policies: readonly object[], interfaces: readonly object[], spec: object = {}): Promise<string> =>
    (await runOn([node('n1'), nodeState('n1', interfaces, spec), ...policies], 'plan', ...OPTIONS)).stdout;
  const four = policy('p', { nicSelector: { pfNames: ['ens2f0'] } });
  const group = { resourceName: 'r', deviceType: 'netdevice', vfRange: '0-3', policyName: 'p' };
  const ordered = { interfaces: [{ pciAddress: '0000:3b:00.0', name: 'ens2f0', numVfs: 4, vfGroups: [group] }] };

  it('compares with what stands on the host: VFs that were ordered and are not there are a change', async () => {
    const stdout = await text([four], [reported('ens2f0', '0000:3b:00.0')], ordered);
    expect(stdout).toMatch(/^1 node changes, 4 VFs created, 0 destroyed\n/);
    expect(stdout).toMatch(/ens2f0 .* number of VFs +0 +4\n/);
  });

  it('tells of VFs that have lost their driver', async () => {
    const vf = (vfID: number, driver?: string): object => ({ vfID, pciAddress: `0000:3b:02.${vfID}`, driver });
    const Vfs = [vf(0, 'iavf'), vf(1), vf(2), vf(3, 'vfio-pci')];
    const stdout = await text([four], [reported('ens2f0', '0000:3b:00.0', { numVfs: 4, Vfs })], ordered);
    expect(stdout).toMatch(/^1 node changes, 0 VFs created, 0 destroyed\n/);
    expect(stdout).toMatch(/driver of VFs 1-2 +none +iavf\n/);
    expect(stdout).toMatch(/driver of VFs 3-3 +vfio-pci +iavf\n/);
  });

  it('promises no VF that the firmware of a Mellanox NIC does not allow, and says what it takes', async () => {
    const mellanox = (name: string, pciAddress: string, totalvfs: number): object =>
      reported(name, pciAddress, { vendor: '15b3', deviceID: '1017', driver: 'mlx5_core', totalvfs });
    const stdout = await text(
      [policy('p', { numVfs: 3, nicSelector: { vendor: '15b3' } })],
      [mellanox('ens3f0', '0000:5e:00.0', 0), mellanox('ens3f1', '0000:5e:00.1', 1)],
    );
    expect(stdout).toMatch(/^1 node changes, 0 VFs created, 0 destroyed\n/);
    expect(stdout).not.toContain('number of VFs');
    expect(stdout).toMatch(/ens3f0 .*nothing is done +- +comes with a reboot: 3 VFs are wanted, .*allows 0\n/);
    expect(stdout).toMatch(/ens3f1 .*nothing is done +- +comes with a reboot: 3 VFs are wanted, .*allows 1\n/);
    expect(stdout).not.toContain('Unsupported');
  });

  it('shows no change of number on a PF whose VFs somebody else makes', async () => {
    const external = policy('p', { nicSelector: { pfNames: ['ens2f0'] }, externallyManaged: true });
    const fewer = await text([external], [reported('ens2f0', '0000:3b:00.0', { numVfs: 2 })]);
    expect(fewer).not.toContain('number of VFs');
    expect(fewer).toMatch(/SriovNetworkNodePolicy p: SpecInvalid on n1\n.*4 VFs are wanted, and its owner has made 2/);
    const more = await text([external], [reported('ens2f0', '0000:3b:00.0', { numVfs: 6 })]);
    expect(more).not.toContain('number of VFs');
    expect(more).not.toContain('SpecInvalid');
  });

  it('shows the eSwitch mode that a policy wants of a NIC that has an eSwitch', async () => {
    const switchdev = policy('p', { nicSelector: { pfNames: ['ens2f0'] }, eSwitchMode: 'switchdev' });
    const stdout = await text([switchdev], [reported('ens2f0', '0000:3b:00.0')]);
    expect(stdout).toMatch(/ eSwitch mode +legacy +switchdev\n/);
    expect(stdout).toMatch(/^1 node changes, 4 VFs created/);
  });

  it('shows the eSwitch mode and the RDMA mode that a node has lost, although nothing else is wanted of it', async () => {
    const switchdev = policy('p', { nicSelector: { pfNames: ['ens2f0'] }, eSwitchMode: 'switchdev' });
    const pool = object('SriovNetworkPoolConfig', 'pool', { rdmaMode: 'exclusive' });
    const interfaces = [reported('ens2f0', '0000:3b:00.0', { driver: 'mlx5_core', eSwitchMode: 'legacy' })];
    const before = { ...ordered, system: { rdmaMode: 'exclusive' } };
    const wanted = { ...before, interfaces: [{ ...ordered.interfaces[0], eSwitchMode: 'switchdev' }] };
    const state = nodeState('n1', interfaces, wanted);
    const status = { ...(state as { status: object }).status, system: { rdmaMode: 'shared' } };
    const { stdout } = await runOn([node('n1'), { ...state, status }, switchdev, pool], 'plan', ...OPTIONS);
    expect(stdout).toMatch(/ eSwitch mode +legacy +switchdev\n/);
    expect(stdout).toMatch(/ RDMA mode +shared +exclusive\n/);
  });

  describe('about bridges', () => {
    const NAME = 'br-0000_3b_00.0';
    const gate = object('SriovOperatorConfig', 'default', { featureGates: { manageSoftwareBridges: true } });
    const bridged = (failMode?: string): object =>
      policy('p', {
        nicSelector: { pfNames: ['ens2f0'] },
        eSwitchMode: 'switchdev',
        bridge: { ovs: { bridge: { ...(failMode && { failMode }) } } },
      });
    const entry = { name: NAME, bridge: {}, uplinks: [{ pciAddress: '0000:3b:00.0', name: 'ens2f0' }] };
    const interfaces = [reported('ens2f0', '0000:3b:00.0', { driver: 'mlx5_core' })];
    /** The rows of bridges in the plan of a node whose spec and status have the bridges. */
    async function rows(policies: readonly object[], spec: object[], status: object[]): Promise<string[]> {
      const state = nodeState('n1', interfaces, { ...ordered, bridges: { ovs: spec } });
      const told = { ...(state as { status: object }).status, bridges: { ovs: status } };
      const { stdout } = await runOn([node('n1'), { ...state, status: told }, gate, ...policies], 'plan', ...OPTIONS);
      return stdout.split('\n').flatMap((line) => (line.includes(NAME) ? line.trim().replace(/ +/g, ' ') : []));
    }

    it.each<[string, readonly object[], object[], object[], string[]]>([
      ['made', [bridged()], [], [], [`bridge ${NAME} - present, with the uplink ens2f0`]],
      ['made again where it has gone', [bridged()], [entry], [], [`bridge ${NAME} - present, with the uplink ens2f0`]],
      ['removed', [], [entry], [entry], [`bridge ${NAME} present -`]],
      [
        'changed, without its uplink while the PF changes',
        [bridged('secure')],
        [entry],
        [entry],
        [`bridge ${NAME} uplink ens2f0 without ens2f0 for a while`, `${NAME} present changed`],
      ],
    ])('says which are %s', async (_, policies, spec, status, expected) => {
      expect(await rows(policies, spec, status)).toEqual(expected);
    });
  });

  it('shows switchdev of a NIC without an eSwitch as refused, and none of its VFs', async () => {
    const switchdev = policy('p', { nicSelector: { pfNames: ['ens2f0'] }, eSwitchMode: 'switchdev' });
    const stdout = await text([switchdev], [reported('ens2f0', '0000:3b:00.0', { driver: 'i40e' })]);
    expect(stdout).toMatch(/ens2f0 .* nothing is done +- +refused by the daemon: Unsupported\n/);
    expect(stdout).toMatch(/^1 node changes, 0 VFs created/);
  });
});
