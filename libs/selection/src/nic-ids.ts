/** The PCI ids of a NIC model, each four lower-case hex digits. */
export interface NicIds {
  readonly vendor: string;
  readonly pfDevice: string;
  readonly vfDevice: string;
}
