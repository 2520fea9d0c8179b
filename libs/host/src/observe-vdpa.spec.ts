import { describe, expect, it } from '@jest/globals';
import { type ObservedVf } from '@sriov/observed-host';
import { observeDevices } from './devices/observe-devices.ts';
import { observeHost } from './observe.ts';
import { deviceHost, linkRow } from './test/vector-hosts.ts';
import { type TestKernel } from './test/test-kernel.ts';

const PF = '0000:5e:00.0';
const VF = '0000:5e:00.2';
const BUS = '/sys/bus/vdpa/devices';
const OWN = `vdpa:${VF}`;
const ids = { vendor: '0x15b3', device: '0x101d', class: '0x020000', driver: '->../../../bus/pci/drivers/mlx5_core' };

/** A PF with one VF that has its own interface, and what else the host has. */
function host(
  files: Record<string, string>,
  links: readonly object[] = [],
  vf: Record<string, string> = {},
): TestKernel {
  const kernel = deviceHost({
    devices: {
      [PF]: { ...ids, sriov_totalvfs: '8', virtfn0: `->../${VF}`, 'net/ens2f0/mtu': '1500' },
      [VF]: { ...ids, physfn: `->../${PF}`, 'net/ens2f0v0/mtu': '1500', ...vf },
    },
    links: [
      linkRow({ ifname: 'ens2f0', parentdev: PF }),
      linkRow({ ifname: 'ens2f0v0', parentdev: VF }, { mtu: 9000 }),
      ...links,
    ],
  });
  kernel.commands.set('devlink -j dev show', '{"dev":{}}');
  for (const [path, text] of Object.entries(files)) kernel.files.set(path, text);
  return kernel;
}

async function look(kernel: TestKernel): Promise<ObservedVf | undefined> {
  const { interfaces, problems } = await observeHost(kernel);
  expect(problems).toEqual([]);
  return interfaces[0]?.sriov?.vfs[0];
}

const device = (name: string, driver?: string): Record<string, string> => ({
  [`${BUS}/${name}`]: `->../../../devices/pci0000:5d/0000:5d:01.0/${VF}/${name}`,
  [`${BUS}/${name}/uevent`]: '',
  ...(driver !== undefined && { [`${BUS}/${name}/driver`]: `->../../../bus/vdpa/drivers/${driver}` }),
});

describe('the vDPA devices of a VF', () => {
  it.each<[string, Record<string, string>, Partial<ObservedVf> | undefined]>([
    ['are none where the module is not loaded', {}, undefined],
    ['are that of ours, with its driver', device(OWN, 'vhost_vdpa'), { vdpa: [{ name: OWN, driver: 'vhost_vdpa' }] }],
    ['are that of ours before it has a driver', device(OWN), { vdpa: [{ name: OWN }] }],
    [
      'are that of somebody else, who uses the VF',
      device('vdpa0', 'virtio_vdpa'),
      { vdpa: [{ name: 'vdpa0', driver: 'virtio_vdpa' }], uses: [{ kind: 'vdpa', name: 'vdpa0' }] },
    ],
  ])('%s', async (_, files, expected) => {
    const { vdpa, vdpaUnknown, uses } = (await look(host(files))) ?? {};
    expect({ vdpa, vdpaUnknown, uses }).toEqual({ vdpa: undefined, uses: undefined, ...expected });
  });

  it.each<[string, Record<string, string>, object[]]>([
    ['are free with an interface that nobody uses', { [`${BUS}/${OWN}/virtio3/net/eth0/mtu`]: '' }, []],
    [
      'are in use where a pod has their interface, whoever has that of the VF',
      { [`${BUS}/${OWN}/virtio3/net/`]: '' },
      [{ kind: 'namespace' }],
    ],
  ])('%s', async (_, files, uses) => {
    const virtio = linkRow({ ifname: 'eth0', parentdev: 'virtio3' }, { parentbus: 'virtio' });
    const kernel = host({ ...device(OWN, 'virtio_vdpa'), ...files }, uses.length === 0 ? [virtio] : []);
    const vf = await look(kernel);
    expect([vf?.uses ?? [], vf?.link?.name, vf?.link?.mtu]).toEqual([uses, 'ens2f0v0', 9000]);
  });

  it('have an interface that is not taken for that of the VF while a pod has the latter', async () => {
    const virtio = linkRow({ ifname: 'eth0', parentdev: 'virtio3' }, { parentbus: 'virtio' });
    const files = { ...device(OWN, 'virtio_vdpa'), [`${BUS}/${OWN}/virtio3/net/eth0/mtu`]: '' };
    const kernel = host(files, [virtio]);
    kernel.files.delete(`/sys/bus/pci/devices/${VF}/net/ens2f0v0/mtu`);
    kernel.files.set(`/sys/bus/pci/devices/${VF}/net/`, '');
    kernel.commands.set('ip -j -d link show', JSON.stringify([linkRow({ ifname: 'ens2f0', parentdev: PF }), virtio]));
    const vf = await look(kernel);
    expect([vf?.uses, vf?.link]).toEqual([[{ kind: 'namespace' }], undefined]);
  });
});

describe('vDPA devices that cannot be read', () => {
  const files = { [BUS]: '[EIO]' };
  const cause = `the vDPA devices of the host cannot be read (list ${BUS}: EIO)`;

  it('are not called absent, and may be in use', async () => {
    expect(await look(host(files))).toMatchObject({ vdpaUnknown: cause, uses: [{ kind: 'unknown', cause }] });
  });

  it('do not matter to a VF without a driver, nor to a PF', async () => {
    const { interfaces } = await observeHost(host(files, [], { driver: '[ENOENT]' }));
    expect([interfaces[0]?.uses, interfaces[0]?.sriov?.vfs[0]?.uses]).toEqual([undefined, undefined]);
    expect(interfaces[0]?.sriov?.vfs[0]).not.toHaveProperty('vdpaUnknown');
  });

  it('leave the device plugin without any knowledge of devices', async () => {
    await expect(observeDevices(host(files))).rejects.toThrow(cause);
  });
});
