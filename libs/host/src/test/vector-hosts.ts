import { TestKernel } from './test-kernel.ts';

/** What `ip -j -d link show` says of an interface of a PCI device. */
interface Row {
  readonly ifname: string;
  readonly parentdev: string;
}

/** Attributes of a device by name; a path below its folder is one as well. */
type Attributes = Readonly<Record<string, string>>;

/** What a host has. */
interface DeviceHost {
  /** Attributes of PCI devices by address. */
  readonly devices: Readonly<Record<string, Attributes>>;
  /** Rows of `ip -j -d link show`. */
  readonly links?: readonly object[];
  /** Rows of `ip -j -4 route show table all`. */
  readonly routes?: readonly object[];
  /** Other files, by their absolute paths. */
  readonly files?: Attributes;
}

/** A host with these devices, interfaces and routes. */
export function deviceHost(host: DeviceHost): TestKernel {
  const { devices, links = [], routes = [], files = {} } = host;
  const attributes = Object.entries(devices).flatMap(([address, each]) =>
    Object.entries(each).map(([name, text]) => [`/sys/bus/pci/devices/${address}/${name}`, text] as const),
  );
  return new TestKernel({
    files: { ...Object.fromEntries(attributes), ...files },
    commands: {
      'ip -j -d link show': JSON.stringify([{ ifname: 'lo' }, ...links]),
      'ip -j addr show': '[{"ifname":"lo"}]',
      'ip -j -4 route show table all': JSON.stringify(routes),
      'ip -j -6 route show table all': '[]',
    },
  });
}

/** Row of an Ethernet interface that is up. */
export function linkRow({ ifname, parentdev }: Row, rest: object = {}): object {
  const told = { flags: ['BROADCAST', 'UP'], mtu: 1500, link_type: 'ether', address: '52:54:00:aa:00:10' };
  return { ifname, ...told, parentbus: 'pci', parentdev, ...rest };
}

/** `modalias` of a device, with its class: base class and subclass. */
export function modalias(vendor: string, device: string, deviceClass = '0200'): string {
  const id = (text: string): string => `0000${text.toUpperCase()}`;
  const [base, sub] = [deviceClass.slice(0, 2), deviceClass.slice(2)];
  return `pci:v${id(vendor)}d${id(device)}sv${id(vendor)}sd00000000bc${base}sc${sub}i00`;
}

/** Link to a driver of PCI devices. */
export const driver = (name: string): string => `->../../../bus/pci/drivers/${name}`;
/** Link to an IOMMU group. */
const group = (number: number): string => `->../../../kernel/iommu_groups/${number}`;

/**
 * A host of Intel devices: a PF with five VFs on drivers of all kinds, two NICs of which one carries the default route,
 * an accelerator, and a device that nobody hands out.
 */
export function intelHost(): TestKernel {
  const vf = (rest: Attributes): Attributes => ({
    modalias: modalias('8086', '154c'),
    physfn: '->../0000:3b:00.0',
    ...rest,
  });
  const nic = (rest: Attributes): Attributes => ({
    modalias: modalias('8086', '1521'),
    driver: driver('igb'),
    numa_node: '0',
    ...rest,
  });
  const links = Object.fromEntries([0, 1, 2, 3, 4].map((index) => [`virtfn${index}`, `->../0000:3b:02.${index}`]));
  return deviceHost({
    devices: {
      '0000:3b:00.0': {
        modalias: modalias('8086', '1572'),
        driver: driver('i40e'),
        numa_node: '0',
        sriov_totalvfs: '8',
        sriov_numvfs: '5',
        ...links,
        'net/ens1f0/mtu': '1500',
      },
      '0000:3b:02.0': vf({ driver: driver('iavf'), numa_node: '0', 'net/ens1f0v0/mtu': '1500' }),
      '0000:3b:02.1': vf({ driver: driver('vfio-pci'), numa_node: '0', iommu_group: group(41) }),
      '0000:3b:02.2': vf({
        driver: driver('vfio-pci'),
        numa_node: '1',
        iommu_group: group(7),
        'iommu_group/name': 'vfio-noiommu',
      }),
      '0000:3b:02.3': vf({ driver: driver('igb_uio'), numa_node: '-1', 'uio/uio3/name': 'igb_uio' }),
      '0000:3b:02.4': vf({ numa_node: '0' }),
      '0000:5e:00.0': nic({ 'net/eno1/mtu': '1500' }),
      '0000:5f:00.0': nic({ sriov_totalvfs: '8', sriov_numvfs: '0', 'net/eno2/mtu': '1500' }),
      '0000:af:00.0': {
        modalias: modalias('8086', '0d5c', '1200'),
        driver: driver('vfio-pci'),
        numa_node: '1',
        iommu_group: group(99),
      },
      '0000:b0:00.0': { modalias: modalias('8086', '37c8', '0b40'), driver: driver('c6xx'), numa_node: '1' },
    },
    links: [
      linkRow({ ifname: 'ens1f0', parentdev: '0000:3b:00.0' }),
      linkRow({ ifname: 'ens1f0v0', parentdev: '0000:3b:02.0' }),
      linkRow({ ifname: 'eno1', parentdev: '0000:5e:00.0' }),
      linkRow({ ifname: 'eno2', parentdev: '0000:5f:00.0' }),
    ],
    routes: [{ dst: 'default', gateway: '10.0.0.1', dev: 'eno1' }],
    files: { '/dev/vhost-net': '', '/dev/net/tun': '' },
  });
}

/** An RDMA device below a device, with its character devices. */
function rdma(number: number): Attributes {
  const name = `mlx5_${number}`;
  return {
    [`infiniband/${name}/node_type`]: '1: CA',
    [`infiniband_mad/issm${number}/ibdev`]: name,
    [`infiniband_mad/umad${number}/ibdev`]: name,
    [`infiniband_verbs/uverbs${number}/ibdev`]: name,
  };
}

/** A host with a ConnectX PF that has two VFs, one of which is without RDMA, and two subfunctions. */
export function mellanoxHost(): TestKernel {
  const function0 = { driver: driver('mlx5_core'), numa_node: '1' };
  const vf = (rest: Attributes): Attributes => ({
    modalias: modalias('15b3', '101e'),
    ...function0,
    physfn: '->../0000:d8:00.0',
    ...rest,
  });
  const below = (folder: string, all: Attributes): Attributes =>
    Object.fromEntries(Object.entries(all).map(([name, text]) => [`${folder}/${name}`, text]));
  return deviceHost({
    devices: {
      '0000:d8:00.0': {
        modalias: modalias('15b3', '101d'),
        ...function0,
        virtfn0: '->../0000:d8:00.2',
        virtfn1: '->../0000:d8:00.3',
        'net/ens1f0/mtu': '1500',
        ...rdma(0),
        ...below('mlx5_core.sf.4', { sfnum: '88', ...rdma(4) }),
        ...below('mlx5_core.sf.5', { sfnum: '89', 'net/eth5/mtu': '1500' }),
        'mlx5_core.eth.0/uevent': '',
      },
      '0000:d8:00.2': vf(rdma(2)),
      '0000:d8:00.3': vf({}),
    },
    links: [
      linkRow({ ifname: 'ens1f0', parentdev: '0000:d8:00.0' }),
      linkRow({ ifname: 'eth5', parentdev: 'mlx5_core.sf.5' }, { parentbus: 'auxiliary' }),
    ],
    files: { '/dev/infiniband/rdma_cm': '', '/dev/vhost-net': '', '/dev/net/tun': '' },
  });
}
