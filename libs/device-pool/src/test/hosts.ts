import { type DeviceNodes, type ObservedDevice, type ParentPf } from '@sriov/observed-host';

export const NO_NODES: DeviceNodes = { rdma: [], rdmaCm: false, vhostNet: false, tun: false };

/** A network device of Intel, unless told otherwise. */
export function nic(id: string, facts: Partial<ObservedDevice> = {}): ObservedDevice {
  return {
    ...{ id, pciAddress: id, kind: 'net', vendor: '8086', deviceId: '1521', numVfs: 0, isRdma: false, hostUses: [] },
    ...facts,
  };
}

export const INTEL_PF: ParentPf = { pciAddress: '0000:3b:00.0', name: 'ens1f0', isUp: true };

/** VF of {@link INTEL_PF}. */
export function intelVf(index: number, facts: Partial<ObservedDevice> = {}): ObservedDevice {
  const parent = { ...INTEL_PF, index };
  return nic(`0000:3b:02.${index}`, {
    deviceId: '154c',
    driver: 'iavf',
    numaNode: 0,
    linkType: 'ether',
    parent,
    ...facts,
  });
}

const { driver: _, ...WITHOUT_DRIVER } = intelVf(4);
const { numaNode: __, ...WITHOUT_NODE } = intelVf(3, { driver: 'igb_uio' });

/** A PF with VFs on four drivers and one on none, two NICs of which the host uses the first, and an accelerator. */
export const INTEL_HOST: readonly ObservedDevice[] = [
  nic('0000:3b:00.0', { deviceId: '1572', driver: 'i40e', numVfs: 5, numaNode: 0, linkType: 'ether' }),
  intelVf(0),
  intelVf(1, { driver: 'vfio-pci' }),
  intelVf(2, { driver: 'vfio-pci', numaNode: 1 }),
  WITHOUT_NODE,
  WITHOUT_DRIVER,
  nic('0000:5e:00.0', { driver: 'igb', numaNode: 0, linkType: 'ether', hostUses: [{ kind: 'default-route' }] }),
  nic('0000:5f:00.0', { driver: 'igb', numaNode: 0, linkType: 'ether' }),
  nic('0000:af:00.0', { kind: 'accelerator', deviceId: '0d5c', driver: 'vfio-pci', numaNode: 1 }),
];

export const MLX_PF: ParentPf = { pciAddress: '0000:d8:00.0', name: 'ens1f0', isUp: true };

function mlx(id: string, facts: Partial<ObservedDevice>): ObservedDevice {
  return nic(id, { vendor: '15b3', deviceId: '101e', driver: 'mlx5_core', numaNode: 1, linkType: 'ether', ...facts });
}

function sf(number: number, sfnum: number, isRdma: boolean): ObservedDevice {
  const parent = { ...MLX_PF, index: sfnum };
  const facts = { pciAddress: MLX_PF.pciAddress, deviceId: '101d', kind: 'auxiliary', auxType: 'sf' } as const;
  return mlx(`mlx5_core.sf.${number}`, { ...facts, parent, isRdma });
}

/** A PF with a VF with RDMA and one without, and two SFs likewise. */
export const MLX_HOST: readonly ObservedDevice[] = [
  mlx('0000:d8:00.0', { deviceId: '101d', numVfs: 2, isRdma: true }),
  mlx('0000:d8:00.2', { parent: { ...MLX_PF, index: 0 }, isRdma: true }),
  mlx('0000:d8:00.3', { parent: { ...MLX_PF, index: 1 } }),
  sf(4, 88, true),
  sf(5, 89, false),
];

/** The device files of RDMA device number `n`. */
export function rdmaNodes(n: number): DeviceNodes {
  const file = (kind: string): string[] => [`/dev/infiniband/${kind}${n}`];
  const rdma = [{ name: `mlx5_${n}`, ucm: [], issm: file('issm'), umad: file('umad'), uverbs: file('uverbs') }];
  return { rdma, rdmaCm: true, vhostNet: true, tun: true };
}
