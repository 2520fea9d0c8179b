import { allModels } from '../models/index.ts';
import { type DeviceState } from '../state.ts';
import { Errno } from '../tree.ts';
import { freeIommuGroup, hasIommu } from './boot.ts';
import { detach } from './detach.ts';
import { takeGuids } from './infiniband.ts';
import { addLink } from './interfaces.ts';
import { type Machine } from './machine.ts';
import { allocateIrqs } from './numbers.ts';

/** Drivers that accept any device. */
const GENERIC_DRIVERS = ['vfio-pci', 'pci-pf-stub'];
const VFIO_PROBE_MS = 20;

/** Every driver whose module is loaded, and so has a folder below `/sys/bus/pci/drivers`. */
export function loadedDrivers({ modules }: Machine): string[] {
  const kernelDrivers = allModels().flatMap(({ pfDriver, sriov }) => [pfDriver, sriov?.vfDriver ?? pfDriver]);
  const drivers = new Set([...kernelDrivers, ...GENERIC_DRIVERS]);
  return [...drivers].filter((driver) => modules.includes(driver.replaceAll('-', '_'))).sort();
}

/** `drivers_probe`: binds what fits, and is silent when nothing does. @throws {Errno} `ENODEV` */
export async function probeDriver(machine: Machine, address: string): Promise<void> {
  const device = machine.device(address);
  if (device.driver !== undefined || device.isDetaching || !mayProbe(machine, address)) return;
  const driver = loadedDrivers(machine).find((candidate) => matches(machine, address, candidate));
  if (driver === undefined) return;
  try {
    await attach(machine, address, driver);
  } catch (error) {
    // A probe that fails shows only in the kernel log. The writer of drivers_probe gets no error.
    if (!(error instanceof Errno)) throw error;
  }
}

/** `drivers/<driver>/bind`. @throws {Errno} `ENODEV`, `EBUSY`, or what the driver's probe says */
export async function bind(machine: Machine, driver: string, address: string): Promise<void> {
  const device = machine.device(address);
  if (!matches(machine, address, driver) || !mayProbe(machine, address)) throw new Errno('ENODEV');
  if (device.driver !== undefined || device.isDetaching) throw new Errno('EBUSY');
  await attach(machine, address, driver);
}

/** `drivers/<driver>/unbind`. Waits while a program holds the device. @throws {Errno} `ENODEV` */
export async function unbind(machine: Machine, driver: string, address: string): Promise<void> {
  if (machine.device(address).driver !== driver) throw new Errno('ENODEV');
  await machine.lockOf(machine.vfOf(address)?.pf.address ?? address).run(() => detach(machine, address));
}

/** `drivers/<driver>/new_id`. @throws {Errno} `EINVAL`, `EEXIST` */
export async function addNewId(machine: Machine, driver: string, text: string): Promise<void> {
  const id = /^\s*([0-9a-f]{4})\s+([0-9a-f]{4})/i.exec(text)?.slice(1, 3).join(':').toLowerCase();
  if (id === undefined) throw new Errno('EINVAL');
  const ids = (machine.state.newIds[driver] ??= []);
  if (ids.includes(id)) throw new Errno('EEXIST');
  ids.push(id);
  for (const address of Object.keys(machine.state.devices)) {
    const device = machine.state.devices[address];
    if (device?.driver === undefined && mayProbe(machine, address) && matches(machine, address, driver)) {
      await attach(machine, address, driver).catch(() => undefined);
    }
  }
}

/** `drivers/<driver>/remove_id`. @throws {Errno} `EINVAL`, `ENODEV` */
export function removeNewId(machine: Machine, driver: string, text: string): void {
  const id = text.trim().split(/\s+/).slice(0, 2).join(':').toLowerCase();
  const ids = machine.state.newIds[driver] ?? [];
  if (!ids.includes(id)) throw new Errno('ENODEV');
  machine.state.newIds[driver] = ids.filter((other) => other !== id);
}

/** With autoprobe off the kernel binds nothing to a VF by itself, and accepts a bind only with an override. */
function mayProbe(machine: Machine, address: string): boolean {
  const { override } = machine.device(address);
  return override !== undefined || machine.vfOf(address)?.pf.state.autoprobe !== false;
}

function matches(machine: Machine, address: string, driver: string): boolean {
  const { override, vf } = machine.device(address);
  if (!loadedDrivers(machine).includes(driver)) return false;
  if (override !== undefined) return override === driver;
  const { vendor, pfDriver, sriov } = machine.model(address);
  if (machine.state.newIds[driver]?.includes(`${vendor}:${machine.facts(address).device}`)) return true;
  return driver === (vf ? sriov?.vfDriver : pfDriver);
}

/** Without an IOMMU only where somebody has said so (drivers/vfio/group.c, vfio_group_find_or_alloc). */
function mayUseVfio({ world, state }: Machine): boolean {
  return hasIommu(world, state) || state.isNoIommuEnabled === true;
}

/** Without an IOMMU vfio makes a group of its own for the device (vfio_noiommu_group_alloc, in the same file). */
function addGroup({ world, state }: Machine, device: DeviceState): void {
  if (hasIommu(world, state)) return;
  device.iommuGroup = freeIommuGroup(state);
  device.isNoIommu = true;
}

/** Binds the driver, and takes as long as the real bind. @throws {Errno} `EINVAL` for vfio-pci without an IOMMU */
async function attach(machine: Machine, address: string, driver: string): Promise<void> {
  const device = machine.device(address);
  if (driver === 'vfio-pci' && !mayUseVfio(machine)) throw new Errno('EINVAL');
  const isKernelDriver = !GENERIC_DRIVERS.includes(driver);
  await machine.take(isKernelDriver ? (machine.model(address).sriov?.latencies.probe ?? 0) : VFIO_PROBE_MS);
  // It may have been removed, or bound by another, while the driver probed.
  if (machine.state.devices[address] !== device) throw new Errno('ENODEV');
  if (device.driver !== undefined) throw new Errno('EBUSY');
  device.driver = driver;
  device.wasBound = true;
  if (driver === 'vfio-pci') addGroup(machine, device);
  if (isKernelDriver) {
    takeGuids(machine, address);
    device.irqs = allocateIrqs(machine.state, vectorsOf(machine, address, device));
    addLink(machine, address);
  }
  machine.changed({ kind: 'device', name: address });
}

function vectorsOf(machine: Machine, address: string, { vf }: DeviceState): number {
  const { sriov, pfIrqs } = machine.model(address);
  return vf ? (sriov?.vfIrqs ?? 0) : pfIrqs[0];
}
