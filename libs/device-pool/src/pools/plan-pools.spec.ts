import { describe, expect, it } from '@jest/globals';
import { type ObservedDevice } from '@sriov/observed-host';
import { INTEL_HOST, INTEL_PF, intelVf, MLX_HOST, MLX_PF, nic } from '../test/hosts.ts';
import { listed, planOf } from '../test/plan.ts';
import { type PoolFacts } from './pool.ts';

const vf = (index: number): string => `0000:3b:02.${index}`;
const onIntel = (...resources: object[]): Record<string, string[]> =>
  listed(planOf(resources, { devices: INTEL_HOST }));
const name = (resourceName: string, selectors: unknown): object => ({ resourceName, selectors });
const A = name('a', { pfNames: ['ens1f0'] });
const holder = (resource: string, pod = 'default/web'): { resource: string; pod: string }[] => [{ resource, pod }];

describe('which devices a resource offers', () => {
  it.each<[string, unknown, string[]]>([
    ['the driver', { drivers: ['iavf'] }, [vf(0)]],
    [
      'a range of VFs, the name of the PF in another case',
      [{ drivers: ['vfio-pci'], pfNames: ['ENS1F0#1-2'] }],
      [vf(1), vf(2)],
    ],
    [
      'two entries of one PF, which count together',
      { pfNames: ['ens1f0#0', 'ens1f0#3'], drivers: ['igb_uio'] },
      [vf(3)],
    ],
    ['the address of the PF', { rootDevices: ['0000:3b:00.0#3,0'] }, [vf(0), vf(3)]],
    ['a device id, without the device that the host uses', { devices: ['1521'] }, ['0000:5f:00.0']],
    ['the PF: not itself, and no VF without a driver', { pfNames: ['ens1f0'] }, [0, 1, 2, 3].map(vf)],
    ['the PCI address', { pciAddresses: [vf(1), vf(4)] }, [vf(1)]],
    ['another name of a PF', { pfNames: ['ens1f1', 'ens9#0'] }, []],
    ['one of several selectors of a kind', { vendors: ['15b3', '8086'], drivers: ['igb_uio', 'iavf'] }, [vf(0), vf(3)]],
    ['the ACPI index, which none has', { acpiIndexes: ['1'] }, []],
    ['the address of a PF in another place', { rootDevices: ['0000:3b:00.1'] }, []],
    ['nothing', {}, [...[0, 1, 2, 3].map(vf), '0000:5f:00.0']],
    ['a range that cannot be read', [{ pfNames: ['ens1f0#0-1-2'] }, { pfNames: ['ens1f0#0,x'] }], [vf(0)]],
    ['a vendor in upper case', { vendors: ['15B3'] }, []],
    ['half an address', { pciAddresses: ['3b:02.0'] }, []],
    ['a PF that is named twice', { pfNames: ['ens1f0#0#1'] }, []],
    ['another link type', { linkTypes: ['infiniband'] }, []],
    ['the link type', { linkTypes: ['infiniband', 'ether'], rootDevices: ['0000:3b:00.0#3'] }, [vf(3)]],
    ['a partition key, which none has', { pKeys: ['0x8005'] }, []],
    ['a vDPA type that there is not', { vdpaType: 'magic' }, []],
  ])('by %s', (_, selectors, ids) => {
    expect(onIntel(name('x', selectors))).toEqual({ x: ids });
  });

  it('gives a device that fits two resources to the first', () => {
    const both = [name('plain', { drivers: ['iavf'] }), name('uio2', { rootDevices: ['0000:3b:00.0#3,0'] })];
    expect(onIntel(...both)).toEqual({ plain: [vf(0)], uio2: [vf(3)] });
  });

  it('hands out accelerators, by fewer selectors', () => {
    const fpga = { resourceName: 'fpga', deviceType: 'accelerator', selectors: { acpiIndexes: ['none'] } };
    expect(onIntel(fpga)).toEqual({ fpga: ['0000:af:00.0'] });
  });

  it('hands out VFs with RDMA, and SFs by their number', () => {
    const roce = name('roce', { vendors: ['15b3'], IsRdma: true, NeedVhostNet: true });
    const sfs = {
      resourceName: 'sfs',
      deviceType: 'auxNetDevice',
      selectors: [{ auxTypes: ['sf'], pfNames: ['ens1f0#88-90'], isRdma: true }, { auxTypes: ['sf'] }],
    };
    const { pools } = planOf([roce, sfs], { devices: MLX_HOST });
    expect(pools.map(({ devices }) => devices.map(({ id, wants, numaNode }) => [id, wants.isRdma, numaNode]))).toEqual([
      [['0000:d8:00.2', true, 1]],
      [
        ['mlx5_core.sf.4', true, 1],
        ['mlx5_core.sf.5', false, 1],
      ],
    ]);
  });

  it('tells InfiniBand VFs by their partition key, and devices by their ACPI index', () => {
    const devices = [intelVf(0, { pKey: '0x8005' }), intelVf(1, { acpiIndex: '7' })];
    expect(listed(planOf([name('ib', { pKeys: ['0x8005', '0xffff'] })], { devices }))).toEqual({ ib: [vf(0)] });
    expect(listed(planOf([name('x', { acpiIndexes: ['7'] })], { devices }))).toEqual({ x: [vf(1)] });
  });

  it('takes no SF for a device of the PF, and none of another type for an SF', () => {
    const sfs = { resourceName: 'sfs', deviceType: 'auxNetDevice', selectors: { auxTypes: ['sf'] } };
    const [sf] = MLX_HOST.filter(({ auxType }) => auxType === 'sf');
    expect(listed(planOf([name('x', {}), sfs], { devices: [{ ...sf!, auxType: 'eth' }] }))).toEqual({ x: [], sfs: [] });
  });

  it('names no VF by an index that is not known', () => {
    const parent = { pciAddress: '0000:3b:00.0', name: 'ens1f0' };
    const plan = planOf([name('x', { pfNames: ['ens1f0#0-7'] }), A], { devices: [intelVf(0, { parent })] });
    expect(listed(plan)).toEqual({ x: [], a: [vf(0)] });
  });

  it('takes what a container gets from the selector that the device fits as it is', () => {
    const x = name('x', [
      { drivers: ['vfio-pci'] },
      { drivers: ['iavf'], needVhostNet: true },
      { drivers: ['iavf'], isRdma: true },
    ]);
    const { pools } = planOf([x], { devices: [intelVf(0, { isRdma: true })] });
    expect(pools[0]?.devices[0]?.wants).toEqual({ isRdma: false, needVhostNet: true });
  });

  it('gives a device to the resource whose driver it has, whichever listed it last', () => {
    const both = [name('kernel', { drivers: ['iavf'] }), name('dpdk', { drivers: ['vfio-pci'] })];
    const known = new Map([[vf(0), 'intel.com/kernel']]);
    const plan = planOf(both, { devices: [intelVf(0, { driver: 'vfio-pci' })], known });
    expect(listed(plan)).toEqual({ kernel: [], dpdk: [vf(0)] });
    expect(plan.heldBack).toEqual([]);
  });

  it.each([
    ['that listed it last', 'dpdk', { kernel: [], dpdk: [`-${vf(0)}`] }],
    ['that is the first, where none did', 'other', { kernel: [], dpdk: [] }],
  ])('leaves a device without its driver in the resource %s', (_, last, expected) => {
    const both = [name('kernel', { drivers: ['iavf'] }), name('dpdk', { drivers: ['vfio-pci'] })];
    const { driver: __, ...bare } = intelVf(0);
    const plan = planOf(both, { devices: [bare], known: new Map([[vf(0), `intel.com/${last}`]]) });
    expect(listed(plan)).toEqual(expected);
    expect(plan.heldBack).toHaveLength(1);
  });

  it('tells vDPA devices by what drives them', () => {
    const device = (type?: 'vhost'): ObservedDevice =>
      nic('0000:65:00.3', { driver: 'mlx5_core', vdpa: { name: 'vdpa9', ...(type && { type }) } });
    const vd = name('vd', { vdpaType: 'vhost' });
    expect(listed(planOf([vd], { devices: [device('vhost')] }))).toEqual({ vd: ['0000:65:00.3'] });
    expect(listed(planOf([vd], { devices: [device()] }))).toEqual({ vd: [] });
  });

  it('leaves the NUMA node out where the resource excludes it', () => {
    const plan = planOf([{ resourceName: 'x', excludeTopology: true, selectors: { drivers: ['iavf'] } }], {
      devices: INTEL_HOST,
    });
    expect(plan.pools[0]?.devices[0]).not.toHaveProperty('numaNode');
    expect(plan.pools[0]?.devices[0]?.id).toBe(vf(0));
  });

  it('has no NUMA node where the kernel tells none', () => {
    const { pools } = planOf([name('u', { drivers: ['igb_uio'] })], { devices: INTEL_HOST });
    expect(pools[0]?.devices.map((device) => Object.hasOwn(device, 'numaNode'))).toEqual([false]);
  });
});

describe('what is held back', () => {
  const devices = [intelVf(0), intelVf(1)];
  const known = new Map([
    [vf(0), 'intel.com/a'],
    [vf(1), 'intel.com/a'],
  ]);

  it('withdraws the VFs that are about to change, those of a PF all together', () => {
    const withdrawn = [{ pf: '0000:3b:00.0', because: 'numVfs changes from 8 to 4' }];
    const plan = planOf([A], { devices, withdrawn, known });
    expect(listed(plan)).toEqual({ a: [`-${vf(0)}`, `-${vf(1)}`] });
    expect(plan.heldBack).toEqual([
      {
        resource: 'intel.com/a',
        devices: [vf(0), vf(1)],
        reason: 'Withdrawn',
        message: 'intel.com/a: ens1f0 VF 0-1 are not offered: numVfs changes from 8 to 4',
      },
    ]);
  });

  it('withdraws a PF that gets VFs, its SFs with all its VFs, and nothing else', () => {
    const [pf, other] = ['0000:5f:00.0', '0000:5e:00.0'].map((id) => nic(id, { driver: 'igb' }));
    const x = name('x', { devices: ['1521'] });
    const all = [{ pf: '0000:5f:00.0', because: 'numVfs changes from 0 to 4' }];
    const knownAs = (resource: string, ids: readonly string[]): PoolFacts['known'] =>
      new Map(ids.map((id) => [id, `intel.com/${resource}`]));
    const listedPf = knownAs('x', ['0000:5f:00.0']);
    expect(listed(planOf([x], { devices: [pf!, other!], withdrawn: all, known: listedPf }))).toEqual({
      x: ['-0000:5f:00.0', '0000:5e:00.0'],
    });
    const some = [{ pf: '0000:5f:00.0', vfs: [0], because: 'another driver' }];
    expect(listed(planOf([x], { devices: [pf!, other!], withdrawn: some }))).toEqual({
      x: ['0000:5f:00.0', '0000:5e:00.0'],
    });
    const sfs = { resourceName: 'sfs', deviceType: 'auxNetDevice', selectors: { auxTypes: ['sf'] } };
    const ofSfs = (vfs?: number[]): unknown =>
      listed(
        planOf([sfs], {
          ...{ devices: MLX_HOST, known: knownAs('sfs', ['mlx5_core.sf.4', 'mlx5_core.sf.5']) },
          withdrawn: [{ pf: MLX_PF.pciAddress, because: 'x', ...(vfs && { vfs }) }],
        }),
      );
    expect(ofSfs()).toEqual({ sfs: ['-mlx5_core.sf.4', '-mlx5_core.sf.5'] });
    expect(ofSfs([88])).toEqual({ sfs: ['mlx5_core.sf.4', 'mlx5_core.sf.5'] });
  });

  it.each<[string, unknown, Partial<ObservedDevice>, string]>([
    [
      'another driver',
      { drivers: ['vfio-pci', 'igb_uio'] },
      {},
      'the driver is iavf, and the resource asks for vfio-pci or igb_uio',
    ],
    ['no RDMA', { isRdma: true }, {}, 'there is no RDMA device, and the resource asks for one'],
    [
      'another link type',
      { linkTypes: ['infiniband'] },
      {},
      'the link type is ether, and the resource asks for infiniband',
    ],
    ['no partition key', { pKeys: ['0x8005'] }, {}, 'the partition key is unknown, and the resource asks for 0x8005'],
    [
      'another vDPA type',
      { vdpaType: 'vhost' },
      { vdpa: { name: 'vdpa9', type: 'virtio' } },
      'there is no vDPA device of the type vhost, and the resource asks for one',
    ],
  ])('says what is missing: %s', (_, selectors, facts, cause) => {
    const { heldBack } = planOf([name('x', selectors)], { devices: [intelVf(2, facts)] });
    expect(heldBack).toEqual([
      {
        ...{ resource: 'intel.com/x', devices: [vf(2)], reason: 'WrongDriver' },
        message: `intel.com/x: ens1f0 VF 2 is not offered: ${cause}`,
      },
    ]);
  });

  it.each<[string, ObservedDevice['hostUses'], string, string]>([
    ['uses', [{ kind: 'default-route' }], 'HostInterface', 'in use by the host (its default route)'],
    [
      'may use',
      [{ kind: 'unknown', cause: 'ip route failed' }],
      'Unreadable',
      'in use by an unknown user, because something could not be read: ip route failed',
    ],
    [
      'uses in one way, and may use in others',
      [
        { kind: 'unknown', cause: 'ip route failed' },
        { kind: 'address', address: '10.0.0.1/8' },
      ],
      'HostInterface',
      'in use by the host (address 10.0.0.1/8)',
    ],
  ])('says who has a device that the host %s', (_, hostUses, reason, cause) => {
    const { pools, heldBack } = planOf([A], { devices: [intelVf(0, { hostUses })] });
    expect(pools[0]?.devices).toEqual([]);
    expect(heldBack).toEqual([
      {
        ...{ resource: 'intel.com/a', devices: [vf(0)], reason },
        message: `intel.com/a: ens1f0 VF 0 is not offered: ${cause}`,
      },
    ]);
  });

  it('names VFs of several PFs in order, and other devices by their ids', () => {
    const parent = { pciAddress: '0000:3b:00.1', name: 'ens1f1' };
    const devices = [
      ...[intelVf(3), intelVf(1), intelVf(2)],
      ...[intelVf(5, { parent: { ...parent, index: 9 } }), intelVf(6, { parent })],
      intelVf(7, { parent: { pciAddress: '0000:3b:00.1', index: 4 } }),
      ...MLX_HOST.filter(({ id }) => id === 'mlx5_core.sf.4'),
    ];
    const sfs = { resourceName: 'x', deviceType: 'auxNetDevice', selectors: { auxTypes: ['sf'] } };
    const withdrawn = ['0000:3b:00.0', '0000:3b:00.1', MLX_PF.pciAddress].map((pf) => ({ pf, because: 'a change' }));
    const messages = [name('x', {}), sfs].map((each) => planOf([each], { devices, withdrawn }).heldBack[0]?.message);
    expect(messages).toEqual([
      `intel.com/x: ens1f0 VF 1-3, ens1f1 VF 9, ${vf(6)}, ${vf(7)} are not offered: a change`,
      'intel.com/x: mlx5_core.sf.4 is not offered: a change',
    ]);
  });

  it('says each thing on its own: another resource, reason or cause', () => {
    const withdrawn = [
      { pf: '0000:3b:00.0', vfs: [0], because: 'another driver' },
      { pf: '0000:3b:00.0', vfs: [1], because: 'another MTU' },
    ];
    const parts = [name('x', { pfNames: ['ens1f0#0-1'] }), name('y', { pfNames: ['ens1f0'], drivers: ['igb'] })];
    const { heldBack } = planOf(parts, { devices: [0, 1, 2].map((index) => intelVf(index)), withdrawn });
    expect(heldBack.map(({ resource, devices: ids, reason }) => [resource, ids, reason])).toEqual([
      ['intel.com/x', [vf(0)], 'Withdrawn'],
      ['intel.com/x', [vf(1)], 'Withdrawn'],
      ['intel.com/y', [vf(2)], 'WrongDriver'],
    ]);
  });

  it('lets go of a PF that has got VFs', () => {
    const pf = nic('0000:5f:00.0', { driver: 'igb', numVfs: 1 });
    const plan = planOf([name('x', {})], { devices: [pf], known: new Map([[pf.id, 'intel.com/x']]) });
    expect([listed(plan), plan.heldBack]).toEqual([{ x: [] }, []]);
  });

  it('withdraws one VF', () => {
    const withdrawn = [{ pf: '0000:3b:00.0', vfs: [1], because: 'another driver' }];
    expect(listed(planOf([A], { devices, withdrawn, known }))).toEqual({ a: [vf(0), `-${vf(1)}`] });
  });

  it('lists a VF that is being made when it is ready: until then the kubelet would count it to what the node has', () => {
    const withdrawn = [{ pf: '0000:3b:00.0', because: 'numVfs changes from 1 to 2' }];
    const plan = planOf([A], { devices, withdrawn, mayBeListed: new Set([vf(0)]) });
    expect(listed(plan)).toEqual({ a: [`-${vf(0)}`] });
    expect(plan.heldBack).toMatchObject([{ devices: [vf(0), vf(1)], reason: 'Withdrawn' }]);
    expect(listed(planOf([A], { devices }))).toEqual({ a: [vf(0), vf(1)] });
  });

  it('withdraws a VF whose index is not known with any other of its PF', () => {
    const { index: _, ...parent } = { ...intelVf(0).parent, pciAddress: '0000:3b:00.0', name: 'ens1f0' };
    const withdrawn = [{ pf: '0000:3b:00.0', vfs: [1], because: 'another driver' }];
    expect(listed(planOf([A], { devices: [intelVf(0, { parent })], withdrawn, known }))).toEqual({ a: [`-${vf(0)}`] });
  });

  it('keeps a VF that has lost its driver in the list, as unhealthy, and never lists one that had none', () => {
    const { driver: _, ...bare } = intelVf(1);
    expect(listed(planOf([A], { devices: [intelVf(0), bare], known }))).toEqual({ a: [vf(0), `-${vf(1)}`] });
    const plan = planOf([A], { devices: [intelVf(0), bare] });
    expect(listed(plan)).toEqual({ a: [vf(0)] });
    expect(plan.heldBack).toMatchObject([
      { reason: 'WrongDriver', message: 'intel.com/a: ens1f0 VF 1 is not offered: no driver is bound' },
    ]);
  });

  it('lists the VFs of a PF that is down as unhealthy', () => {
    const parent = { pciAddress: '0000:3b:00.0', name: 'ens1f0', index: 0, isUp: false };
    const plan = planOf([A], { devices: [intelVf(0, { parent })] });
    expect(listed(plan)).toEqual({ a: [`-${vf(0)}`] });
    expect(plan.heldBack).toMatchObject([
      { reason: 'PfDown', message: 'intel.com/a: ens1f0 VF 0 is not offered: the PF ens1f0 is down: set it up' },
    ]);
    const { name: _, ...nameless } = parent;
    const unnamed = planOf([name('x', {})], { devices: [intelVf(0, { parent: nameless })] });
    expect(unnamed.heldBack[0]?.message).toContain('the PF 0000:3b:00.0 is down');
  });

  it('no longer offers a device that the host has begun to use', () => {
    const used = intelVf(0, { hostUses: [{ kind: 'part-of', master: 'bond0' }] });
    expect(listed(planOf([A], { devices: [used], known }))).toEqual({ a: [`-${vf(0)}`] });
    expect(listed(planOf([A], { devices: [used] }))).toEqual({ a: [] });
  });

  it('keeps a device that cannot be observed, and offers it to nobody', () => {
    const unreadable = new Map([
      [vf(1), 'read driver: EIO'],
      ['0000:99:00.0', 'read driver: EIO'],
    ]);
    const plan = planOf([A], { devices: [intelVf(0)], unreadable, known });
    expect(listed(plan)).toEqual({ a: [vf(0), `-${vf(1)}`] });
    expect(plan.heldBack).toEqual([
      {
        ...{ resource: 'intel.com/a', devices: [vf(1)], reason: 'Unreadable' },
        message: `intel.com/a: ${vf(1)} is not offered: read driver: EIO`,
      },
    ]);
  });

  it('forgets a device that cannot be observed when its resource is no longer configured, and no pod has it', () => {
    const plan = planOf([name('b', {})], { unreadable: new Map([[vf(1), 'EIO']]), known });
    expect([listed(plan), plan.heldBack]).toEqual([{ b: [] }, []]);
  });
});

describe('what pods have', () => {
  const devices = [intelVf(0), intelVf(1)];

  it('stays healthy whatever happens to it, as long as it exists', () => {
    const { driver: _, ...bare } = intelVf(0, { hostUses: [{ kind: 'default-route' }] });
    const allocated = new Map([[vf(0), holder('intel.com/a')]]);
    const withdrawn = [{ pf: '0000:3b:00.0', because: 'numVfs changes' }];
    expect(listed(planOf([A], { devices: [bare], allocated, withdrawn }))).toEqual({ a: [vf(0)] });
    expect(listed(planOf([name('a', { vendors: ['ffff'] })], { devices: [bare], allocated }))).toEqual({ a: [vf(0)] });
  });

  it('stays in the resource that is no longer configured, and is offered by no other', () => {
    const allocated = new Map([[vf(0), holder('intel.com/old')]]);
    const plan = planOf([A], { devices, allocated });
    expect(listed(plan)).toEqual({ a: [vf(1)], old: [vf(0)] });
    expect(plan.pools.map(({ isConfigured }) => isConfigured)).toEqual([true, false]);
    expect(plan.heldBack).toMatchObject([
      {
        reason: 'AllocatedElsewhere',
        message: 'intel.com/a: ens1f0 VF 0 is not offered: pod default/web has it as intel.com/old',
      },
    ]);
  });

  it('is not offered when another device plugin has given it, and no resource of that one is served', () => {
    const allocated = new Map([
      [vf(0), holder('other.example/vfs')],
      ['gpu-7', holder('nvidia.com/gpu')],
      [vf(1), []],
    ]);
    const plan = planOf([A], { devices, allocated, known: new Map([[vf(0), 'intel.com/a']]) });
    expect(listed(plan)).toEqual({ a: [vf(1)] });
    expect(plan.heldBack).toEqual([
      {
        ...{ resource: 'intel.com/a', devices: [vf(0)], reason: 'AllocatedElsewhere' },
        message: 'intel.com/a: ens1f0 VF 0 is not offered: pod default/web has it as other.example/vfs',
      },
    ]);
  });

  it('stays in our resource when another device plugin has given it out as well', () => {
    const holders = [...holder('other.example/vfs'), ...holder('intel.com/b', 'default/a'), ...holder('intel.com/b')];
    const plan = planOf([A, name('b', { vendors: ['ffff'] })], { devices, allocated: new Map([[vf(0), holders]]) });
    expect(listed(plan)).toEqual({ a: [vf(1)], b: [vf(0)] });
    expect(plan.heldBack[0]?.message).toContain(': pod default/a, default/web has it as intel.com/b');
  });

  it('leaves a resource of our prefix to the plugin that serves it, and offers its device to nobody', () => {
    const allocated = new Map([[vf(0), holder('intel.com/theirs')]]);
    const plan = planOf([A], { devices, allocated });
    expect(listed(plan)).toEqual({ a: [vf(1)] });
    expect(plan.heldBack).toMatchObject([{ resource: 'intel.com/a', devices: [vf(0)], reason: 'AllocatedElsewhere' }]);
    const both = new Map([[vf(0), [...holder('intel.com/theirs'), ...holder('intel.com/a')]]]);
    expect(listed(planOf([A], { devices, allocated: both }))).toEqual({ a: [vf(0), vf(1)] });
  });

  it('keeps what the selector says that it fits, and none of another resource', () => {
    const wants = (selectors: unknown, resource = 'a'): unknown =>
      planOf([name(resource, selectors)], {
        devices: [intelVf(0, { isRdma: true })],
        allocated: new Map([[vf(0), holder('intel.com/a')]]),
        ours: new Set(['intel.com/a']),
      }).pools.find((pool) => pool.resource.resourceName === 'a')?.devices[0]?.wants;
    expect(wants([{ drivers: ['vfio-pci'] }, { isRdma: true }])).toEqual({ isRdma: true, needVhostNet: false });
    expect(wants({ drivers: ['vfio-pci'], needVhostNet: true })).toEqual({ isRdma: false, needVhostNet: true });
    expect(wants({ vendors: ['ffff'], isRdma: true })).toEqual({ isRdma: false, needVhostNet: false });
    expect(wants({ isRdma: true }, 'b')).toEqual({ isRdma: false, needVhostNet: false });
  });

  it('has all that is known of a resource that is no longer configured', () => {
    const allocated = new Map([
      [vf(0), holder('intel.com/old')],
      [vf(1), holder('intel.com/old')],
    ]);
    expect(planOf([], { devices, allocated }).pools).toMatchObject([
      {
        resource: {
          ...{ name: 'intel.com/old', prefix: 'intel.com', resourceName: 'old' },
          ...{ deviceType: 'netDevice', excludeTopology: false },
        },
        devices: [{ id: vf(0), numaNode: 0 }, { id: vf(1) }],
      },
    ]);
  });

  it('stays although it cannot be observed, whether its resource is configured or not', () => {
    const unreadable = new Map([
      [vf(0), 'EIO'],
      [vf(1), 'EIO'],
    ]);
    const allocated = new Map([
      [vf(0), holder('intel.com/a')],
      [vf(1), holder('intel.com/old')],
    ]);
    const plan = planOf([A], { unreadable, allocated });
    expect([listed(plan), plan.heldBack]).toEqual([{ a: [vf(0)], old: [vf(1)] }, []]);
    expect(plan.pools[0]?.devices).toEqual([
      { id: vf(0), isHealthy: true, wants: { isRdma: false, needVhostNet: false } },
    ]);
  });

  it('is of no interest when it is gone, and was never ours', () => {
    const allocated = new Map([
      [vf(6), holder('other.example/x')],
      [vf(7), holder('intel.com/never')],
    ]);
    expect(planOf([A], { devices, allocated }).heldBack).toEqual([]);
  });

  it('is told of when it is no longer there', () => {
    const plan = planOf([A], { devices, allocated: new Map([[vf(7), holder('intel.com/a')]]) });
    expect(listed(plan)).toEqual({ a: [vf(0), vf(1)] });
    expect(plan.heldBack).toEqual([
      {
        resource: 'intel.com/a',
        devices: [vf(7)],
        reason: 'Gone',
        message: `intel.com/a: ${vf(7)} is not offered: pod default/web has it, and it is no longer there`,
      },
    ]);
  });

  it('is not known without the kubelet: nothing moves then, and nothing new is offered', () => {
    const known = new Map([[vf(0), 'intel.com/old']]);
    const plan = planOf([A], { devices, allocated: undefined, known });
    expect(listed(plan)).toEqual({ a: [`-${vf(1)}`], old: [vf(0)] });
    expect(plan.heldBack.map(({ reason, message }) => [reason, message.replace(/.*offered: /, '')])).toEqual([
      ['AllocatedElsewhere', 'a pod may have it, and the kubelet cannot be asked'],
      ['Unreadable', 'the kubelet cannot be asked whether a pod has it'],
    ]);
  });

  it.each<[string, Partial<ObservedDevice>, string[]]>([
    ['it is withdrawn', {}, ['Withdrawn']],
    ['the host has begun to use it', { parent: INTEL_PF, hostUses: [{ kind: 'default-route' }] }, ['HostInterface']],
    ['it has got VFs', { parent: INTEL_PF, numVfs: 2 }, ['HostInterface']],
  ])('may be in use, and is offered to nobody else when %s', (_, facts, reasons) => {
    const withdrawn = [{ pf: '0000:3b:00.0', vfs: [0], because: 'a change' }];
    const parent = { pciAddress: '0000:3b:00.9', name: 'ens1f9' };
    const device = intelVf(0, { ...facts, ...(facts.parent && { parent }) });
    const known = new Map([[vf(0), 'intel.com/a']]);
    for (const selectors of [{}, { vendors: ['ffff'] }]) {
      const plan = planOf([name('a', selectors)], { devices: [device], allocated: undefined, known, withdrawn });
      expect(listed(plan)).toEqual({ a: [`-${vf(0)}`] });
      expect(plan.heldBack.map(({ reason }) => reason)).toEqual(reasons);
    }
  });

  it('may be a PF that has got VFs, and is listed because it was', () => {
    const pf = nic('0000:5f:00.0', { driver: 'igb', numVfs: 1 });
    const plan = planOf([A], { devices: [pf], allocated: undefined, known: new Map([[pf.id, 'intel.com/a']]) });
    expect(plan.heldBack[0]?.message).toBe('intel.com/a: 0000:5f:00.0 is not offered: it is a PF with VFs');
  });

  it('may be in use, and stays healthy where no selector means it any more, as long as it has a driver', () => {
    const known = new Map([[vf(0), 'intel.com/a']]);
    const { driver: _, ...bare } = intelVf(0);
    const lists = [intelVf(0), bare].map((device) =>
      listed(planOf([name('a', { vendors: ['ffff'] })], { devices: [device], allocated: undefined, known })),
    );
    expect(lists).toEqual([{ a: [vf(0)] }, { a: [`-${vf(0)}`] }]);
  });

  it('may have been in use, and is listed nowhere when it is gone', () => {
    const known = new Map([[vf(0), 'intel.com/old']]);
    const plan = planOf([A], { devices: [], allocated: undefined, known });
    expect([listed(plan), plan.heldBack]).toEqual([{ a: [] }, []]);
  });

  it('is not offered while it cannot be observed, and the kubelet cannot be asked', () => {
    const known = new Map([[vf(0), 'intel.com/a']]);
    const plan = planOf([A], { unreadable: new Map([[vf(0), 'EIO']]), allocated: undefined, known });
    expect(listed(plan)).toEqual({ a: [`-${vf(0)}`] });
  });

  it('stays where the kubelet is giving it to a pod, whatever the configuration says by then', () => {
    const starting = new Map([[vf(0), 'intel.com/old']]);
    const withdrawn = [{ pf: '0000:3b:00.0', vfs: [0], because: 'another driver' }];
    expect(listed(planOf([A], { devices, starting }))).toEqual({ a: [vf(1)], old: [vf(0)] });
    // Until it is healthy, the kubelet waits for its answer.
    expect(listed(planOf([A], { devices, starting, withdrawn }))).toEqual({ a: [vf(1)], old: [`-${vf(0)}`] });
  });
});
