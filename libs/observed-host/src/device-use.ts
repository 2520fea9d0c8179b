/**
 * One way in which somebody uses a network device, or may use it: a fact that the drivers of `libs/host` found. What it
 * means for a change is decided in `libs/node-plan`.
 */
export type DeviceUse =
  /** The kubelet has given the device to a pod, whose containers need not run (yet): who, as people know it. */
  | { readonly kind: 'allocated'; readonly to: string }
  /** A program has one of its device files open. */
  | { readonly kind: 'process'; readonly pid: number; readonly command: string }
  /** Its network interface is in another network namespace, most often a pod's. */
  | { readonly kind: 'namespace' }
  /** Somebody else has made a vDPA device of it: one whose name is not ours. */
  | { readonly kind: 'vdpa'; readonly name: string }
  /** Traffic of the host without a better route goes through its interface, or through one that stands on it. */
  | { readonly kind: 'default-route' }
  /** Its interface is part of a bond, bridge, team or another interface of this name. */
  | { readonly kind: 'part-of'; readonly master: string }
  /** Its representor, the interface of this name, is part of a bridge or another interface. */
  | { readonly kind: 'representor'; readonly name: string; readonly master: string }
  /** Another interface stands on its interface; `type` is the kernel's word, such as `vlan`, where it is known. */
  | { readonly kind: 'carries'; readonly name: string; readonly type?: string }
  /** Its interface has this IP address, with the length of its prefix. */
  | { readonly kind: 'address'; readonly address: string }
  /** The host sends what is for this destination through its interface. */
  | { readonly kind: 'route'; readonly destination: string }
  /** Nobody has looked for a user, and the device counts as in use: by whose word. */
  | { readonly kind: 'assumed'; readonly by: string }
  /** Something that would tell of a use cannot be read: a sentence without a full stop. It counts as a use. */
  | { readonly kind: 'unknown'; readonly cause: string };
