import { type UdevFolder } from '../observe/observe-udev.ts';
import { LIST_POD_RESOURCES } from '../uses/pod-resources.ts';
import { TestKernel } from './test-kernel.ts';

/** PCI address of the PF of {@link busyHost}. */
export const PF = '0000:01:00.0';
const VF = '0000:01:00.1';
const at = (address: string): string => `/sys/bus/pci/devices/${address}`;

function device(address: string, rest: Record<string, string>): [string, string][] {
  const facts = {
    vendor: '0x15b3',
    device: '0x101d',
    class: '0x020000',
    modalias: 'pci:v000015B3d0000101Dsv000015B3sd00000001bc02sc00i00',
    driver: '->../../../bus/pci/drivers/mlx5_core',
    iommu_group: '->../../../kernel/iommu_groups/9',
    ...rest,
  };
  return Object.entries(facts).map(([name, text]) => [`${at(address)}/${name}`, text]);
}

const link = (ifname: string, parentdev: string, rest: object = {}): object => ({
  ...{ ifname, mtu: 1500, flags: ['UP'], link_type: 'ether', address: '52:54:00:aa:00:10' },
  ...{ parentbus: 'pci', parentdev, ...rest },
});

/** A PF in switchdev mode with a VF that has a vDPA device, on a host of which every part of a look asks something. */
export function busyHost(): TestKernel {
  const kernel = new TestKernel({
    files: Object.fromEntries([
      ...device(PF, {
        ...{ sriov_totalvfs: '7', sriov_numvfs: '1', sriov_vf_device: '101e', sriov_drivers_autoprobe: '1' },
        ...{ virtfn0: `->../${VF}`, 'net/ens1/x': '', numa_node: '0' },
      }),
      ...device(VF, { physfn: `->../${PF}`, 'net/ens1v0/x': '', 'infiniband_verbs/uverbs0/x': '' }),
      ['/sys/class/net/ens1/addr_assign_type', '0'],
      ['/sys/class/net/ens1/speed', '1000'],
      ['/sys/module/ib_core/parameters/netns_mode', 'Y'],
      ['/sys/bus/vdpa/devices/vdpa0', `->../../../devices/pci0000:00/${VF}/vdpa0`],
      ['/sys/bus/vdpa/devices/vdpa0/driver', '->../../vhost_vdpa'],
      ['/etc/modprobe.d/sriov_network_operator_modules_config.conf', ''],
      ['/proc/self', '->7'],
      ['/proc/7/fd/3', '->/dev/infiniband/uverbs0'],
      ['/proc/7/comm', 'ib_send_bw'],
      ['/proc/cmdline', 'quiet'],
      ['/run/udev/control', ''],
      ['/run/openvswitch/ovs-vswitchd.1.ctl', ''],
      [LIST_POD_RESOURCES.socket, ''],
    ]),
    commands: {
      'ip -j -d link show': JSON.stringify([
        link('ens1', PF, { phys_switch_id: 'a', phys_port_name: 'p0' }),
        link('ens1v0', VF),
        { ifname: 'lo' },
      ]),
      'ip -j addr show': '[{"ifname":"lo"}]',
      'ip -j -4 route show table all': '[{"dst":"192.0.2.0/24","nhid":1}]',
      'ip -j -6 route show table all': '[]',
      'ip -j nexthop show': '[{"id":1,"dev":"ens1"}]',
      'devlink -j dev show': `{"dev":{"pci/${PF}":{}}}`,
      [`devlink -j dev eswitch show pci/${PF}`]: `{"dev":{"pci/${PF}":{"mode":"switchdev"}}}`,
      'devlink -j port show': '{"port":{}}',
      [`devlink -j dev param show pci/${PF} name flow_steering_mode`]: '{"param":{}}',
      'ethtool --json -k ens1': '[{}]',
    },
  });
  kernel.answers.set(`${LIST_POD_RESOURCES.socket} ${LIST_POD_RESOURCES.method}`, new Uint8Array());
  const none = { rows: [] };
  kernel.jsonAnswers.set('/run/openvswitch/db.sock transact', [none, none, none]);
  kernel.jsonAnswers.set('/run/openvswitch/ovs-vswitchd.1.ctl version', '3.5');
  return kernel;
}

/** `/etc/udev` of a host without any file there. */
export const UDEV_FOLDER_OF_NOBODY: UdevFolder = {
  ...{ read: () => Promise.resolve(undefined), list: () => Promise.resolve([]) },
  ...{ isExecutable: () => Promise.resolve(true), findRefusal: () => Promise.resolve(undefined) },
  ...{ write: () => Promise.resolve(), remove: () => Promise.resolve() },
};
