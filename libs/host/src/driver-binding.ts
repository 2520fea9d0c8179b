import { type Kernel, KernelBlockedError, KernelError } from './kernel.ts';
import { PCI_DEVICES, PCI_DRIVERS, readLinkName } from './sysfs.ts';

/**
 * Longest wait for a bind or unbind. Probing takes longer on some devices, and unbinding a VF that a program holds
 * through VFIO waits for that program: the call then goes on by itself.
 */
const BIND_MS = 10_000;

/** The driver of a PCI device; nothing when none is bound. */
export function readDriver(kernel: Kernel, pciAddress: string): Promise<string | undefined> {
  return readLinkName(kernel, `${PCI_DEVICES}/${pciAddress}/driver`);
}

/** Unbinds the driver of a device; nothing to do when none is bound. */
export async function unbindDriver(kernel: Kernel, pciAddress: string): Promise<void> {
  const driver = await readDriver(kernel, pciAddress);
  if (driver === undefined) return;
  await kernel.write(`${PCI_DRIVERS}/${driver}/unbind`, pciAddress, { deadlineMs: BIND_MS });
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

/** Lets the kernel choose the driver of a device that has none. @throws {KernelError} `ENODEV` as {@link bindDriver} */
export async function bindDefaultDriver(kernel: Kernel, pciAddress: string): Promise<void> {
  await writeOverride(kernel, pciAddress, '\n');
  await probe(kernel, pciAddress, undefined);
}

/** Waits for the lock of the device, which somebody else's bind, unbind or reset may have, some of them for ever. */
async function writeOverride(kernel: Kernel, pciAddress: string, text: string): Promise<void> {
  await kernel.write(`${PCI_DEVICES}/${pciAddress}/driver_override`, text, { deadlineMs: BIND_MS });
}

async function probe(kernel: Kernel, pciAddress: string, driver: string | undefined): Promise<void> {
  const path = '/sys/bus/pci/drivers_probe';
  await kernel.write(path, pciAddress, { deadlineMs: BIND_MS });
  const bound = await readDriver(kernel, pciAddress);
  if (bound !== undefined && (driver === undefined || bound === driver)) return;
  const detail = `${pciAddress} has ${bound === undefined ? 'no driver' : `driver ${bound}`} after binding ${driver ?? 'its default driver'}: see dmesg`;
  throw new KernelError({ verb: 'write', path, code: 'ENODEV', detail });
}
