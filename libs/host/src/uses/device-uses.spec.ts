import { beforeEach, describe, expect, it } from '@jest/globals';
import { TestKernel } from '../test/test-kernel.ts';
import { findDeviceInterfaces, readUseTables, type UsedDevice, usesOfDevice } from './device-uses.ts';
import { DEVICE_CHECKPOINT } from './pod-resources.ts';

const VF = '0000:01:10.0';
const folder = `/sys/bus/pci/devices/${VF}`;
let kernel: TestKernel;

beforeEach(() => {
  kernel = new TestKernel({
    files: { [DEVICE_CHECKPOINT]: '{"Data":{}}' },
    commands: {
      'ip -j -d link show': '[{"ifname":"eth0"},{"ifname":"eth1"}]',
      'ip -j addr show': '[{"ifname":"eth0","addr_info":[{"local":"10.0.0.5","prefixlen":24}]}]',
      'ip -j -4 route show table all': '[]',
      'ip -j -6 route show table all': '[]',
    },
  });
});

const has = (files: Record<string, string>): void => {
  for (const [path, text] of Object.entries(files)) kernel.files.set(path, text);
};
const interfacesOf = async (names: string[]): Promise<string[]> => {
  const device = { pciAddress: VF, folder, names };
  const { links } = await findDeviceInterfaces(kernel, device, await readUseTables(kernel, false));
  return links.map(({ name }) => name);
};
const nothing = { links: [], uppers: new Map<string, string[]>(), isElsewhere: false };
const vfio = { folder, names: [], driver: 'vfio-pci', iommuGroup: 21 };
const igbvf = { ...vfio, driver: 'igbvf' };
const usesOf = async (device: Partial<UsedDevice>, isClose = true): Promise<object[]> =>
  usesOfDevice(kernel, { pciAddress: VF, interfaces: nothing, ...device }, await readUseTables(kernel, isClose));
const allocated = (to: string): void =>
  has({ [DEVICE_CHECKPOINT]: JSON.stringify({ Data: { PodDeviceEntries: [{ PodUID: to, DeviceIDs: [VF] }] } }) });

describe('the folders in which the interfaces of a device are', () => {
  it.each<[string, string[], Record<string, string>, string[]]>([
    ['its own', ['net'], { [`${folder}/net/eth0/mtu`]: '' }, ['eth0']],
    ['none of its own where it names none', [], { [`${folder}/net/eth0/mtu`]: '' }, []],
    ['that of the virtio device on it', ['virtio12'], { [`${folder}/virtio12/net/eth1/mtu`]: '' }, ['eth1']],
    [
      'none of what is only named alike',
      ['virtiox', 'virtio1_x', 'my_virtio1'],
      {
        [`${folder}/my_virtio1/net/eth1/mtu`]: '',
        [`${folder}/virtio1_x/net/eth1/mtu`]: '',
        [`${folder}/virtiox/net/eth1/mtu`]: '',
      },
      [],
    ],
    [
      'that of the virtio device on its vDPA device',
      [],
      {
        '/sys/bus/vdpa/devices/vdpa0': `->../../../devices/pci0000:00/${VF}/vdpa0`,
        '/sys/bus/vdpa/devices/vdpa0/virtio3/net/eth1/mtu': '',
      },
      ['eth1'],
    ],
  ])('are %s', async (_, names, files, expected) => {
    has(files);
    expect(await interfacesOf(names)).toEqual(expected);
  });
});

describe('who uses a device', () => {
  it('is nobody', async () => {
    expect(await usesOf({ files: igbvf })).toEqual([]);
  });

  it('is the pod to which the kubelet has given it, which only a close look tells', async () => {
    allocated('u1');
    expect(await usesOf({ files: igbvf })).toEqual([{ kind: 'allocated', to: 'the pod with the UID u1' }]);
    expect(await usesOf({ files: igbvf }, false)).toEqual([]);
  });

  it('is told with the most telling first', async () => {
    allocated('u1');
    has({ '/proc/7/fd/3': '->/dev/vfio/21', '/proc/7/fd/4': '->/dev/vfio/21', '/proc/7/comm': 'qemu' });
    const { network } = await readUseTables(kernel, false);
    const eth0 = network.named('eth0');
    const interfaces = {
      links: eth0 ? [eth0] : [],
      uppers: new Map([['eth0', ['br0']]]),
      isElsewhere: true,
      unknown: 'something',
    };
    expect(await usesOf({ interfaces, files: vfio })).toEqual([
      { kind: 'allocated', to: 'the pod with the UID u1' },
      { kind: 'process', pid: 7, command: 'qemu' },
      { kind: 'namespace' },
      { kind: 'carries', name: 'br0' },
      { kind: 'address', address: '10.0.0.5/24' },
      { kind: 'unknown', cause: 'something' },
    ]);
  });

  it('is a process that is found although others cannot be looked into', async () => {
    has({ '/proc/7/fd/3': '->/dev/vfio/21', '/proc/7/comm': 'qemu', '/proc/8/fd': '[EACCES]', '/proc/8/fd/1': '' });
    expect(await usesOf({ files: vfio })).toEqual([{ kind: 'process', pid: 7, command: 'qemu' }]);
  });

  it('is unknown of a VF, and not of a PF, while the kubelet cannot be asked', async () => {
    has({ [DEVICE_CHECKPOINT]: '[EIO]' });
    const cause = `the kubelet cannot be asked (read ${DEVICE_CHECKPOINT}: EIO)`;
    expect(await usesOf({ files: igbvf })).toEqual([{ kind: 'unknown', cause }]);
    expect(await usesOf({})).toEqual([]);
  });

  it.each<[string, string | undefined, object[]]>([
    [
      'unknown with VFIO',
      'vfio-pci',
      [{ kind: 'unknown', cause: 'it is bound to vfio-pci, and its iommu_group cannot be read' }],
    ],
    ['nobody with a driver of the kernel', 'igbvf', []],
    ['nobody without a driver', undefined, []],
  ])('is, where its group cannot be read, %s', async (_, driver, uses) => {
    has({ '/proc/7/fd/3': '->/dev/null', '/proc/7/comm': 'x' });
    expect(await usesOf({ files: { folder, names: [], driver, iommuGroup: undefined } })).toEqual(uses);
  });

  it('is not searched for among the processes where no file leads to the device', async () => {
    has({ '/proc/7/fd': '[EACCES]', '/proc/7/fd/3': '' });
    expect(await usesOf({ files: igbvf })).toEqual([]);
  });
});
