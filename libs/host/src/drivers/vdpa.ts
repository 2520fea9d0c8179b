import { omitUndefined, type VdpaDriver } from '@sriov/api';
import { z } from 'zod';
import { CommandError, run, runJson } from '../kernel/commands.ts';
import { isErrno, type Kernel, KernelError } from '../kernel/kernel.ts';
import { listNames, readLinkName } from '../kernel/sysfs.ts';

const BUS = '/sys/bus/vdpa';
/** Longest wait for a bind or unbind. */
const BIND_MS = 60_000;

const devices = z.object({ dev: z.record(z.string(), z.object({ mgmtdev: z.string() })).default({}) });

/** A vDPA device. */
export interface VdpaDevice {
  readonly name: string;
  /** What it was made from, such as `pci/0000:5e:00.2`, a VF. */
  readonly managementDevice: string;
  /** Absent when none is bound. */
  readonly driver?: string;
}

/** Names of all vDPA devices of the host; none where the kernel module vdpa is not loaded. No command is needed. */
export function listVdpaNames(kernel: Kernel): Promise<string[]> {
  return listNames(kernel, `${BUS}/devices`);
}

/** All vDPA devices of the host. */
export async function listVdpaDevices(kernel: Kernel): Promise<VdpaDevice[]> {
  const { dev } = await runJson(kernel, ['vdpa', '-j', 'dev', 'show'], devices);
  return Promise.all(
    Object.entries(dev).map(async ([name, { mgmtdev }]) =>
      omitUndefined({ name, managementDevice: mgmtdev, driver: await readVdpaDriver(kernel, name) }),
    ),
  );
}

/** A vDPA device that is to be made. */
interface NewVdpaDevice {
  readonly name: string;
  readonly managementDevice: string;
  /** The management device chooses one unless it is given. */
  readonly mac?: string;
  /** Most pairs of queues. Where the management device or `vdpa` does not take the number, it chooses one. */
  readonly maxQueuePairs?: number;
}

/**
 * Makes a vDPA device. The kernel binds whichever driver it likes: {@link bindVdpaDriver} comes after.
 * @throws {CommandError} when the name is taken, or the management device makes none (any more)
 */
export async function addVdpaDevice(kernel: Kernel, device: NewVdpaDevice): Promise<void> {
  const { name, managementDevice, mac, maxQueuePairs } = device;
  const plain = ['vdpa', 'dev', 'add', 'name', name, 'mgmtdev', managementDevice];
  const settings = mac === undefined ? plain : [...plain, 'mac', mac];
  if (maxQueuePairs === undefined) await run(kernel, settings);
  else await run(kernel, [...settings, 'max_vqp', String(maxQueuePairs)]).catch(unlessRefused(kernel, settings));
}

/**
 * Does without the number of queues. EOPNOTSUPP: the management device takes none (vdpa_nl_cmd_dev_add_set_doit in
 * drivers/vdpa/vdpa.c). EINVAL: it has fewer (mlx5_vdpa_dev_add in drivers/vdpa/mlx5/net/mlx5_vnet.c). iproute2 before
 * 5.17 does not know the word.
 */
function unlessRefused(kernel: Kernel, commandLine: readonly string[]): (error: unknown) => Promise<string> {
  return (error) => {
    const isRefused =
      error instanceof CommandError &&
      /Operation not supported|Invalid argument|Unknown option "max_vqp"/.test(error.stderr);
    if (!isRefused) throw error;
    return run(kernel, commandLine);
  };
}

/**
 * Removes a vDPA device; nothing to do when there is none of the name. As long as a program has its device file open,
 * the kernel waits (vhost_vdpa_remove in drivers/vhost/vdpa.c).
 */
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
  const path = await askForDriver(kernel, name, driver);
  if ((await readVdpaDriver(kernel, name)) === driver) return;
  throw new KernelError({ verb: 'write', path, code: 'ENODEV', detail: `${driver} does not take ${name}` });
}

/** Returns the file that was written to last. A kernel before 5.17 has no `driver_override` on this bus. */
async function askForDriver(kernel: Kernel, name: string, driver: VdpaDriver): Promise<string> {
  const isNamed = await kernel.write(`${BUS}/devices/${name}/driver_override`, driver).then(
    () => true,
    (error: unknown) => {
      if (!isErrno(error, 'ENOENT')) throw error;
      return false;
    },
  );
  const path = isNamed ? `${BUS}/drivers_probe` : `${BUS}/drivers/${driver}/bind`;
  await kernel.write(path, name, { deadlineMs: BIND_MS });
  return path;
}

function readVdpaDriver(kernel: Kernel, name: string): Promise<string | undefined> {
  return readLinkName(kernel, `${BUS}/devices/${name}/driver`);
}
