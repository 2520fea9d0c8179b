/** One NIC model. Ids are four lower-case hex digits. */
export interface NicModel {
  readonly vendor: string;
  readonly pfDevice: string;
  readonly vfDevice: string;
}
