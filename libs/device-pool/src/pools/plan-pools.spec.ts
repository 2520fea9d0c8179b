import { describe, expect, it } from '@jest/globals';
import { type ObservedDevice } from '@sriov/observed-host';
import { INTEL_HOST, intelVf, MLX_HOST, nic } from '../test/hosts.ts';
import { listed, planOf } from '../test/plan.ts';

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
    ['nothing', {}, [...[0, 1, 2, 3].map(vf), '0000:5f:00.0']],
    ['a range that cannot be read', [{ pfNames: ['ens1f0#0-1-2'] }, { pfNames: ['ens1f0#0,x'] }], [vf(0)]],
    ['a vendor in upper case', { vendors: ['15B3'] }, []],
    ['half an address', { pciAddresses: ['3b:02.0'] }, []],
    ['a PF that is named twice', { pfNames: ['ens1f0#0#1'] }, []],
    ['another link type', { linkTypes: ['infiniband'] }, []],
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
    const plan = planOf([A], { devices, withdrawn });
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

  it('withdraws one VF', () => {
    const withdrawn = [{ pf: '0000:3b:00.0', vfs: [1], because: 'another driver' }];
    expect(listed(planOf([A], { devices, withdrawn }))).toEqual({ a: [vf(0), `-${vf(1)}`] });
  });

  it('withdraws a VF whose index is not known with any other of its PF', () => {
    const { index: _, ...parent } = { ...intelVf(0).parent, pciAddress: '0000:3b:00.0', name: 'ens1f0' };
    const withdrawn = [{ pf: '0000:3b:00.0', vfs: [1], because: 'another driver' }];
    expect(listed(planOf([A], { devices: [intelVf(0, { parent })], withdrawn }))).toEqual({ a: [`-${vf(0)}`] });
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
    expect(plan.heldBack[0]).toMatchObject({ reason: 'PfDown', message: expect.stringContaining('set it up') });
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
    expect(plan.heldBack).toMatchObject([{ reason: 'Unreadable', devices: [vf(1)] }]);
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

  it('is not ours under the prefix of somebody else', () => {
    const allocated = new Map([[vf(0), holder('nvidia.com/gpu')]]);
    expect(listed(planOf([A], { devices, allocated }))).toEqual({ a: [vf(0), vf(1)] });
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
    expect(plan.heldBack.map(({ reason }) => reason)).toEqual(['AllocatedElsewhere', 'Unreadable']);
  });
});
