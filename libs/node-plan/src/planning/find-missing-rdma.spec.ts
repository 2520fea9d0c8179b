import { describe, expect, it } from '@jest/globals';
import { type DesiredInterface } from '@sriov/api';
import { type ObservedHost, type ObservedVf } from '@sriov/observed-host';
import { netdevice, PF, testFacts, testPf } from '../test/test-host.ts';
import { planHost } from './plan-host.ts';
import { type HostPlan } from './steps.ts';

/** A PF whose VFs are as wanted but for what is said, and the plan of its host. */
function plan(vfs: readonly Partial<ObservedVf>[], host: Partial<ObservedHost> = {}, isRdma = true): HostPlan {
  const deviceType = vfs[0]?.driver === 'vfio-pci' ? 'vfio-pci' : 'netdevice';
  const group = { resourceName: 'r', policyName: 'p', vfRange: `0-${vfs.length - 1}`, isRdma, deviceType };
  const entry: DesiredInterface = {
    pciAddress: PF,
    name: 'ens1',
    numVfs: vfs.length,
    externallyManaged: true,
    vfGroups: [group],
  };
  const pf = testPf(vfs.map((vf, id) => netdevice(id, vf)));
  return planHost(testFacts([pf], [entry], { observed: { interfaces: [pf], problems: [], ...host } }));
}

const told = ({ problems }: HostPlan): unknown => problems.map(({ reason, message }) => [reason, message]);

const MLX5 = { driver: 'mlx5_core' };

describe('VFs that are for RDMA', () => {
  it.each<[string, Partial<ObservedVf>[], Partial<ObservedHost>, RegExp]>([
    [
      'the module is not loaded',
      [{ ...MLX5, hasRdma: true }, MLX5, MLX5],
      { rdmaMode: 'shared' },
      /^ens1 \(0000:01:00.0\): VF 1-2 are for RDMA \(isRdma\) and have no RDMA device: mlx5_core is bound, and mlx5_ib has made none: load it \(modprobe mlx5_ib\)/,
    ],
    [
      'the RDMA core is not loaded',
      [MLX5],
      {},
      /VF 0 is for RDMA .* and has no .* the RDMA core \(ib_core\) is not loaded/,
    ],
    [
      'a driver is bound that makes none',
      [{ driver: 'vfio-pci', link: undefined as never }],
      {},
      /vfio-pci is bound, which makes none/,
    ],
    ['no driver makes one', [{}], {}, /igbvf is bound, and no kernel module that makes RDMA devices for it is known/],
    [
      'a pod has the VF where all share RDMA devices',
      [{ ...MLX5, uses: [{ kind: 'namespace' }] }],
      { rdmaMode: 'shared' },
      /mlx5_ib has made none/,
    ],
  ])('are named where they have no RDMA device, and why: %s', (_, vfs, host, message) => {
    expect(told(plan(vfs, host))).toEqual([['RdmaDeviceMissing', expect.stringMatching(message)]]);
  });

  it.each<[string, HostPlan]>([
    ['have one', plan([{ ...MLX5, hasRdma: true }])],
    ['are for something else', plan([MLX5], {}, false)],
    [
      'are in a pod that has the RDMA device',
      plan([{ ...MLX5, uses: [{ kind: 'namespace' }] }], { rdmaMode: 'exclusive' }),
    ],
  ])('are not named where they %s', (_, result) => {
    expect(told(result)).toEqual([]);
  });
});
