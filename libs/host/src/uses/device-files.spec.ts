import { describe, expect, it } from '@jest/globals';
import { TestKernel } from '../test/test-kernel.ts';
import { deviceFilesOf } from './device-files.ts';

const folder = '/sys/bus/pci/devices/0000:01:10.0';

describe('the device files of a device', () => {
  it.each<[string, string[], string | undefined, number | undefined, string[]]>([
    ['none with a driver of the kernel', ['net/ens1'], 'igbvf', 21, []],
    ['none without a driver', [], undefined, 21, []],
    ['its group with vfio-pci', [], 'vfio-pci', 21, ['21']],
    ['its group with a VFIO driver of a vendor', [], 'mlx5_vfio_pci', 21, ['21']],
    ['its group and its own file with iommufd', ['vfio-dev/vfio3'], 'some', 21, ['21', 'vfio3']],
    [
      'those of RDMA',
      ['infiniband_verbs/uverbs2', 'infiniband_mad/umad2', 'infiniband_mad/issm2'],
      'mlx5_core',
      21,
      ['uverbs2', 'issm2', 'umad2'],
    ],
    ['that of uio', ['uio/uio3'], 'igb_uio', undefined, ['uio3']],
  ])('are %s', async (_, files, driver, iommuGroup, expected) => {
    const kernel = new TestKernel({ files: Object.fromEntries(files.map((file) => [`${folder}/${file}`, ''])) });
    const names = files.map((file) => file.slice(0, file.indexOf('/')));
    expect(await deviceFilesOf(kernel, { folder, names, driver, iommuGroup })).toEqual(expected);
  });

  it('are not looked for in folders that the device has not', async () => {
    const kernel = new TestKernel({ files: { [`${folder}/uio/uio3`]: '' } });
    expect(await deviceFilesOf(kernel, { folder, names: [], driver: 'igbvf', iommuGroup: 1 })).toEqual([]);
  });
});
