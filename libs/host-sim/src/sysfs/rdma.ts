import { portGuidOf } from '../machine/infiniband.ts';
import { type Machine } from '../machine/machine.ts';
import { constant, type Entries, type File, folder, type Folder } from '../tree.ts';

/** The driver of the device makes an RDMA device of each of its functions as well (drivers/infiniband/hw/mlx5). */
function hasRdma(machine: Machine, address: string): boolean {
  return machine.model(address).pfDriver === 'mlx5_core' && machine.isNetDriver(address);
}

/** Addresses of the functions that are RDMA devices: the position is the number in all names, as at a boot. */
function rdmaDevices(machine: Machine): string[] {
  return Object.keys(machine.state.devices)
    .filter((address) => hasRdma(machine, address))
    .sort();
}

/**
 * Folders of a function that is an RDMA device: the device itself, and the character devices that ib_umad and ib_uverbs
 * make for it (drivers/infiniband/core/user_mad.c and uverbs_main.c, which give them the parent of the RDMA device).
 */
export function rdmaEntries(machine: Machine, address: string): Entries {
  if (!hasRdma(machine, address)) return {};
  const named = (entriesOf: (number: number) => Entries): Folder =>
    later(() => folder(entriesOf(rdmaDevices(machine).indexOf(address))));
  const ofDevice = (number: number): Folder => folder({ ibdev: constant(`mlx5_${number}\n`) });
  return {
    infiniband: named((number) => ({ [`mlx5_${number}`]: ibDevice(machine, address) })),
    infiniband_mad: named((number) => ({ [`issm${number}`]: ofDevice(number), [`umad${number}`]: ofDevice(number) })),
    infiniband_verbs: named((number) => ({ [`uverbs${number}`]: ofDevice(number) })),
  };
}

/** A folder that stands in any case: what is in it is made when somebody looks, because the number takes all devices. */
function later(make: () => Folder): Folder {
  return { kind: 'folder', names: () => make().names(), get: (name) => make().get(name) };
}

function ibDevice(machine: Machine, address: string): Folder {
  const linkLayer = machine.infinibandPort(address) ? 'InfiniBand' : 'Ethernet';
  const port = folder({ pkeys: folder({ '0': constant('0xffff\n') }), link_layer: constant(`${linkLayer}\n`) });
  return folder({ ...nodeGuid(machine, address), node_type: constant('1: CA\n'), ports: folder({ '1': port }) });
}

/** In groups of four digits (node_guid_show in drivers/infiniband/core/sysfs.c). Only InfiniBand ports are modelled. */
function nodeGuid(machine: Machine, address: string): Entries {
  const port = machine.infinibandPort(address);
  if (port === undefined) return {};
  const guid = machine.device(address).nodeGuid ?? portGuidOf(port.mac);
  const groups = guid.replaceAll(':', '').match(/.{4}/g) ?? [];
  return { node_guid: constant(`${groups.join(':')}\n`) };
}

const node = (mode: number): File => ({ kind: 'file', mode });

/**
 * `/dev/infiniband`: udev of rdma-core loads the modules for the files, rdma_ucm among them, when an RDMA device comes
 * (kernel-boot/rdma-load-modules@.service).
 */
export function infinibandNodes(machine: Machine): Entries {
  const numbers = rdmaDevices(machine).map((_, number) => number);
  if (numbers.length === 0) return {};
  const names = numbers.flatMap((number) => [`issm${number}`, `umad${number}`, `uverbs${number}`]);
  return {
    infiniband: folder({ rdma_cm: node(0o666), ...Object.fromEntries(names.map((name) => [name, node(0o600)])) }),
  };
}

/**
 * Files in /dev that need no device. These two are there before their modules are loaded, because kmod makes the nodes
 * that modules name (`devname:` in drivers/net/tun.c and drivers/vhost/net.c).
 */
export function staticNodes(): Entries {
  return { net: folder({ tun: node(0o666) }), 'vhost-net': node(0o600) };
}
