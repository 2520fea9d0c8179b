/** A network interface of a virtual machine: what the platform under it tells of it. */
export interface GuestPort {
  /** Its network, as `netFilter` of a policy names it: `openstack/NetworkID:UUID` or `aws/NetworkID:ID`. */
  readonly network: string;
  /** The MAC address by which the platform knows it, in lower case. */
  readonly mac: string;
  /** The name that its interface has or had last; absent where it has had none. */
  readonly name?: string;
}
