import { omitUndefined } from '@sriov/api';
import { z } from 'zod';
import { CommandError, run, runJson } from '../kernel/commands.ts';
import { type Kernel, KernelError } from '../kernel/kernel.ts';
import { readLinkName } from '../kernel/sysfs.ts';

const BUS = '/sys/bus/vdpa';
/** Longest wait for a bind or unbind. */
const BIND_MS = 60_000;

const devices = z.object({ dev: z.record(z.string(), z.object({ mgmtdev: z.string() })).default({}) });

/** Who a vDPA device is for: a virtual machine monitor through `/dev/vhost-vdpa-N`, or the kernel's own virtio. */
export type VdpaDriver = 'vhost_vdpa' | 'virtio_vdpa';

/** A vDPA device. */
export interface VdpaDevice {
  readonly name: string;
  /** What it was made from, such as `pci/0000:5e:00.2`, a VF. */
  readonly managementDevice: string;
  /** Absent when none is bound. */
  readonly driver?: string;
}

/** All vDPA devices of the host. */
export async function listVdpaDevices(kernel: Kernel): Promise<VdpaDevice[]> {
  const { dev } = devices.parse(await runJson(kernel, ['vdpa', '-j', 'dev', 'show']));
  return Promise.all(
    Object.entries(dev).map(async ([name, { mgmtdev }]) =>
      omitUndefined({ name, managementDevice: mgmtdev, driver: await readVdpaDriver(kernel, name) }),
    ),
  );
}

/**
 * Makes a vDPA device. The kernel binds whichever driver it likes: {@link bindVdpaDriver} comes after.
 * @throws {CommandError} when the name is taken, or the management device makes none (any more)
 */
export async function addVdpaDevice(
  kernel: Kernel,
  device: { readonly name: string; readonly managementDevice: string; readonly mac?: string },
): Promise<void> {
  const { name, managementDevice, mac } = device;
  const settings = mac === undefined ? [] : ['mac', mac];
  await run(kernel, ['vdpa', 'dev', 'add', 'name', name, 'mgmtdev', managementDevice, ...settings]);
}

/** Removes a vDPA device; nothing to do when there is none of the name. */
export async function deleteVdpaDevice(kernel: Kernel, name: string): Promise<void> {
  try {
    await run(kernel, ['vdpa', 'dev', 'del', name]);
  } catch (error) {
    if (!(error instanceof CommandError) || !/No such (device|file)/.test(error.stderr)) throw error;
  }
}

/**
 * Binds the named driver to a vDPA device, whatever is bound to it now. The driver's module must be loaded.
 * @throws {KernelError} `ENODEV` when the kernel accepted the request and bound nothing
 */
export async function bindVdpaDriver(kernel: Kernel, name: string, driver: VdpaDriver): Promise<void> {
  const present = await readVdpaDriver(kernel, name);
  if (present === driver) return;
  if (present !== undefined) {
    await kernel.write(`${BUS}/drivers/${present}/unbind`, name, { deadlineMs: BIND_MS });
  }
  await kernel.write(`${BUS}/devices/${name}/driver_override`, driver);
  const path = `${BUS}/drivers_probe`;
  await kernel.write(path, name, { deadlineMs: BIND_MS });
  if ((await readVdpaDriver(kernel, name)) === driver) return;
  throw new KernelError({ verb: 'write', path, code: 'ENODEV', detail: `${driver} does not take ${name}` });
}

function readVdpaDriver(kernel: Kernel, name: string): Promise<string | undefined> {
  return readLinkName(kernel, `${BUS}/devices/${name}/driver`);
}
