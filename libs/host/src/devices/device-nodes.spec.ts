import { describe, expect, it } from '@jest/globals';
import { type DeviceNodes } from '@sriov/observed-host';
import { deviceHost, driver, intelHost, mellanoxHost } from '../test/vector-hosts.ts';
import { type DeviceWithNodes, readDeviceNodes } from './device-nodes.ts';

const VF = '0000:3b:02.0';
const vf = { id: VF, pciAddress: VF };
type Files = Omit<DeviceNodes, 'driver'>;
/** The files alone. */
const files = async (...read: Parameters<typeof readDeviceNodes>): Promise<Files> => {
  const { driver: _, ...rest } = await readDeviceNodes(...read);
  return rest;
};
const intel = (address: string): Promise<Files> => files(intelHost(), { id: address, pciAddress: address });
const mellanox = (id: string, pciAddress = id): Promise<Files> => files(mellanoxHost(), { id, pciAddress });
const shared = { rdma: [], rdmaCm: false, vhostNet: true, tun: true };
const nothing = { rdma: [], rdmaCm: false, vhostNet: false, tun: false };
const rdma = (number: number): object => ({
  name: `mlx5_${number}`,
  ucm: [],
  issm: [`/dev/infiniband/issm${number}`],
  umad: [`/dev/infiniband/umad${number}`],
  uverbs: [`/dev/infiniband/uverbs${number}`],
});
/** The nodes of a VF with these attributes, on a host with these files. */
const nodesOf = (attributes: Record<string, string>, below: Record<string, string> = {}): Promise<Files> =>
  files(deviceHost({ devices: { [VF]: attributes }, files: below }), vf);

describe('the device files of a device', () => {
  it.each<[string, string, object]>([
    ['are none of its own with a driver of the kernel', '0000:3b:02.0', shared],
    ['are those of its group with vfio-pci', '0000:3b:02.1', { ...shared, vfio: { group: '41', isNoIommu: false } }],
    ['are those of a group without IOMMU', '0000:3b:02.2', { ...shared, vfio: { group: '7', isNoIommu: true } }],
    ['are that of igb_uio', '0000:3b:02.3', { ...shared, uio: '/dev/uio3' }],
    ['are none without a driver', '0000:3b:02.4', shared],
    ['are those of an accelerator', '0000:af:00.0', { ...shared, vfio: { group: '99', isNoIommu: false } }],
    ['are none of one that is not there', '0000:ff:00.0', shared],
  ])('%s', async (_, address, expected) => {
    expect(await intel(address)).toEqual(expected);
  });

  it('are those of its RDMA device', async () => {
    expect(await mellanox('0000:d8:00.2')).toEqual({ ...shared, rdmaCm: true, rdma: [rdma(2)] });
    expect(await mellanox('0000:d8:00.3')).toEqual({ ...shared, rdmaCm: true });
  });

  it('are those of a subfunction, and not those of the device under it', async () => {
    expect(await mellanox('mlx5_core.sf.4', '0000:d8:00.0')).toEqual({ ...shared, rdmaCm: true, rdma: [rdma(4)] });
    expect(await mellanox('mlx5_core.sf.5', '0000:d8:00.0')).toEqual({ ...shared, rdmaCm: true });
  });

  it.each<[string, Record<string, string>, object]>([
    ['are the shared one alone when the group is not known', { driver: driver('vfio-pci') }, { isNoIommu: false }],
    [
      'are those of its group with the vfio driver of a vendor',
      { driver: driver('mlx5_vfio_pci'), iommu_group: '->../../../kernel/iommu_groups/3' },
      { group: '3', isNoIommu: false },
    ],
  ])('%s', async (_, attributes, vfio) => {
    expect(await nodesOf(attributes)).toEqual({ ...nothing, vfio });
  });

  it.each<[string, Record<string, string>]>([
    ['has an IOMMU group', { driver: driver('iavf'), iommu_group: '->../../../kernel/iommu_groups/3' }],
    ['has a UIO device beside its network interface', { driver: driver('bnx2x'), 'uio/uio0/name': 'bnx2x_cnic' }],
    ['has no UIO device yet', { driver: driver('igb_uio'), 'uio/': '' }],
    ['has lost the folder of its UIO device', { driver: driver('igb_uio') }],
    [
      'has its RDMA device in a pod',
      { driver: driver('mlx5_core'), 'infiniband/': '', 'infiniband_verbs/uverbs0/ibdev': 'mlx5_0' },
    ],
  ])('are none when it %s', async (_, attributes) => {
    expect(await nodesOf(attributes)).toEqual(nothing);
  });

  it('are by RDMA device where there are two, with a file for each port', async () => {
    const attributes = {
      'infiniband/mlx4_0/node_type': '',
      'infiniband/mlx4_1/node_type': '',
      'infiniband_cm/ucm0/ibdev': 'mlx4_0',
      'infiniband_mad/issm0/ibdev': 'mlx4_0',
      'infiniband_mad/issm1/ibdev': 'mlx4_0',
      'infiniband_mad/umad2/ibdev': 'mlx4_1',
      'infiniband_verbs/uverbs0/ibdev': 'mlx4_0',
      'infiniband_verbs/uverbs1/ibdev': 'mlx4_1',
      'infiniband_verbs/uverbs2/abi_version': '6',
    };
    const dev = (...names: string[]): string[] => names.map((name) => `/dev/infiniband/${name}`);
    expect((await nodesOf(attributes)).rdma).toEqual([
      { name: 'mlx4_0', ucm: dev('ucm0'), issm: dev('issm0', 'issm1'), umad: [], uverbs: dev('uverbs0') },
      { name: 'mlx4_1', ucm: [], issm: [], umad: dev('umad2'), uverbs: dev('uverbs1') },
    ]);
  });

  it.each<[string, Record<string, string>, string | undefined]>([
    ['are that of its vDPA device', { 'vhost-vdpa-2/dev': '511:2' }, '/dev/vhost-vdpa-2'],
    ['are none of a vDPA device that the kernel itself uses', { 'virtio4/net/eth0/mtu': '' }, undefined],
    ['are none of a vDPA device that has gone', {}, undefined],
  ])('%s', async (_, below, expected) => {
    const files = Object.entries(below).map(([name, text]) => [`/sys/bus/vdpa/devices/vdpa9/${name}`, text] as const);
    const kernel = deviceHost({ devices: { [VF]: {} }, files: Object.fromEntries(files) });
    const nodes = await readDeviceNodes(kernel, { ...vf, vdpa: { name: 'vdpa9', type: 'vhost' } });
    expect(nodes.vhostVdpa).toBe(expected);
  });

  it.each<[string, Record<string, string>, Partial<DeviceNodes>]>([
    ['vhost-net', { '/dev/vhost-net': '' }, { vhostNet: true }],
    ['vhost-net that the kernel lists', { '/sys/class/misc/vhost-net/dev': '10:238' }, { vhostNet: true }],
    ['tun', { '/dev/net/tun': '' }, { tun: true }],
    ['tun that the kernel lists', { '/sys/class/misc/tun/dev': '10:200' }, { tun: true }],
    ['rdma_cm', { '/dev/infiniband/rdma_cm': '' }, { rdmaCm: true }],
    ['rdma_cm that the kernel lists', { '/sys/class/misc/rdma_cm/dev': '10:122' }, { rdmaCm: true }],
  ])('are told with %s, which all share', async (_, files, expected) => {
    expect(await nodesOf({}, files)).toEqual({ ...nothing, ...expected });
  });

  it('are told with the driver that they come from', async () => {
    const driverOf = async (device: DeviceWithNodes): Promise<string | undefined> =>
      (await readDeviceNodes(intelHost(), device)).driver;
    expect(await driverOf({ id: '0000:3b:02.1', pciAddress: '0000:3b:02.1' })).toBe('vfio-pci');
    expect(await driverOf({ id: '0000:3b:02.4', pciAddress: '0000:3b:02.4' })).toBeUndefined();
  });

  it('are unknown, and not none, when they cannot be read', async () => {
    await expect(nodesOf({ driver: '[EACCES]' })).rejects.toThrow(/EACCES/);
  });
});
