import { bounceCarrier, hasCarrier } from '../machine/interfaces.ts';
import { type Machine } from '../machine/machine.ts';
import { type LinkState } from '../state.ts';
import { constant, type Entries, Errno, type File, folder, type Folder, link, settable, unreadable } from '../tree.ts';
import { idlePower } from './power.ts';

const STATISTICS =
  'collisions multicast rx_bytes rx_compressed rx_crc_errors rx_dropped rx_errors rx_fifo_errors rx_frame_errors rx_length_errors rx_missed_errors rx_nohandler rx_over_errors rx_packets tx_aborted_errors tx_bytes tx_carrier_errors tx_compressed tx_dropped tx_errors tx_fifo_errors tx_heartbeat_errors tx_packets tx_window_errors'.split(
    ' ',
  );

/** IFF_BROADCAST | IFF_MULTICAST, and IFF_UP. */
const FLAGS = { always: 0x1002, up: 0x1 };

/** `net/<name>` of a device: an interface of the host's network namespace. */
export function netDevice(machine: Machine, name: string, state: LinkState): Folder {
  return folder({
    ...identity(name, state, {
      parent: machine.innerDeviceOf(state.device) ?? state.device,
      made: machine.device(state.device).pf?.mac,
    }),
    ...hardware(machine, state.device),
    ...switchPort(machine, state),
    ...carrier(machine, state),
    ...settings(machine, state),
    ...folders(machine, state),
    ...neighbours(machine, name, state),
  });
}

/** NET_ADDR_PERM, NET_ADDR_RANDOM and NET_ADDR_SET; the last one is for members of a bond too (dev_set_mac_address). */
function assignmentOf({ mac, isRandomMac }: LinkState, made: string | undefined): string {
  if (isRandomMac) return '1\n';
  return made === undefined || made === mac ? '0\n' : '3\n';
}

function identity(
  name: string,
  state: LinkState,
  { parent, made }: { readonly parent: string; readonly made: string | undefined },
): Entries {
  const { ifindex, mac } = state;
  return {
    addr_assign_type: constant(assignmentOf(state, made)),
    address: constant(`${mac}\n`),
    dev_id: constant('0x0\n'),
    dev_port: constant('0\n'),
    device: link(`../../../${parent}`),
    ifindex: constant(`${ifindex}\n`),
    iflink: constant(`${ifindex}\n`),
    link_mode: constant('0\n'),
    name_assign_type: constant('1\n'),
    subsystem: link('../../../../../../class/net'),
    uevent: settable(`INTERFACE=${name}\nIFINDEX=${ifindex}\n`),
  };
}

/** Kinds of hardware as include/uapi/linux/if_arp.h numbers them. */
function hardware(machine: Machine, address: string): Entries {
  const isInfiniband = machine.infinibandPort(address) !== undefined;
  return {
    addr_len: constant(isInfiniband ? '20\n' : '6\n'),
    broadcast: constant(`${broadcastOf(machine, address)}\n`),
    type: constant(isInfiniband ? '32\n' : '1\n'),
  };
}

/** To whom the interface of a device sends what is for all (ipv4_bcast_addr in drivers/infiniband/ulp/ipoib). */
export function broadcastOf(machine: Machine, address: string): string {
  return machine.infinibandPort(address)
    ? '00:ff:ff:ff:ff:12:40:1b:ff:ff:00:00:00:00:00:00:ff:ff:ff:ff'
    : 'ff:ff:ff:ff:ff:ff';
}

/** Links to the interfaces on top, of every kind (net/core/dev.c), and what a bond knows of its member. */
function neighbours(machine: Machine, name: string, { device, mac, master }: LinkState): Entries {
  const uppers = Object.entries(machine.users.links).flatMap(([upper, { link: lower }]) =>
    lower === name ? [upper] : [],
  );
  const all = [...uppers, ...(master === undefined ? [] : [master])];
  const permanent = machine.device(device).pf?.mac ?? mac;
  return {
    ...Object.fromEntries(all.map((upper) => [`upper_${upper}`, link(`../../../../../virtual/net/${upper}`)])),
    ...(master !== undefined && { bonding_slave: folder({ perm_hwaddr: constant(`${permanent}\n`) }) }),
  };
}

function switchPort(machine: Machine, state: LinkState): Entries {
  const { portName, switchId } = machine.switchPort(state);
  const orRefuse = (text: string | undefined): File =>
    text === undefined ? unreadable('ENOTSUP') : constant(`${text}\n`);
  return {
    phys_port_id: unreadable('ENOTSUP'),
    phys_port_name: orRefuse(portName),
    phys_switch_id: orRefuse(switchId),
  };
}

/** What the kernel tells of the signal while the interface is up; down, it refuses to be asked. */
function carrier(machine: Machine, state: LinkState): Entries {
  const whileUp = (text: () => string, mode = 0o444): File => ({
    kind: 'file',
    mode,
    read: () => {
      if (!state.up) throw new Errno('EINVAL');
      return `${text()}\n`;
    },
  });
  const isOn = (): boolean => hasCarrier(state);
  const { speed } = machine.model(state.device);
  return {
    carrier: whileUp(() => (isOn() ? '1' : '0'), 0o644),
    carrier_changes: constant(`${state.carrierChanges}\n`),
    carrier_down_count: constant(`${Math.ceil(state.carrierChanges / 2)}\n`),
    carrier_up_count: constant(`${Math.floor(state.carrierChanges / 2)}\n`),
    dormant: whileUp(() => '0'),
    duplex: whileUp(() => (isOn() ? 'full' : 'unknown')),
    operstate: { kind: 'file', mode: 0o444, read: () => (isOn() ? 'up\n' : 'down\n') },
    speed: whileUp(() => (isOn() ? String(speed) : '-1')),
    testing: whileUp(() => '0'),
  };
}

function settings(machine: Machine, state: LinkState): Entries {
  return {
    flags: settable(`0x${(FLAGS.always | (state.up ? FLAGS.up : 0)).toString(16)}\n`),
    gro_flush_timeout: settable('0\n'),
    ifalias: settable(''),
    mtu: {
      kind: 'file',
      mode: 0o644,
      read: () => `${state.mtu}\n`,
      write: (text) => setLinkMtu(machine, state, Number(text)),
    },
    napi_defer_hard_irqs: settable('0\n'),
    netdev_group: settable('0\n'),
    proto_down: settable('0\n'),
    threaded: settable('0\n'),
    tx_queue_len: settable('1000\n'),
  };
}

/** The least MTU of an Ethernet interface. */
const MIN_MTU = 68;

/** Sets the MTU. @throws {Errno} `EINVAL` outside of what the device can */
export function setLinkMtu(machine: Machine, state: LinkState, mtu: number): void {
  if (!Number.isInteger(mtu) || mtu < MIN_MTU || mtu > machine.maxMtu(state.device)) throw new Errno('EINVAL');
  if (state.mtu === mtu) return;
  state.mtu = mtu;
  if (machine.device(state.device).pf) bounceCarrier(machine, state, machine.model(state.device).mtuBounceMs);
  machine.changed({ kind: 'link' });
}

function folders(machine: Machine, { device }: LinkState): Entries {
  const { pfQueues, sriov } = machine.model(device);
  const queues = machine.device(device).vf ? (sriov?.vfQueues ?? []) : pfQueues;
  return {
    power: idlePower(),
    queues: folder(Object.fromEntries(queues.map((name) => [name, folder({})]))),
    statistics: folder(Object.fromEntries(STATISTICS.map((name) => [name, constant('0\n')]))),
  };
}
