/** Whoever uses the devices of a machine besides the operator, as plain JSON. */
export interface UsersState {
  /** Devices that the kubelet has given to pods, by PCI address. */
  allocations: Record<string, Pod>;
  /** Pods without devices that the kubelet knows; absent while there was none. */
  pods?: Pod[];
  /** The kubelet has just started, and has not heard of its pods yet. */
  isKubeletNew?: true;
  /** Device files that programs have open, beside VFIO's. */
  openFiles: OpenFile[];
  /** Interfaces without a device of their own, such as VLANs, by name. */
  links: Record<string, VirtualLink>;
  addresses: { link: string; address: string }[];
  routes: { link: string; destination: string }[];
}

/** A pod, as the kubelet knows it. */
export interface Pod {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  /** The resource by which it has asked for its device; the simulated one unless given. */
  readonly resource?: string;
}

/** A program, and the path of a file in /dev. */
export interface OpenFile {
  readonly pid: number;
  readonly command: string;
  readonly path: string;
}

/** A network interface without a device. */
export interface VirtualLink {
  readonly ifindex: number;
  /** The kernel's word for it, such as `vlan`, `bond` or `macvlan`. */
  readonly type: string;
  /** Interface below it. */
  readonly link?: string;
  readonly master?: string;
  readonly mac: string;
}

/** Nobody uses anything. */
export function nobody(): UsersState {
  return { allocations: {}, openFiles: [], links: {}, addresses: [], routes: [] };
}
