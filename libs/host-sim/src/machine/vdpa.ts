import { Errno } from '../tree.ts';
import { type VdpaState } from '../state.ts';
import { type Machine } from './machine.ts';
import { lowestFree, nextRandomMac } from './numbers.ts';

/** Drivers of the vDPA bus, in the order in which the kernel tries them: that in which they were loaded. */
const BUS_DRIVERS = ['vhost_vdpa', 'virtio_vdpa'];
/** Measured with vdpa_sim on Linux 6.12; nobody has told how long mlx5_vdpa takes. */
const ADD_MS = 230;

/** The drivers that are registered on the vDPA bus. */
export function vdpaDrivers({ modules }: Machine): string[] {
  const loaded = modules.filter((name) => BUS_DRIVERS.includes(name));
  return [...new Set(loaded)];
}

/** The bus is there with the module vdpa, which the others need. */
export function hasVdpaBus({ modules }: Machine): boolean {
  return modules.some((name) => name === 'vdpa' || BUS_DRIVERS.includes(name));
}

/**
 * Whether vDPA devices can be made of the device: its driver makes an auxiliary device for that, of a VF and not of a
 * PF, in whatever mode the eSwitch is (mlx5_vnet_supported in drivers/net/ethernet/mellanox/mlx5/core/dev.c), and
 * mlx5_vdpa is bound to it.
 */
export function makesVdpa(machine: Machine, address: string): boolean {
  const device = machine.state.devices[address];
  if (device?.vf === undefined || device.isDetaching === true || !machine.isNetDriver(address)) return false;
  const module = machine.model(address).sriov?.vdpa?.module;
  return module !== undefined && machine.modules.includes(module) && machine.infinibandPort(address) === undefined;
}

/** What is asked for in a vDPA device. */
export interface NewVdpa {
  readonly name: string;
  /** PCI address of the management device. */
  readonly parent: string;
  readonly maxQueuePairs?: number | undefined;
}

/**
 * Makes a vDPA device, to which the kernel binds the first driver that it has: each takes any device (vdpa_dev_match in
 * drivers/vdpa/vdpa.c). The errors are those of mlx5_vdpa_dev_add (drivers/vdpa/mlx5/net/mlx5_vnet.c) and of
 * __vdpa_register_device. @throws {Errno} `ENODEV`, `ENOSPC`, `EINVAL`, `EEXIST`
 */
export async function addVdpa(machine: Machine, { name, parent, maxQueuePairs }: NewVdpa): Promise<void> {
  if (!makesVdpa(machine, parent)) throw new Errno('ENODEV');
  if (Object.values(machine.vdpa).some((each) => each.parent === parent)) throw new Errno('ENOSPC');
  const most = machine.model(parent).sriov?.vdpa?.maxVqs ?? 0;
  if (maxQueuePairs !== undefined && maxQueuePairs > most / 2) throw new Errno('EINVAL');
  if (machine.vdpa[name] !== undefined) throw new Errno('EEXIST');
  await machine.take(ADD_MS);
  // One more is for control (_vdpa_register_device).
  machine.vdpa[name] = { parent, maxVqs: 2 * (maxQueuePairs ?? 1) + 1 };
  attachFirst(machine, name);
  machine.changed({ kind: 'device', name });
}

/** Removes a vDPA device when its device file is closed. @throws {Errno} `ENODEV` */
export async function removeVdpa(machine: Machine, name: string): Promise<void> {
  const device = vdpaOf(machine, name);
  device.isLeaving = true;
  await letGo(machine, name);
  delete machine.vdpa[name];
  machine.changed({ kind: 'device', name });
}

/** Those of a VF go with its driver (mlx5v_remove, vdpa_mgmtdev_unregister in drivers/vdpa/vdpa.c). */
export async function removeVdpasOf(machine: Machine, address: string): Promise<void> {
  for (const [name, { parent }] of Object.entries(machine.state.vdpa ?? {})) {
    if (parent === address) await removeVdpa(machine, name);
  }
}

/** `drivers_probe` of the bus: silent when nothing fits. */
export function probeVdpa(machine: Machine, name: string): void {
  if (vdpaOf(machine, name).driver === undefined) attachFirst(machine, name);
}

/** `drivers/<driver>/bind`. @throws {Errno} `ENODEV`, `EBUSY` */
export function bindVdpa(machine: Machine, driver: string, name: string): void {
  const device = vdpaOf(machine, name);
  if (device.override !== undefined && device.override !== driver) throw new Errno('ENODEV');
  if (device.driver !== undefined) throw new Errno('EBUSY');
  attach(machine, name, driver);
}

/** `drivers/<driver>/unbind`. @throws {Errno} `ENODEV` */
export async function unbindVdpa(machine: Machine, driver: string, name: string): Promise<void> {
  if (vdpaOf(machine, name).driver !== driver) throw new Errno('ENODEV');
  await letGo(machine, name);
}

/** A driver that was just loaded takes every device that has none. */
export function attachUnbound(machine: Machine): void {
  for (const [name, { driver }] of Object.entries(machine.state.vdpa ?? {})) {
    if (driver === undefined) attachFirst(machine, name);
  }
}

/** `virtio3` on top of a vDPA device; nothing while virtio_vdpa does not have it. */
export function virtioOf({ state }: Machine, name: string): string | undefined {
  const { driver, number } = state.vdpa?.[name] ?? {};
  return driver === 'virtio_vdpa' ? `virtio${number}` : undefined;
}

/** `vhost-vdpa-3`; nothing while vhost_vdpa does not have it. */
export function vhostOf({ state }: Machine, name: string): string | undefined {
  const { driver, number } = state.vdpa?.[name] ?? {};
  return driver === 'vhost_vdpa' ? `vhost-vdpa-${number}` : undefined;
}

/**
 * Takes the driver from a vDPA device. The link to the driver goes first; vhost_vdpa then waits until nobody has its
 * device file open (vhost_vdpa_remove in drivers/vhost/vdpa.c).
 */
export async function letGo(machine: Machine, name: string): Promise<void> {
  const device = vdpaOf(machine, name);
  const file = `/dev/vhost-vdpa-${device.number}`;
  const isVirtio = device.driver === 'virtio_vdpa';
  delete device.driver;
  machine.begun();
  while (!isVirtio && device.number !== undefined && isOpen(machine, file)) {
    await new Promise<void>((resolve) => {
      machine.releases.set(file, [...(machine.releases.get(file) ?? []), resolve]);
    });
  }
  delete device.number;
  for (const [link, { onVdpa }] of Object.entries(machine.state.links)) {
    if (onVdpa === name) delete machine.state.links[link];
  }
  machine.changed({ kind: 'device', name });
}

function isOpen(machine: Machine, file: string): boolean {
  return machine.users.openFiles.some(({ path }) => path === file);
}

function vdpaOf(machine: Machine, name: string): VdpaState {
  const device = machine.state.vdpa?.[name];
  if (device === undefined) throw new Errno('ENODEV');
  return device;
}

function attachFirst(machine: Machine, name: string): void {
  const { override, number } = vdpaOf(machine, name);
  // Its last driver still waits for somebody.
  if (number !== undefined) return;
  const driver = vdpaDrivers(machine).find((each) => override === undefined || override === each);
  if (driver !== undefined) attach(machine, name, driver);
}

function attach(machine: Machine, name: string, driver: string): void {
  const device = vdpaOf(machine, name);
  device.driver = driver;
  device.number = driver === 'virtio_vdpa' ? freeVirtio(machine) : freeNumber(machine, 'vhost_vdpa', 0);
  if (driver === 'virtio_vdpa') addVirtioLink(machine, name, device);
  machine.changed({ kind: 'device', name });
}

/** Behind the virtio devices on PCI. */
function freeVirtio(machine: Machine): number {
  const onPci = Object.keys(machine.state.devices).filter((each) => machine.innerDeviceOf(each) !== undefined);
  return freeNumber(machine, 'virtio_vdpa', onPci.length);
}

function freeNumber(machine: Machine, driver: string, first: number): number {
  const taken = Object.values(machine.vdpa).flatMap((each) => (each.driver === driver ? (each.number ?? []) : []));
  return lowestFree(taken, first);
}

/**
 * The interface that virtio_net makes, as the kernel names it. Its address is that of the VF (mlx5_vdpa_dev_add, which
 * asks for the one of its vport).
 */
function addVirtioLink(machine: Machine, name: string, { parent }: VdpaState): void {
  const { state } = machine;
  const [own] = Object.values(state.links).filter(({ device, onVdpa }) => device === parent && onVdpa === undefined);
  let number = 0;
  while (state.links[`eth${number}`]) number += 1;
  state.links[`eth${number}`] = {
    ifindex: state.nextIfindex,
    device: parent,
    onVdpa: name,
    mac: own?.mac ?? nextRandomMac(state),
    isRandomMac: own?.isRandomMac ?? true,
    mtu: 1500,
    up: false,
    altNames: [],
    carrierChanges: 1,
  };
  state.nextIfindex += 1;
  machine.changed({ kind: 'link' });
}
