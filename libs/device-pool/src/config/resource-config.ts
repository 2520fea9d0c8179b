/** What a device has to be to fit. A list that is empty fits every device, and values are compared exactly. */
export interface Selector {
  readonly vendors: readonly string[];
  readonly devices: readonly string[];
  readonly drivers: readonly string[];
  readonly pciAddresses: readonly string[];
  readonly acpiIndexes: readonly string[];
  /** Names of PFs, with indexes of VFs or SFs behind a `#`: `ens1f0#0,3-5`. */
  readonly pfNames: readonly string[];
  /** PCI addresses of PFs, with the same behind a `#`. */
  readonly rootDevices: readonly string[];
  /** `ether`, `infiniband`. */
  readonly linkTypes: readonly string[];
  readonly pKeys: readonly string[];
  readonly auxTypes: readonly string[];
  /** Only devices with RDMA, and containers get the RDMA device files. */
  readonly isRdma: boolean;
  /** Containers get `/dev/vhost-net` and `/dev/net/tun`. */
  readonly needVhostNet: boolean;
  /** Only devices with a vDPA device of this type: `vhost` or `virtio`. */
  readonly vdpaType?: string;
}

/** A resource as it is configured. */
export interface ResourceConfig {
  /** `openshift.io/intelnics`. */
  readonly name: string;
  readonly prefix: string;
  readonly resourceName: string;
  readonly deviceType: 'netDevice' | 'accelerator' | 'auxNetDevice';
  /** The kubelet is not told the NUMA node of its devices. */
  readonly excludeTopology: boolean;
  /** At least one. A device has to fit one of them. */
  readonly selectors: readonly Selector[];
  /** Words for containers, by PCI address or `*`. */
  readonly additionalInfo?: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

/** Fits every device, and a container gets nothing beside it. */
export const ANY_DEVICE: Selector = {
  ...{ vendors: [], devices: [], drivers: [], pciAddresses: [], acpiIndexes: [] },
  ...{ pfNames: [], rootDevices: [], linkTypes: [], pKeys: [], auxTypes: [] },
  ...{ isRdma: false, needVhostNet: false },
};
