/** What the firmware of a machine says of it (`/sys/class/dmi/id`); each is absent where it does not tell it. */
export interface Dmi {
  /** Such as `OpenStack Foundation` or `Amazon EC2`. */
  readonly sysVendor?: string;
  /** Such as `OpenStack Nova`, or the type of an instance of EC2. */
  readonly productName?: string;
  readonly chassisAssetTag?: string;
  /** Such as `4.11.amazon` on instances of EC2 that run on Xen. */
  readonly biosVersion?: string;
}
