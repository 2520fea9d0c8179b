import { expect, it } from '@jest/globals';
import { DEFAULT_NICS } from './default-nics.ts';

/** As the chart of upstream has them in `supported-nic-ids`: vendor, PF, VF. */
const UPSTREAM = [
  '8086 158a 154c',
  '8086 158b 154c',
  '8086 1572 154c',
  '8086 1589 154c',
  '8086 1581 154c',
  '8086 15ff 154c',
  '8086 0d58 154c',
  '8086 1583 154c',
  '8086 1563 1565',
  '8086 10c9 10ca',
  '8086 1592 1889',
  '8086 1593 1889',
  '8086 159b 1889',
  '8086 1599 1889',
  '8086 1591 1889',
  '8086 188a 1889',
  '8086 124d 1889',
  '8086 124c 1889',
  '8086 579c 1889',
  '8086 579d 1889',
  '8086 579e 1889',
  '8086 12d2 1889',
  '8086 12d3 1889',
  '8086 1249 1889',
  '8086 124a 1889',
  '15b3 1013 1014',
  '15b3 1015 1016',
  '15b3 1017 1018',
  '15b3 1019 101a',
  '15b3 101b 101c',
  '15b3 101d 101e',
  '15b3 101f 101e',
  '15b3 1021 101e',
  '15b3 1023 101e',
  '15b3 1025 101e',
  '15b3 a2d6 101e',
  '15b3 a2dc 101e',
  '14e4 16d7 16dc',
  '14e4 1750 1806',
  '1077 1654 1664',
  '1af4 1000 1000',
  '1af4 1041 1041',
  '177d b200 b203',
  '177d b100 b103',
  '177d b600 b603',
  '177d b900 b903',
  '177d ba00 ba03',
  '1d0f ec20 ec20',
];

it('the NIC models that are known without a ConfigMap are those of upstream', () => {
  const models = DEFAULT_NICS.map(({ vendor, pfDevice, vfDevice }) => `${vendor} ${pfDevice} ${vfDevice}`);
  expect(models).toEqual(UPSTREAM);
});
