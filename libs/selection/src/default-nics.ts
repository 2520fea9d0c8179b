import { type NicIds } from './nic-ids.ts';

/** The NIC models that are known without a ConfigMap: the list that upstream's chart ships. */
export const DEFAULT_NICS: readonly NicIds[] = [
  ...models('8086', '154c', '158a 158b 1572 1589 1581 15ff 0d58 1583'),
  ...models('8086', '1565', '1563'),
  ...models('8086', '10ca', '10c9'),
  ...models('8086', '1889', '1592 1593 159b 1599 1591 188a 124d 124c 579c 579d 579e 12d2 12d3 1249 124a'),
  ...models('15b3', '1014', '1013'),
  ...models('15b3', '1016', '1015'),
  ...models('15b3', '1018', '1017'),
  ...models('15b3', '101a', '1019'),
  ...models('15b3', '101c', '101b'),
  ...models('15b3', '101e', '101d 101f 1021 1023 1025 a2d6 a2dc'),
  ...models('14e4', '16dc', '16d7'),
  ...models('14e4', '1806', '1750'),
  ...models('1077', '1664', '1654'),
  ...models('1af4', '1000', '1000'),
  ...models('1af4', '1041', '1041'),
  ...models('177d', 'b203', 'b200'),
  ...models('177d', 'b103', 'b100'),
  ...models('177d', 'b603', 'b600'),
  ...models('177d', 'b903', 'b900'),
  ...models('177d', 'ba03', 'ba00'),
  ...models('1d0f', 'ec20', 'ec20'),
];

/** Models of one vendor whose VFs have the same id. The PF ids are separated by blanks. */
function models(vendor: string, vfDevice: string, pfDevices: string): NicIds[] {
  return pfDevices.split(' ').map((pfDevice) => ({ vendor, pfDevice, vfDevice }));
}
