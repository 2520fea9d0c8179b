import { omitUndefined } from '@sriov/api';
import { z } from 'zod';
import { CommandError, run, runJson } from './commands.ts';
import { isErrno, type Kernel } from './kernel.ts';
import { PCI_DEVICES, readLinkName } from './sysfs.ts';

const devices = z.object({ dev: z.record(z.string(), z.looseObject({})).default({}) });
const eswitch = z.object({ dev: z.record(z.string(), z.object({ mode: z.string().optional() })).default({}) });
const ports = z.object({
  port: z
    .record(
      z.string(),
      z.object({
        flavour: z.string().default(''),
        netdev: z.string().optional(),
        pfnum: z.number().optional(),
        vfnum: z.number().optional(),
      }),
    )
    .default({}),
});

/** Legacy: the NIC's own switch. Switchdev: each VF has a representor, and software decides where frames go. */
export type ESwitchMode = 'legacy' | 'switchdev';

/** A port of a NIC as devlink sees it. */
export interface DevlinkPort {
  /** Handle of the device that it belongs to, such as `pci/0000:5e:00.0`. */
  readonly device: string;
  /** `physical`, `pcipf`, `pcivf` and others. */
  readonly flavour: string;
  /** Its network interface; absent while that is in another network namespace. */
  readonly linkName?: string;
  readonly pfNumber?: number;
  /** The VF that a port of the flavour `pcivf` represents. */
  readonly vfId?: number;
}

/** Longest wait for a change of mode: the firmware of some NICs takes half a minute. */
const MODE_MS = 120_000;

/**
 * eSwitch mode of PFs by PCI address. A device without devlink, or whose devlink knows no eSwitch, is left out: it is
 * legacy and can be nothing else. One whose mode cannot be told has the cause. VFs are not asked: there are hundreds, each would take a process, and none has one.
 */
export async function readESwitchModes(kernel: Kernel): Promise<Map<string, ESwitchMode | UnknownMode>> {
  const modes = new Map<string, ESwitchMode | UnknownMode>();
  for (const device of await listDevlinkDevices(kernel)) {
    const address = device.slice('pci/'.length);
    const isVf = (await readLinkName(kernel, `${PCI_DEVICES}/${address}/physfn`)) !== undefined;
    const mode = isVf ? undefined : await readESwitchMode(kernel, device).catch(asUnknown);
    if (mode !== undefined) modes.set(address, mode);
  }
  return modes;
}

/** Why the mode of one device is not known; the others are none the worse for it. */
export interface UnknownMode {
  readonly cause: unknown;
}

function asUnknown(cause: unknown): UnknownMode {
  return { cause };
}

/** How the tool says that the kernel has no devlink, or it itself no such command. */
const NO_DEVLINK = /Failed to connect|is unknown|not found|not supported/i;
/**
 * How the kernel says that a device has no eSwitch: it is gone (ENODEV), its driver has none (EOPNOTSUPP), or the device
 * is not the one that may ask (EPERM, mlx5_eswitch_check in drivers/net/ethernet/mellanox/mlx5/core/eswitch_offloads.c).
 */
const NO_ESWITCH = /No such device|not supported|not permitted|not found|is unknown/i;

async function listDevlinkDevices(kernel: Kernel): Promise<string[]> {
  try {
    const output = devices.parse(await runJson(kernel, ['devlink', '-j', 'dev', 'show']));
    return Object.keys(output.dev).filter((name) => name.startsWith('pci/'));
  } catch (error) {
    // A host without the tool or the kernel's devlink has only legacy devices.
    if (isErrno(error, 'ENOENT') || (error instanceof CommandError && NO_DEVLINK.test(error.stderr))) return [];
    throw error;
  }
}

/**
 * eSwitch mode of a devlink device by its handle; nothing when it has no eSwitch.
 * @throws {CommandError} when it cannot be told, as while firmware resets: a mode that is not known is not legacy
 */
export async function readESwitchMode(kernel: Kernel, device: string): Promise<ESwitchMode | undefined> {
  try {
    const output = eswitch.parse(await runJson(kernel, ['devlink', '-j', 'dev', 'eswitch', 'show', device]));
    const mode = output.dev[device]?.mode;
    return mode === 'legacy' || mode === 'switchdev' ? mode : undefined;
  } catch (error) {
    if (error instanceof CommandError && NO_ESWITCH.test(error.stderr)) return undefined;
    throw error;
  }
}

/**
 * Changes the eSwitch mode of a devlink device. The representors of its VFs come, or go, with it.
 * @throws {CommandError} when the device has no eSwitch, or does not take the mode
 */
export async function setESwitchMode(kernel: Kernel, device: string, mode: ESwitchMode): Promise<void> {
  await run(kernel, ['devlink', 'dev', 'eswitch', 'set', device, 'mode', mode], { deadlineMs: MODE_MS });
}

/** All ports of all devlink devices. */
export async function listDevlinkPorts(kernel: Kernel): Promise<DevlinkPort[]> {
  const { port } = ports.parse(await runJson(kernel, ['devlink', '-j', 'port', 'show']));
  return Object.entries(port).map(([handle, { flavour, netdev, pfnum, vfnum }]) =>
    omitUndefined({
      device: handle.slice(0, handle.lastIndexOf('/')),
      flavour,
      // Empty while the interface has no name of its own.
      linkName: netdev || undefined,
      pfNumber: pfnum,
      vfId: vfnum,
    }),
  );
}

/** Names of the interfaces that represent the VFs of a device, by VF id. None in legacy mode. */
export function representorsOf(all: readonly DevlinkPort[], device: string): Map<number, string> {
  const own = all.filter((port) => port.device === device && port.flavour === 'pcivf');
  return new Map(own.flatMap(({ vfId, linkName }) => (vfId === undefined || !linkName ? [] : [[vfId, linkName]])));
}
