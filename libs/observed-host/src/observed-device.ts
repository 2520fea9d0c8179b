import { type DeviceUse } from './device-use.ts';

/** A device of the host that pods can be given: made by the drivers of `libs/host`, read by `libs/device-pool`. */
export interface ObservedDevice {
  /** PCI address, or the name of an auxiliary device such as `mlx5_core.sf.4`. */
  readonly id: string;
  /** `net` is PCI base class 02, `accelerator` 12. Auxiliary devices are subfunctions (SF) of a network device. */
  readonly kind: 'net' | 'accelerator' | 'auxiliary';
  /** Its own, or that of the PCI device under an auxiliary device. So are vendor, device id, driver and NUMA node. */
  readonly pciAddress: string;
  /** Four lower-case hex digits, as is the device id. */
  readonly vendor: string;
  readonly deviceId: string;
  /** Absent when no driver is bound. */
  readonly driver?: string;
  /** Absent when the kernel tells none. */
  readonly numaNode?: number;
  /** Content of `acpi_index`; absent when there is none. */
  readonly acpiIndex?: string;
  /** The PF of a VF or an SF; absent for all others. */
  readonly parent?: ParentPf;
  /** Number of VFs that it has itself; 0 unless it is a PF with VFs. */
  readonly numVfs: number;
  /** The kernel's word for the hardware type: `ether`, `infiniband`; absent when no interface tells it. */
  readonly linkType?: string;
  /** InfiniBand partition key at index 0, such as `0x8005`. */
  readonly pKey?: string;
  /** The device has RDMA devices, or its RDMA part is enabled and in a pod. */
  readonly isRdma: boolean;
  /** Type of an auxiliary device: `sf`. */
  readonly auxType?: string;
  /** A vDPA device on it, and what drives that; `type` is absent as long as no driver is bound. */
  readonly vdpa?: { readonly name: string; readonly type?: 'vhost' | 'virtio' };
  /** How the host uses it; empty when it does not. */
  readonly hostUses: readonly DeviceUse[];
}

/** The PF under a VF or an SF. */
export interface ParentPf {
  readonly pciAddress: string;
  /** Interface of the PF: its uplink representor where the eSwitch is in switchdev mode. Absent when there is none. */
  readonly name?: string;
  /** Index of the VF on its PF, or the number of the SF; absent when it is not known. */
  readonly index?: number;
  /** The interface of the PF is administratively up (`IFF_UP`); absent when there is no interface. */
  readonly isUp?: boolean;
}

/** Device files by which a container uses a device, as absolute paths of the host. They are read for each Allocate. */
export interface DeviceNodes {
  /** The driver that is bound now, and by which the files were looked for; absent when none is. */
  readonly driver?: string;
  /** VFIO group of a device that is bound to vfio-pci: its number, and whether it is a group without an IOMMU. */
  readonly vfio?: { readonly group?: string; readonly isNoIommu: boolean };
  /** `/dev/uio3`. */
  readonly uio?: string;
  /** `/dev/vhost-vdpa-2`. */
  readonly vhostVdpa?: string;
  /** One for each RDMA device, in order of name. */
  readonly rdma: readonly RdmaNodes[];
  /** These exist on the host. */
  readonly rdmaCm: boolean;
  readonly vhostNet: boolean;
  readonly tun: boolean;
}

/** The device files of an RDMA device. */
export interface RdmaNodes {
  /** `mlx5_2`. */
  readonly name: string;
  readonly ucm: readonly string[];
  readonly issm: readonly string[];
  readonly umad: readonly string[];
  readonly uverbs: readonly string[];
}
