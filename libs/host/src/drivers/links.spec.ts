import { describe, expect, it } from '@jest/globals';
import { TestKernel } from '../test/test-kernel.ts';
import { listLinks, setLinkUp, setMtu } from './links.ts';

describe('commands that change a link', () => {
  const commands = {
    'ip link set dev ens1 mtu 9000': '',
    'ip link set dev ens1 up': '',
  };

  it('are commands of ip', async () => {
    const kernel = new TestKernel({ commands });
    await setMtu(kernel, 'ens1', 9000);
    await setLinkUp(kernel, 'ens1');
    expect(kernel.done).toEqual(Object.keys(commands));
    expect([...kernel.deadlines]).toEqual([['ip link set dev ens1 mtu 9000', 30_000]]);
  });

  it('are failures when they had no effect, although they report no error', async () => {
    const files = { '/sys/class/net/ens1/mtu': '1500', '/sys/class/net/ens1/flags': '0x1002' };
    const kernel = new TestKernel({ commands, files });
    await expect(setMtu(kernel, 'ens1', 9000)).rejects.toMatchObject({
      path: 'ip link set dev ens1 mtu 9000',
      message: 'MTU 9000 was asked for, ip reported no error, and ens1 has 1500: its driver allows no other',
    });
    await expect(setLinkUp(kernel, 'ens1')).rejects.toMatchObject({
      code: 'NO_EFFECT',
      path: 'ip link set dev ens1 up',
      message: 'ens1 was set up, ip reported no error, and it is down: something else on the host sets it down',
    });
    kernel.files.set('/sys/class/net/ens1/mtu', '9000');
    await setMtu(kernel, 'ens1', 9000);
    kernel.files.set('/sys/class/net/ens1/flags', '0x1003');
    await setLinkUp(kernel, 'ens1');
  });

  it('say why they failed, in the last line of their output', async () => {
    const kernel = new TestKernel({
      commands: { 'ip link set dev ens1 up': '!Warning: x\nRTNETLINK answers: Operation not permitted' },
    });
    await expect(setLinkUp(kernel, 'ens1')).rejects.toMatchObject({
      code: 'COMMAND_FAILED',
      message: 'ip link set dev ens1 up: RTNETLINK answers: Operation not permitted',
      exitCode: 1,
    });
  });
});

const LIST = 'ip -j -d link show';
const SYSFS = '/sys/class/net/ens1';
/** The interface `ens1`, of which `ip` says this, and sysfs and the virtio bus that. */
const listOne = async (row: object, files: Record<string, string> = {}): Promise<object | undefined> => {
  const commands = { [LIST]: JSON.stringify([{}, { ifname: 'ens1', ...row }]) };
  const links = await listLinks(new TestKernel({ commands, files }));
  expect(links).toHaveLength(1);
  return links[0];
};

describe('a network interface', () => {
  it('is what ip says of it', async () => {
    const row = {
      ifindex: 4,
      flags: ['BROADCAST', 'UP'],
      mtu: 1500,
      max_mtu: 9216,
      link_type: 'ether',
      phys_port_name: 'p0',
      phys_switch_id: '6c9fb0000330a2ec',
      address: '52:54:00:aa:00:10',
      permaddr: '52:54:00:aa:00:99',
      master: 'bond0',
      linkinfo: { info_kind: 'vlan' },
      link: 'ens0',
      altnames: ['enp1s0'],
      parentbus: 'pci',
      parentdev: '0000:01:00.0',
      vfinfo_list: [{ vf: 2, address: '02:00:00:00:00:02' }],
    };
    expect(await listOne(row)).toEqual({
      index: 4,
      name: 'ens1',
      altNames: ['enp1s0'],
      mac: '52:54:00:aa:00:10',
      permanentMac: '52:54:00:aa:00:99',
      mtu: 1500,
      maxMtu: 9216,
      up: true,
      linkType: 'ETH',
      hardwareType: 'ether',
      portName: 'p0',
      switchId: '6c9fb0000330a2ec',
      pciAddress: '0000:01:00.0',
      master: 'bond0',
      type: 'vlan',
      lowers: ['ens0'],
      vfs: new Map([[2, { adminMac: '02:00:00:00:00:02' }]]),
    });
  });

  it('is no more than its name where nothing else is told', async () => {
    expect(await listOne({})).toEqual({
      name: 'ens1',
      altNames: [],
      linkType: '',
      lowers: [],
      vfs: new Map(),
    });
  });

  it.each<[string, object, Record<string, string>, object]>([
    ['is down without the flag', { flags: ['BROADCAST'] }, { [`${SYSFS}/flags`]: '0x1003' }, { up: false }],
    ['is up by the flags of sysfs', {}, { [`${SYSFS}/flags`]: '0x1003' }, { up: true }],
    ['is down by the flags of sysfs', {}, { [`${SYSFS}/flags`]: '0x1002' }, { up: false }],
    ['is of InfiniBand by ip', { link_type: 'infiniband' }, {}, { linkType: 'IB', hardwareType: 'infiniband' }],
    [
      'is of no kind that we know by ip',
      { link_type: 'loopback' },
      { [`${SYSFS}/type`]: '1' },
      { linkType: '', hardwareType: 'loopback' },
    ],
    ['is of InfiniBand by sysfs', {}, { [`${SYSFS}/type`]: '32' }, { linkType: 'IB', hardwareType: 'infiniband' }],
    ['is of no kind that we know by sysfs', {}, { [`${SYSFS}/type`]: '772' }, { linkType: '' }],
    ['has no limit of its MTU where that is 0', { max_mtu: 0 }, {}, { maxMtu: undefined }],
    ['has its MTU by sysfs', {}, { [`${SYSFS}/mtu`]: '9000' }, { mtu: 9000 }],
    ['has the MTU that ip tells first', { mtu: 1500 }, { [`${SYSFS}/mtu`]: '9000' }, { mtu: 1500 }],
    ['has its address by sysfs', {}, { [`${SYSFS}/address`]: '02:00:00:00:00:01' }, { mac: '02:00:00:00:00:01' }],
    [
      'has no permanent address beside the same one',
      { address: '02:00:00:00:00:01', permaddr: '02:00:00:00:00:01' },
      {},
      { permanentMac: undefined },
    ],
    [
      'has none from a bond that it is not part of',
      {},
      { [`${SYSFS}/bonding_slave/perm_hwaddr`]: '02:00:00:00:00:09' },
      { permanentMac: undefined },
    ],
    [
      'has the one from its bond',
      { master: 'bond0' },
      { [`${SYSFS}/bonding_slave/perm_hwaddr`]: '02:00:00:00:00:09' },
      { permanentMac: '02:00:00:00:00:09' },
    ],
  ])('%s', async (_, row, files, expected) => {
    expect({ maxMtu: undefined, permanentMac: undefined, ...(await listOne(row, files)) }).toMatchObject(expected);
  });

  it.each<[string, object, string[]]>([
    ['the one that ip names', { link: 'eth0', link_index: 4 }, ['eth0']],
    ['the number where it names none', { link_index: 4 }, ['if4']],
    ['nothing here where that is a number of another network namespace', { link_index: 4, link_netnsid: 0 }, []],
    ['nothing where it is named in another network namespace', { link: null, link_index: 4, link_netnsid: 0 }, []],
    ['what a VXLAN is on', { linkinfo: { info_data: { link: 'eth0' } } }, ['eth0']],
    ['both of an HSR', { linkinfo: { info_data: { slave1: 'eth0', slave2: 'eth1' } } }, ['eth0', 'eth1']],
    ['one once', { link: 'eth0', linkinfo: { info_data: { link: 'eth0' } } }, ['eth0']],
    ['no number in the place of a name', { linkinfo: { info_data: { link: 7 } } }, []],
  ])('stands on %s', async (_, row, lowers) => {
    expect(await listOne(row)).toMatchObject({ lowers });
  });

  const virtio = { parentbus: 'virtio', parentdev: 'virtio12' };
  const VIRTIO = '/sys/bus/virtio/devices/virtio12';
  it.each<[string, object, Record<string, string>, string | undefined]>([
    ['the PCI device', { parentbus: 'pci', parentdev: '0000:01:00.0' }, {}, '0000:01:00.0'],
    ['none on another bus', { parentbus: 'usb', parentdev: '1-1:1.0' }, {}, undefined],
    ['none where none is told', {}, {}, undefined],
    [
      'the last PCI device on the way to a virtio one',
      virtio,
      { [VIRTIO]: '->../../../devices/pci0000:00/0000:00:1c.0/0000:af:0d.7/virtio12' },
      '0000:af:0d.7',
    ],
    [
      'none where the way leads over no PCI device',
      virtio,
      { [VIRTIO]: '->../../../devices/platform/virtio12' },
      undefined,
    ],
    [
      'none where it stands on a device of a PCI device',
      virtio,
      { [VIRTIO]: '->../../../devices/pci0000:00/0000:00:03.0/vdpa0/virtio12' },
      undefined,
    ],
    ['none when the virtio one has gone', virtio, {}, undefined],
    ['none when the virtio one is just going', virtio, { [VIRTIO]: '[ENODEV]' }, undefined],
  ])('belongs to %s', async (_, row, files, pciAddress) => {
    expect({ pciAddress: undefined, ...(await listOne(row, files)) }).toMatchObject({ pciAddress });
  });

  it('is not said to belong to no device where that cannot be read', async () => {
    await expect(listOne(virtio, { [VIRTIO]: '[EACCES]' })).rejects.toMatchObject({ code: 'EACCES' });
  });
});
