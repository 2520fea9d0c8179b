import { describe, expect, it } from '@jest/globals';
import { type ObservedDevice } from '@sriov/observed-host';
import { type TestKernel } from '../test/test-kernel.ts';
import { deviceHost, driver, intelHost, linkRow, mellanoxHost, modalias } from '../test/vector-hosts.ts';
import { observeDevices } from './observe-devices.ts';

const PF = '0000:01:00.0';
const VF = '0000:01:00.2';
const pf = {
  modalias: modalias('15b3', '101d'),
  driver: driver('mlx5_core'),
  'net/ens1/mtu': '',
  virtfn0: `->../${VF}`,
};
const vf = { modalias: modalias('15b3', '101e'), driver: driver('mlx5_core'), physfn: `->../${PF}` };
const ens1 = linkRow({ ifname: 'ens1', parentdev: PF });

/** A device of a host without problems. */
async function find(kernel: TestKernel, id: string): Promise<ObservedDevice | undefined> {
  const { devices, problems } = await observeDevices(kernel);
  expect(problems).toEqual([]);
  return devices.find((device) => device.id === id);
}

describe('the devices that pods can be given', () => {
  const ens1f0 = { pciAddress: '0000:3b:00.0', name: 'ens1f0', isUp: true };
  const shared = { kind: 'net' as const, numVfs: 0, isRdma: false, hostUses: [] };
  const intelVf = (index: number, rest: Partial<ObservedDevice>): object => {
    const address = `0000:3b:02.${index}`;
    const ids = { id: address, pciAddress: address, vendor: '8086', deviceId: '154c' };
    return { ...shared, ...ids, linkType: 'ether', parent: { ...ens1f0, index }, ...rest };
  };

  it('are those of a host with a PF, VFs on drivers of all kinds, NICs and an accelerator', async () => {
    const nic = { ...shared, vendor: '8086', deviceId: '1521', driver: 'igb', numaNode: 0, linkType: 'ether' };
    expect(await observeDevices(intelHost())).toEqual({
      problems: [],
      devices: [
        {
          ...shared,
          id: '0000:3b:00.0',
          pciAddress: '0000:3b:00.0',
          vendor: '8086',
          deviceId: '1572',
          driver: 'i40e',
          numaNode: 0,
          numVfs: 5,
          linkType: 'ether',
        },
        intelVf(0, { driver: 'iavf', numaNode: 0 }),
        intelVf(1, { driver: 'vfio-pci', numaNode: 0 }),
        intelVf(2, { driver: 'vfio-pci', numaNode: 1 }),
        intelVf(3, { driver: 'igb_uio' }),
        intelVf(4, { numaNode: 0 }),
        { ...nic, id: '0000:5e:00.0', pciAddress: '0000:5e:00.0', hostUses: [{ kind: 'default-route' }] },
        { ...nic, id: '0000:5f:00.0', pciAddress: '0000:5f:00.0' },
        {
          ...shared,
          id: '0000:af:00.0',
          pciAddress: '0000:af:00.0',
          kind: 'accelerator',
          vendor: '8086',
          deviceId: '0d5c',
          driver: 'vfio-pci',
          numaNode: 1,
        },
      ],
    });
  });

  it('are those of a host with RDMA and subfunctions', async () => {
    const mlx5 = { ...shared, vendor: '15b3', driver: 'mlx5_core', numaNode: 1, linkType: 'ether' };
    const ens1 = { pciAddress: '0000:d8:00.0', name: 'ens1f0', isUp: true };
    const sf = { ...mlx5, pciAddress: '0000:d8:00.0', deviceId: '101d', kind: 'auxiliary', auxType: 'sf' };
    const ids = (id: string, deviceId: string): object => ({ id, pciAddress: id, deviceId });
    expect(await observeDevices(mellanoxHost())).toEqual({
      problems: [],
      devices: [
        { ...mlx5, ...ids('0000:d8:00.0', '101d'), numVfs: 2, isRdma: true },
        { ...sf, id: 'mlx5_core.sf.4', parent: { ...ens1, index: 88 }, isRdma: true },
        { ...sf, id: 'mlx5_core.sf.5', parent: { ...ens1, index: 89 } },
        { ...mlx5, ...ids('0000:d8:00.2', '101e'), parent: { ...ens1, index: 0 }, isRdma: true },
        { ...mlx5, ...ids('0000:d8:00.3', '101e'), parent: { ...ens1, index: 1 } },
      ],
    });
  });
});

describe('a device', () => {
  it.each<[string, Record<string, string>, object]>([
    ['has no driver while none is bound', { driver: '[ENOENT]' }, { driver: undefined }],
    ['has the NUMA node of the kernel', { numa_node: '1' }, { numaNode: 1 }],
    ['has no NUMA node where the kernel says -1', { numa_node: '-1' }, { numaNode: undefined }],
    ['has the index of the firmware', { acpi_index: '101' }, { acpiIndex: '101' }],
    ['has no index where the file is empty', { acpi_index: '' }, { acpiIndex: undefined }],
    ['has no index without the file', {}, { acpiIndex: undefined }],
    ['is RDMA while the RDMA device is in the namespace of a pod', { 'infiniband/': '' }, { isRdma: true }],
    ['is RDMA with files for verbs', { 'infiniband_verbs/uverbs0/ibdev': 'mlx5_0' }, { isRdma: true }],
    ['is not RDMA without an RDMA device', {}, { isRdma: false }],
    ['is a network device of any kind', { modalias: modalias('8086', '1521', '0280') }, { kind: 'net' }],
  ])('%s', async (_, attributes, expected) => {
    const device = { modalias: modalias('8086', '1521'), driver: driver('igb'), ...attributes };
    const found = await find(deviceHost({ devices: { [PF]: device } }), PF);
    const none = { driver: undefined, numaNode: undefined, acpiIndex: undefined };
    expect({ ...none, ...found }).toMatchObject(expected);
  });

  it('is none of another class', async () => {
    const device = { modalias: modalias('8086', '37c8', '0b40') };
    expect(await observeDevices(deviceHost({ devices: { [PF]: device } }))).toEqual({ devices: [], problems: [] });
  });

  it('has the partition key of InfiniBand', async () => {
    const [row, key] = [linkRow({ ifname: 'ib0', parentdev: PF }, { link_type: 'infiniband' }), '0x8005'];
    const attributes = { modalias: pf.modalias, 'net/ib0/mtu': '', 'infiniband/mlx5_0/ports/1/pkeys/0': key };
    const kernel = deviceHost({ devices: { [PF]: attributes }, links: [row] });
    expect(await find(kernel, PF)).toMatchObject({ linkType: 'infiniband', pKey: key });
    kernel.commands.set('ip -j -d link show', JSON.stringify([linkRow({ ifname: 'ib0', parentdev: PF })]));
    expect(await find(kernel, PF)).not.toHaveProperty('pKey');
  });

  it.each<[string, string | undefined, object]>([
    ['for a virtual machine', 'vhost_vdpa', { name: 'vdpa9', type: 'vhost' }],
    ['for the kernel', 'virtio_vdpa', { name: 'vdpa9', type: 'virtio' }],
    ['for nobody yet', undefined, { name: 'vdpa9' }],
  ])('has a vDPA device %s', async (_, bound, vdpa) => {
    const folder = '/sys/bus/vdpa/devices/vdpa9';
    const link = bound === undefined ? {} : { [`${folder}/driver`]: `->../../bus/vdpa/drivers/${bound}` };
    const files = { [folder]: `->../../../devices/pci0000:00/${VF}/vdpa9`, [`${folder}/uevent`]: '', ...link };
    const kernel = deviceHost({ devices: { [PF]: pf, [VF]: vf }, links: [ens1], files });
    expect((await find(kernel, VF))?.vdpa).toEqual(vdpa);
    expect(await find(kernel, PF)).not.toHaveProperty('vdpa');
  });
});

describe('a VF', () => {
  it('keeps its link type while its interface is in a pod, which is no use by the host', async () => {
    const kernel = deviceHost({ devices: { [PF]: pf, [VF]: { ...vf, 'net/': '' } }, links: [ens1] });
    expect(await find(kernel, VF)).toMatchObject({ linkType: 'ether', hostUses: [] });
  });

  it('has the link type of its own interface', async () => {
    const row = linkRow({ ifname: 'ib0', parentdev: VF }, { link_type: 'infiniband' });
    const kernel = deviceHost({ devices: { [PF]: pf, [VF]: { ...vf, 'net/ib0/mtu': '' } }, links: [ens1, row] });
    expect((await find(kernel, VF))?.linkType).toBe('infiniband');
  });

  it('has no link type without any interface', async () => {
    const { 'net/ens1/mtu': _, ...others } = pf;
    const kernel = deviceHost({ devices: { [PF]: others, [VF]: vf } });
    expect(await find(kernel, VF)).toEqual({
      id: VF,
      kind: 'net',
      pciAddress: VF,
      vendor: '15b3',
      deviceId: '101e',
      driver: 'mlx5_core',
      parent: { pciAddress: PF, index: 0 },
      numVfs: 0,
      isRdma: false,
      hostUses: [],
    });
  });

  it('is told that its PF is administratively down', async () => {
    const links = [linkRow({ ifname: 'ens1', parentdev: PF }, { flags: ['BROADCAST'] })];
    const kernel = deviceHost({ devices: { [PF]: pf, [VF]: vf }, links });
    expect((await find(kernel, VF))?.parent).toEqual({ pciAddress: PF, name: 'ens1', index: 0, isUp: false });
  });

  it('has its index by the number of the link, whatever numbers are missing', async () => {
    const { virtfn0, ...others } = pf;
    const kernel = deviceHost({ devices: { [PF]: { ...others, virtfn7: virtfn0 }, [VF]: vf }, links: [ens1] });
    expect((await find(kernel, VF))?.parent?.index).toBe(7);
  });

  it('has no index while its PF does not list it', async () => {
    const { virtfn0: _, ...others } = pf;
    const kernel = deviceHost({ devices: { [PF]: others, [VF]: vf }, links: [ens1] });
    expect((await find(kernel, VF))?.parent).toEqual({ pciAddress: PF, name: 'ens1', isUp: true });
  });

  it('is no device while it is being removed', async () => {
    const { physfn: _, ...others } = vf;
    const kernel = deviceHost({
      devices: { [PF]: pf, [VF]: { ...others, sriov_vf_msix_count: '[EACCES]' } },
      links: [ens1],
    });
    expect(await find(kernel, VF)).toBeUndefined();
  });

  it('that was passed through to this machine has no PF', async () => {
    const { physfn: _, ...others } = vf;
    expect(await find(deviceHost({ devices: { [VF]: others } }), VF)).not.toHaveProperty('parent');
  });

  it('can have a PF that is no network device', async () => {
    const kernel = deviceHost({ devices: { [PF]: { ...pf, modalias: modalias('15b3', '101d', '0b40') }, [VF]: vf } });
    expect((await find(kernel, VF))?.parent).toEqual({ pciAddress: PF });
  });
});

describe('the interface of a PF', () => {
  const names = { 'net/eth7/mtu': '', 'net/ens1/mtu': '', 'net/ens1v0/mtu': '' };
  const nameOf = async (rows: Record<string, object>): Promise<string | undefined> => {
    const links = Object.entries(rows).map(([ifname, rest]) => linkRow({ ifname, parentdev: PF }, rest));
    const own = Object.fromEntries(Object.keys(rows).map((name) => [`net/${name}/mtu`, '']));
    const { 'net/ens1/mtu': _, ...rest } = pf;
    const kernel = deviceHost({ devices: { [PF]: { ...rest, ...own }, [VF]: vf }, links });
    return (await find(kernel, VF))?.parent?.name;
  };
  const port = (phys_port_name?: string): object => ({
    phys_switch_id: 'c8f1',
    ...(phys_port_name && { phys_port_name }),
  });

  it.each<[string, Record<string, object>, string | undefined]>([
    ['is the first of several in legacy mode', { ens1b: {}, ens1a: {} }, 'ens1a'],
    ['is the first in legacy mode whatever the ports are called', { a: { phys_port_name: 'n0' }, b: {} }, 'a'],
    ['is the uplink in switchdev mode', { eth0: port('pf0vf0'), eth1: port('p1'), eth2: port('pf0vf1') }, 'eth1'],
    ['is the port without a name in switchdev mode', { eth0: port('pf0vf0'), eth1: port() }, 'eth1'],
    ['is none in switchdev mode when only representors are here', { eth0: port('pf0vf0') }, undefined],
    ['is none of another switch', { eth0: {}, eth1: port('p0') }, 'eth1'],
  ])('%s', async (_, rows, expected) => {
    expect(await nameOf(rows)).toBe(expected);
  });

  it('is used by the host, and its representors are not a use of it', async () => {
    const links = [
      linkRow({ ifname: 'eth7', parentdev: PF }, { ...port('pf0vf0'), master: 'br0' }),
      linkRow({ ifname: 'ens1', parentdev: PF }, { ...port('p0'), master: 'bond0' }),
      linkRow({ ifname: 'ens1v0', parentdev: PF }, { ...port('pf0vf1'), master: 'br0' }),
    ];
    const kernel = deviceHost({ devices: { [PF]: { ...pf, ...names } }, links });
    expect((await find(kernel, PF))?.hostUses).toEqual([{ kind: 'part-of', master: 'bond0' }]);
  });

  it('can be one of two, each of which the host can use', async () => {
    const links = [
      linkRow({ ifname: 'p1', parentdev: PF }),
      linkRow({ ifname: 'p2', parentdev: PF }, { master: 'br0' }),
    ];
    const device = { modalias: modalias('15b3', '1007'), 'net/p1/mtu': '', 'net/p2/mtu': '' };
    const kernel = deviceHost({ devices: { [PF]: device }, links });
    expect((await find(kernel, PF))?.hostUses).toEqual([{ kind: 'part-of', master: 'br0' }]);
  });
});

describe('a subfunction', () => {
  const SF = 'mlx5_core.sf.4';
  const withSf = (rest: Record<string, string>): Record<string, string> => ({
    ...pf,
    ...Object.fromEntries(Object.entries(rest).map(([name, text]) => [`${SF}/${name}`, text])),
  });

  it('is used by the host through its own interface', async () => {
    const row = linkRow({ ifname: 'sf0', parentdev: SF }, { parentbus: 'auxiliary', master: 'br0' });
    const kernel = deviceHost({ devices: { [PF]: withSf({ sfnum: '7', 'net/sf0/mtu': '' }) }, links: [ens1, row] });
    expect((await find(kernel, SF))?.hostUses).toEqual([{ kind: 'part-of', master: 'br0' }]);
    expect((await find(kernel, PF))?.hostUses).toEqual([]);
  });

  it('has no number where the kernel tells none', async () => {
    const kernel = deviceHost({ devices: { [PF]: withSf({ uevent: '' }) }, links: [ens1] });
    expect((await find(kernel, SF))?.parent).toEqual({ pciAddress: PF, name: 'ens1', isUp: true });
  });

  it('has the vDPA device that was made from it, which its PF has not', async () => {
    const folder = '/sys/bus/vdpa/devices/vdpa1';
    const files = { [folder]: `->../../../devices/pci0000:00/${PF}/${SF}/vdpa1`, [`${folder}/uevent`]: '' };
    const kernel = deviceHost({ devices: { [PF]: withSf({ sfnum: '7' }) }, links: [ens1], files });
    expect((await find(kernel, SF))?.vdpa).toEqual({ name: 'vdpa1' });
    expect(await find(kernel, PF)).not.toHaveProperty('vdpa');
  });

  it.each(['mlx5_core.eth.0', 'mlx5_core.rdma.0', 'mlx5_core.vnet.0', 'sf.4', 'a.b.sf.4'])(
    'is not %s',
    async (name) => {
      const kernel = deviceHost({ devices: { [PF]: { ...pf, [`${name}/sfnum`]: '1' } }, links: [ens1] });
      expect((await observeDevices(kernel)).devices.map(({ id }) => id)).toEqual([PF]);
    },
  );
});

describe('what cannot be observed', () => {
  const nic = { modalias: modalias('8086', '1521') };

  it.each<[string, Record<string, string>, RegExp]>([
    ['a device that says nothing of itself', { modalias: '[EIO]' }, /modalias: EIO/],
    ['a device without what it says of itself', { uevent: '' }, /modalias: ENOENT/],
    ['a device that says what makes no sense', { modalias: 'pci:v8086' }, /modalias "pci:v8086" cannot be understood/],
    ['a device whose driver cannot be read', { ...nic, driver: '[EACCES]' }, /driver: EACCES/],
  ])('is %s, and hides no other', async (_, attributes, message) => {
    const kernel = deviceHost({ devices: { '0000:00:1f.0': attributes, [PF]: nic } });
    const { devices, problems } = await observeDevices(kernel);
    expect(devices.map(({ id }) => id)).toEqual([PF]);
    expect(problems.map(({ pciAddress }) => pciAddress)).toEqual(['0000:00:1f.0']);
    expect(problems[0]?.message).toMatch(message);
  });

  it('is a VF whose PF cannot be: neither its name nor the index is made up', async () => {
    const kernel = deviceHost({ devices: { [PF]: { ...pf, driver: '[EACCES]' }, [VF]: vf }, links: [ens1] });
    const { devices, problems } = await observeDevices(kernel);
    expect(devices).toEqual([]);
    expect(problems.map(({ pciAddress }) => pciAddress)).toEqual([PF, VF]);
    expect(problems[1]?.message).toBe(`its PF ${PF} cannot be observed`);
  });

  it('is a PF whose interface is there and not listed, and so are its VFs: they do not lose the name', async () => {
    const kernel = deviceHost({ devices: { [PF]: pf, [VF]: vf } });
    const { devices, problems } = await observeDevices(kernel);
    expect(devices).toEqual([]);
    expect(problems.map(({ message }) => message)).toEqual([
      'its network interface ens1 is not among those that ip lists',
      `its PF ${PF} cannot be observed`,
    ]);
  });

  it('is not a device that has gone meanwhile', async () => {
    const kernel = deviceHost({ devices: { [PF]: nic, [VF]: { modalias: '[ENODEV]' } } });
    const list = kernel.list.bind(kernel);
    let lists = 0;
    kernel.list = async (path) => {
      const names = await list(path);
      if (path !== '/sys/bus/pci/devices') return names;
      lists += 1;
      return lists === 1 ? names : names.filter((name) => name !== VF);
    };
    const { devices, problems } = await observeDevices(kernel);
    expect(devices.map(({ id }) => id)).toEqual([PF]);
    expect(problems).toEqual([]);
  });

  it('is everything when the devices cannot be listed', async () => {
    await expect(observeDevices(deviceHost({ devices: {} }))).rejects.toThrow(/ENOENT/);
  });

  it('is everything when the interfaces cannot be listed', async () => {
    const kernel = intelHost();
    kernel.commands.set('ip -j -d link show', '!Cannot open netlink socket');
    await expect(observeDevices(kernel)).rejects.toThrow(/Cannot open netlink socket/);
  });
});

describe('a look at the devices', () => {
  it('runs four commands and makes a few calls for each VF', async () => {
    const counts = await Promise.all([0, 128].map(countCalls));
    const [none, many] = counts;
    expect(many?.commands).toEqual(none?.commands);
    expect(many?.commands).toHaveLength(4);
    expect(((many?.calls ?? 0) - (none?.calls ?? 0)) / 128).toBeLessThanOrEqual(8);
  });
});

/** Calls of the kernel for a PF with so many VFs, each of which has an interface. */
async function countCalls(numVfs: number): Promise<{ readonly commands: string[]; readonly calls: number }> {
  const addresses = Array.from(
    { length: numVfs },
    (_, index) => `0000:02:${(index >> 3).toString(16).padStart(2, '0')}.${index & 7}`,
  );
  const { virtfn0: _, ...own } = pf;
  const virtfns = Object.fromEntries(addresses.map((address, index) => [`virtfn${index}`, `->../${address}`]));
  const vfs = addresses.map(
    (address, index) => [address, { ...vf, numa_node: '0', [`net/v${index}/mtu`]: '' }] as const,
  );
  const rows = addresses.map((parentdev, index) => linkRow({ ifname: `v${index}`, parentdev }));
  const kernel = deviceHost({
    devices: { [PF]: { ...own, ...virtfns }, ...Object.fromEntries(vfs) },
    links: [ens1, ...rows],
  });
  let calls = 0;
  for (const verb of ['read', 'readlink', 'list'] as const) {
    const make = kernel[verb].bind(kernel) as (path: string) => Promise<never>;
    kernel[verb] = (path: string) => {
      calls += 1;
      return make(path);
    };
  }
  const { devices } = await observeDevices(kernel);
  expect(devices).toHaveLength(numVfs + 1);
  return { commands: kernel.done, calls };
}
