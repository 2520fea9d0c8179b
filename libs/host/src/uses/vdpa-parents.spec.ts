import { describe, expect, it } from '@jest/globals';
import { TestKernel } from '../test/test-kernel.ts';
import { readVdpaParts } from './vdpa-parents.ts';

const VDPA = '/sys/bus/vdpa/devices';
const VF = '0000:5e:00.2';
const below = (rest: string): string => `->../../../devices/pci0000:5d/0000:5d:01.0/${rest}`;

describe('what vDPA devices add to the device below', () => {
  it('is a vDPA device with its driver, on the PCI device or on the subfunction between them', async () => {
    const files = {
      [`${VDPA}/vdpa0`]: below(`${VF}/vdpa0`),
      [`${VDPA}/vdpa0/driver`]: '->../../../../../../bus/vdpa/drivers/vhost_vdpa',
      [`${VDPA}/vdpa1`]: below(`${VF}/mlx5_core.sf.4/vdpa1`),
      [`${VDPA}/vdpa1/uevent`]: '',
    };
    const parts = await readVdpaParts(new TestKernel({ files }));
    expect(parts.get(VF)?.devices).toEqual([
      { name: 'vdpa0', on: VF, driver: 'vhost_vdpa' },
      { name: 'vdpa1', on: 'mlx5_core.sf.4' },
    ]);
  });

  it.each<[string, Record<string, string>, Record<string, object>]>([
    ['is nothing where there are none', {}, {}],
    [
      'is a file for programs',
      { [`${VDPA}/vdpa0`]: below(`${VF}/vdpa0`), [`${VDPA}/vdpa0/vhost-vdpa-12/dev`]: '' },
      { [VF]: { files: ['vhost-vdpa-12'], netFolders: [] } },
    ],
    [
      'is a folder of network interfaces, of virtio',
      { [`${VDPA}/vdpa0`]: below(`${VF}/vdpa0`), [`${VDPA}/vdpa0/virtio13/net/eth0/mtu`]: '' },
      { [VF]: { files: [], netFolders: [`${VDPA}/vdpa0/virtio13/net`] } },
    ],
    [
      'is not what is only named alike',
      {
        [`${VDPA}/vdpa0`]: below(`${VF}/vdpa0`),
        [`${VDPA}/vdpa0/my-vhost-vdpa-1/x`]: '',
        [`${VDPA}/vdpa0/vhost-vdpa-1-x/x`]: '',
        [`${VDPA}/vdpa0/myvirtio1/x`]: '',
        [`${VDPA}/vdpa0/virtio1x/x`]: '',
      },
      { [VF]: { files: [], netFolders: [] } },
    ],
    [
      'is all of several devices',
      {
        [`${VDPA}/vdpa0`]: below(`${VF}/vdpa0`),
        [`${VDPA}/vdpa0/vhost-vdpa-0/dev`]: '',
        [`${VDPA}/vdpa0/virtio0/x`]: '',
        [`${VDPA}/vdpa1`]: below(`${VF}/vdpa1`),
        [`${VDPA}/vdpa1/vhost-vdpa-1/dev`]: '',
        [`${VDPA}/vdpa1/virtio1/x`]: '',
        [`${VDPA}/vdpa2`]: below('0000:5e:00.3/vdpa2'),
        [`${VDPA}/vdpa2/vhost-vdpa-2/dev`]: '',
      },
      {
        [VF]: {
          files: ['vhost-vdpa-0', 'vhost-vdpa-1'],
          netFolders: [`${VDPA}/vdpa0/virtio0/net`, `${VDPA}/vdpa1/virtio1/net`],
        },
        '0000:5e:00.3': { files: ['vhost-vdpa-2'], netFolders: [] },
      },
    ],
    ['is nothing of one without a PCI device', { [`${VDPA}/vdpa0`]: '->../../../devices/vdpasim/vdpa0' }, {}],
    ['is nothing of one that has an address for a name', { [`${VDPA}/${VF}`]: `->../../../devices/vdpasim/${VF}` }, {}],
    ['is nothing of one that has gone', { [`${VDPA}/vdpa0`]: '[ENOENT]' }, {}],
    ['is nothing of one that is just going', { [`${VDPA}/vdpa0`]: '[ENODEV]' }, {}],
  ])('%s', async (_, files, expected) => {
    const parts = await readVdpaParts(new TestKernel({ files }));
    expect(Object.fromEntries([...parts].map(([key, { devices: _devices, ...rest }]) => [key, rest]))).toEqual(
      expected,
    );
  });

  it('is not said to be nothing where it cannot be read', async () => {
    const kernel = new TestKernel({ files: { [`${VDPA}/vdpa0`]: '[EACCES]' } });
    await expect(readVdpaParts(kernel)).rejects.toMatchObject({ code: 'EACCES' });
  });
});
