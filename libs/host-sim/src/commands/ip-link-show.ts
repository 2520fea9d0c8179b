import { NO_GUID } from '@sriov/api';
import { hasCarrier } from '../machine/interfaces.ts';
import { type Machine } from '../machine/machine.ts';
import { virtioOf } from '../machine/vdpa.ts';
import { type LinkState, type PfState, type VfSettings } from '../state.ts';
import { broadcastOf } from '../sysfs/net-device.ts';
import { type VirtualLink } from '../users-state.ts';

/** One row of `ip -j -d link show`. */
export function describeLink(machine: Machine, name: string, state: LinkState): object {
  const pf = state.representedVf === undefined ? machine.device(state.device).pf : undefined;
  const isUp = hasCarrier(state);
  return {
    ifindex: state.ifindex,
    ifname: name,
    flags: flagsOf(state, isUp),
    mtu: state.mtu,
    qdisc: state.up ? 'mq' : 'noop',
    ...(state.master !== undefined && { master: state.master }),
    operstate: isUp ? 'UP' : 'DOWN',
    linkmode: 'DEFAULT',
    group: 'default',
    txqlen: 1000,
    link_type: machine.infinibandPort(state.device) ? 'infiniband' : 'ether',
    ...addressesOf(state, pf),
    broadcast: broadcastOf(machine, state.device),
    promiscuity: 0,
    allmulti: 0,
    min_mtu: 68,
    max_mtu: machine.maxMtu(state.device),
    ...portOf(machine, state),
    ...(state.altNames.length > 0 && { altnames: state.altNames }),
    ...parentOf(machine, state),
    ...(pf && pf.vfSettings.length > 0 && { vfinfo_list: describeVfs(machine, state, pf) }),
  };
}

/** A device of virtio on top of the PCI device hides it. */
function parentOf(machine: Machine, { device, onVdpa }: LinkState): object {
  const virtio = onVdpa === undefined ? undefined : virtioOf(machine, onVdpa);
  if (virtio !== undefined) return { parentbus: 'virtio', parentdev: virtio };
  return { parentbus: machine.model(device).innerBus ?? 'pci', parentdev: machine.innerDeviceOf(device) ?? device };
}

/** As `ip -d` has them (ip/ipaddress.c, print_linkinfo): where the driver refuses to tell them, they are not there. */
function portOf(machine: Machine, state: LinkState): object {
  const { portName, switchId } = machine.switchPort(state);
  return {
    ...(portName !== undefined && { phys_port_name: portName }),
    ...(switchId !== undefined && { phys_switch_id: switchId }),
  };
}

/** The permanent address stands there from kernel 5.6 on, and only where it differs. */
function addressesOf({ mac }: LinkState, pf: PfState | undefined): object {
  return { address: mac, ...(pf && pf.mac !== mac && { permaddr: pf.mac }) };
}

/** The row of an interface without a device, such as a VLAN. */
export function describeVirtualLink(name: string, { ifindex, type, link, master, mac }: VirtualLink): object {
  return {
    ifindex,
    ...(link !== undefined && { link }),
    ifname: name,
    flags: ['BROADCAST', 'MULTICAST', 'UP', 'LOWER_UP'],
    mtu: 1500,
    ...(master !== undefined && { master }),
    operstate: 'UP',
    link_type: 'ether',
    address: mac,
    linkinfo: { info_kind: type },
  };
}

function flagsOf({ up }: LinkState, hasSignal: boolean): string[] {
  if (!up) return ['BROADCAST', 'MULTICAST'];
  return hasSignal ? ['BROADCAST', 'MULTICAST', 'UP', 'LOWER_UP'] : ['NO-CARRIER', 'BROADCAST', 'MULTICAST', 'UP'];
}

function describeVfs(machine: Machine, { device, mac }: LinkState, { vfSettings }: PfState): object[] {
  const isInfiniband = machine.infinibandPort(device) !== undefined;
  return vfSettings.map((settings, vf) => ({
    ...describeVf(settings, vf),
    ...(isInfiniband && describeInfinibandVf(settings, { mac, broadcast: broadcastOf(machine, device) })),
  }));
}

/**
 * As `ip` of iproute2 5.5 and later prints it (print_vfinfo in ip/ipaddress.c), with names that have a space. The
 * address is that of the port (ipoib_get_vf_config in drivers/infiniband/ulp/ipoib/ipoib_main.c), in the 32 octets of
 * the message. GUIDs are zeros unless they were set by `ip` (mlx5_ib_get_vf_guid in
 * drivers/infiniband/hw/mlx5/ib_virt.c, Linux 5.5).
 */
function describeInfinibandVf(
  { nodeGuid, portGuid, isSetByFile }: VfSettings,
  port: { readonly mac: string; readonly broadcast: string },
): object {
  const padding = Array<string>(12).fill('00').join(':');
  return {
    link_type: 'infiniband',
    address: `${port.mac}:${padding}`,
    broadcast: `${port.broadcast}:${padding}`,
    'node guid': (isSetByFile ? undefined : nodeGuid) ?? NO_GUID,
    'port guid': (isSetByFile ? undefined : portGuid) ?? NO_GUID,
  };
}

function describeVf(settings: VfSettings, vf: number): object {
  const { mac, vlan, qos, spoofchk, trust, linkState, maxTxRate } = settings;
  return {
    vf,
    link_type: 'ether',
    address: mac || '00:00:00:00:00:00',
    broadcast: 'ff:ff:ff:ff:ff:ff',
    vlan_list: [vlan === 0 ? {} : { vlan, ...(qos !== 0 && { qos }) }],
    rate: { max_tx: maxTxRate, min_tx: 0 },
    spoofchk,
    link_state: linkState,
    trust,
  };
}
