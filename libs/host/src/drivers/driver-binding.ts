import { unlessFault } from '../kernel/host-error.ts';
import { EffectError, isErrno, type Kernel, KernelBlockedError, KernelError } from '../kernel/kernel.ts';
import { isDriverLoaded, loadModuleOf } from './modules.ts';
import { PCI_DEVICES, PCI_DRIVERS, readIfThere, readLinkName } from '../kernel/sysfs.ts';

/**
 * Longest wait for a bind or unbind. Probing takes longer on some devices, and unbinding a VF that a program holds
 * through VFIO waits for that program: the call then goes on by itself.
 */
const BIND_MS = 10_000;

/** The driver of a PCI device; nothing when none is bound. */
export function readDriver(kernel: Kernel, pciAddress: string): Promise<string | undefined> {
  return readLinkName(kernel, `${PCI_DEVICES}/${pciAddress}/driver`);
}

/** Unbinds the driver of a device. Does nothing when none is bound. */
export async function unbindDriver(kernel: Kernel, pciAddress: string): Promise<void> {
  const driver = await readDriver(kernel, pciAddress);
  if (driver === undefined) return;
  const path = `${PCI_DRIVERS}/${driver}/unbind`;
  await explained(() => kernel.write(path, pciAddress, { deadlineMs: BIND_MS }));
  const bound = await readDriver(kernel, pciAddress);
  if (bound === undefined) return;
  const detail = `${pciAddress} has driver ${bound} after driver ${driver} was unbound: something else on the host binds it, such as a udev rule or driverctl`;
  throw new EffectError({ verb: 'write', path, detail });
}

/**
 * Binds the named driver to a device that has none. The name is written to `driver_override`, which works with
 * driver probing of the PF off as well; for a kernel driver it is cleared afterwards.
 * @throws {KernelError} `ENODEV` when the kernel accepted the request and bound nothing, which it does in silence.
 */
export async function bindDriver(kernel: Kernel, pciAddress: string, driver: string): Promise<void> {
  await writeOverride(kernel, pciAddress, driver);
  const failure = await probe(kernel, pciAddress, driver).catch((error: unknown) => ({ error }));
  // vfio-pci keeps its override, so that no other driver takes the device when it is probed again. While a probe is
  // still in the kernel, it has the lock that clearing waits for.
  const isLocked = failure?.error instanceof KernelBlockedError;
  if (driver !== 'vfio-pci' && !isLocked) await writeOverride(kernel, pciAddress, '\n');
  if (failure) throw failure.error;
}

/** Lets the kernel bind any driver to a device again. The one that is bound stays. */
export function clearDriverOverride(kernel: Kernel, pciAddress: string): Promise<void> {
  return writeOverride(kernel, pciAddress, '\n');
}

/**
 * The only driver that the kernel binds to a device; nothing where it may be any, or the file cannot be read. That waits
 * for the lock of the device (driver_override_show in drivers/pci/pci-sysfs.c), which a stuck driver can have.
 */
export async function readDriverOverride(kernel: Kernel, pciAddress: string): Promise<string | undefined> {
  const path = `${PCI_DEVICES}/${pciAddress}/driver_override`;
  const text = await unlessFault(readIfThere(kernel, path), undefined);
  return text === NO_OVERRIDE ? undefined : text;
}

/** What printf of the kernel makes of no text at all. */
const NO_OVERRIDE = '(null)';

/**
 * Lets the kernel choose the driver of a device that has none. The module that says it is for such a device is loaded
 * when nothing takes it.
 * @throws {KernelError} `ENODEV` as {@link bindDriver}
 */
export async function bindDefaultDriver(kernel: Kernel, pciAddress: string): Promise<void> {
  await writeOverride(kernel, pciAddress, '\n');
  try {
    await probe(kernel, pciAddress, undefined);
  } catch (error) {
    if (!isErrno(error, 'ENODEV') || (await readDriver(kernel, pciAddress)) !== undefined) throw error;
    await loadModuleOf(kernel, pciAddress);
    await probe(kernel, pciAddress, undefined);
  }
}

/** Waits for the lock of the device. Another bind, unbind or reset may hold it, sometimes for ever. */
async function writeOverride(kernel: Kernel, pciAddress: string, text: string): Promise<void> {
  const path = `${PCI_DEVICES}/${pciAddress}/driver_override`;
  await explained(() => kernel.write(path, text, { deadlineMs: BIND_MS }));
}

async function probe(kernel: Kernel, pciAddress: string, driver: string | undefined): Promise<void> {
  const path = '/sys/bus/pci/drivers_probe';
  await explained(() => kernel.write(path, pciAddress, { deadlineMs: BIND_MS }));
  const bound = await readDriver(kernel, pciAddress);
  if (bound !== undefined && (driver === undefined || bound === driver)) return;
  const has = `${pciAddress} has ${bound === undefined ? 'no driver' : `driver ${bound}`} after binding ${driver ?? 'its default driver'}`;
  const cause = await causeOf(kernel, { bound, driver });
  throw new KernelError({ verb: 'write', path, code: 'ENODEV', detail: `${has}: ${cause}` });
}

/** Why nothing was bound, which the kernel does not say. */
async function causeOf(
  kernel: Kernel,
  { bound, driver }: { readonly bound: string | undefined; readonly driver: string | undefined },
): Promise<string> {
  if (bound !== undefined || driver === undefined) return 'see dmesg';
  if (!(await isDriverLoaded(kernel, driver))) return `the kernel module ${driver} is not loaded`;
  return driver === 'vfio-pci'
    ? 'see dmesg; most often the IOMMU is off, or the group of the device has no isolation'
    : 'see dmesg';
}

/**
 * The kernel's errnos for binding and unbinding, and what each means there (drivers/base/bus.c,
 * drivers/pci/pci-driver.c).
 */
const MEANING: Readonly<Record<string, string>> = {
  ENODEV: 'there is no such device any more, or it has another driver',
  ENOENT: 'there is no such device or driver any more',
  EBUSY: 'another driver has it',
  EPERM: 'the daemon may not do that: it has to run privileged',
  EACCES: 'the daemon may not do that: it has to run privileged, with /sys writable',
  EROFS: 'the daemon has /sys read-only: it has to run privileged',
};

/** Makes the call, and explains the errno of a refusal. */
async function explained(work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    const meaning = error instanceof KernelError ? MEANING[error.code] : undefined;
    if (meaning === undefined || !(error instanceof KernelError)) throw error;
    const told = new KernelError({ verb: 'write', path: error.path, code: error.code, detail: meaning });
    told.cause = error;
    throw told;
  }
}
