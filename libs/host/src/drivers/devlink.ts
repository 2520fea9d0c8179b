import { omitUndefined } from '@sriov/api';
import { type ESwitchHeaders, type ESwitchMode } from '@sriov/observed-host';
import { z } from 'zod';
import { CommandError, run, runJson } from '../kernel/commands.ts';
import { FolderLists } from '../kernel/folder-lists.ts';
import { faultOfHost } from '../kernel/host-error.ts';
import { EffectError, type Kernel, KernelBlockedError, KernelError } from '../kernel/kernel.ts';
import { NotUnderstoodError } from '../kernel/understand.ts';
import { isVfFolder } from './sriov.ts';

const devices = z.object({ dev: z.record(z.string(), z.looseObject({})).default({}) });
const eswitch = z.object({
  dev: z
    .record(
      z.string(),
      z.object({
        mode: z.string().optional(),
        'inline-mode': z.string().optional(),
        'encap-mode': z.string().optional(),
      }),
    )
    .default({}),
});
const ports = z.object({
  port: z
    .record(
      z.string(),
      z.object({
        flavour: z.string().default(''),
        controller: z.number().default(0),
        netdev: z.string().optional(),
        pfnum: z.number().optional(),
        vfnum: z.number().optional(),
      }),
    )
    .default({}),
});

/** A port of a NIC as devlink sees it. */
export interface DevlinkPort {
  /** Handle of the device that it belongs to, such as `pci/0000:5e:00.0`. */
  readonly device: string;
  /** `physical`, `pcipf`, `pcivf` and others. */
  readonly flavour: string;
  /** Its network interface; absent while that is in another network namespace. */
  readonly linkName?: string;
  /** 0 is the host itself; a DPU numbers those of other machines from 1 on. */
  readonly controller: number;
  readonly pfNumber?: number;
  /** The VF that a port of the flavour `pcivf` represents. */
  readonly vfId?: number;
}

/** Longest wait for a change of mode: the firmware of some NICs takes half a minute. */
const MODE_MS = 120_000;

/** What devlink tells of an eSwitch. */
export interface ESwitch extends ESwitchHeaders {
  readonly mode: ESwitchMode;
}

/** What devlink tells of eSwitches, and what it could not be asked. */
export interface ESwitchTable {
  /** By PCI address. A device without devlink, or whose devlink knows no eSwitch, is left out: it is legacy. */
  readonly eSwitches: ReadonlyMap<string, ESwitch>;
  /** Devices whose mode could not be read, by PCI address: a sentence with the command and the cause. */
  readonly failures: ReadonlyMap<string, string>;
  /** Calls about one device that have not come back from the kernel, by its PCI address. */
  readonly blocked: ReadonlyMap<string, KernelBlockedError>;
  /** Such a sentence, when nothing could be asked at all. */
  readonly failure?: string;
}

/**
 * eSwitches of PFs. VFs are not asked: there are hundreds, each would take a process, and none has one.
 * @throws {KernelBlockedError} when the list of devices does not come back from the kernel
 */
export async function readESwitches(kernel: Kernel, folders = new FolderLists(kernel)): Promise<ESwitchTable> {
  const eSwitches = new Map<string, ESwitch>();
  const failures = new Map<string, string>();
  const blocked = new Map<string, KernelBlockedError>();
  const listed = await orCause(() => listDevlinkDevices(kernel));
  if (listed instanceof KernelBlockedError) throw listed;
  if (typeof listed === 'string') return { eSwitches, failures, blocked, failure: listed };
  for (const device of listed) {
    const address = device.slice('pci/'.length);
    // A fault of one device says nothing of the others.
    const answer = await orCause(() => askDevice(kernel, device, folders.of(address)));
    if (typeof answer === 'string') failures.set(address, answer);
    else if (answer instanceof KernelBlockedError) blocked.set(address, answer);
    else if (answer.eSwitch !== undefined) eSwitches.set(address, answer.eSwitch);
  }
  return { eSwitches, failures, blocked };
}

/** The eSwitch of a device; none for a VF. */
async function askDevice(
  kernel: Kernel,
  device: string,
  names: Promise<readonly string[]>,
): Promise<{ eSwitch: ESwitch | undefined }> {
  return { eSwitch: isVfFolder(await names) ? undefined : await readESwitch(kernel, device) };
}

/** The answer, or why there is none. A call that hangs in the kernel is no answer either, and not to be repeated. */
async function orCause<Answer>(ask: () => Promise<Answer>): Promise<Answer | KernelBlockedError | string> {
  try {
    return await ask();
  } catch (error) {
    return error instanceof KernelBlockedError ? error : faultOfHost(error);
  }
}

/** As iproute2 says that the kernel has no devlink at all. */
const NO_DEVLINK = /Failed to connect to devlink/;
/**
 * How the kernel says that a device has no eSwitch: it is unknown to devlink (ENODEV), its driver has none
 * (EOPNOTSUPP), or the device is not the one that may ask (EPERM, mlx5_eswitch_check in
 * drivers/net/ethernet/mellanox/mlx5/core/eswitch_offloads.c).
 */
const NO_ESWITCH = /No such device|not supported|not permitted/i;

async function listDevlinkDevices(kernel: Kernel): Promise<string[]> {
  try {
    const { dev } = await runJson(kernel, ['devlink', '-j', 'dev', 'show'], devices);
    return Object.keys(dev).filter((name) => name.startsWith('pci/'));
  } catch (error) {
    if (error instanceof CommandError && NO_DEVLINK.test(error.stderr)) return [];
    throw error;
  }
}

/** eSwitch mode of a devlink device, see {@link readESwitch}. */
export async function readESwitchMode(kernel: Kernel, device: string): Promise<ESwitchMode | undefined> {
  return (await readESwitch(kernel, device))?.mode;
}

/**
 * eSwitch of a devlink device by its handle; nothing when it has none.
 * @throws {CommandError} when the mode cannot be read
 */
export async function readESwitch(kernel: Kernel, device: string): Promise<ESwitch | undefined> {
  const command = ['devlink', '-j', 'dev', 'eswitch', 'show', device];
  try {
    const told = (await runJson(kernel, command, eswitch)).dev[device] ?? {};
    const { mode, 'inline-mode': inlineMode, 'encap-mode': encapMode } = told;
    if (mode === undefined) return undefined;
    if (mode === 'legacy' || mode === 'switchdev') {
      return { mode, ...omitUndefined({ inlineMode, encapMode }) };
    }
    throw new NotUnderstoodError(
      `the output of ${command.join(' ')}`,
      `the mode is ${mode}, which this version does not know`,
    );
  } catch (error) {
    if (error instanceof CommandError && NO_ESWITCH.test(error.stderr)) return undefined;
    throw error;
  }
}

/**
 * Changes the eSwitch mode of a devlink device, unless it is in that mode: bnxt_en refuses the mode that it has (EINVAL,
 * bnxt_dl_eswitch_mode_set in drivers/net/ethernet/broadcom/bnxt/bnxt_vfr.c). The representors of its VFs come, or go,
 * with it. A device that has no mode to tell is in legacy mode.
 * @throws {KernelError} when the device has no eSwitch, or does not take the mode, with all that the kernel says;
 * `KernelBlockedError` when it has not come back at its deadline; `EffectError` when the mode is another one afterwards
 */
export async function setESwitchMode(kernel: Kernel, device: string, mode: ESwitchMode): Promise<void> {
  if (((await readESwitchMode(kernel, device)) ?? 'legacy') === mode) return;
  const command = ['devlink', 'dev', 'eswitch', 'set', device, 'mode', mode];
  const path = command.join(' ');
  try {
    await run(kernel, command, { deadlineMs: MODE_MS });
  } catch (error) {
    throw error instanceof CommandError ? explainRefusal(error, path) : error;
  }
  const present = (await readESwitchMode(kernel, device)) ?? 'legacy';
  if (present === mode) return;
  const detail = `eSwitch mode ${mode} was asked for, devlink reported no error, and the mode is ${present}: see dmesg for what the driver says`;
  throw new EffectError({ verb: 'exec', path, detail });
}

/** What devlink prints for an errno, and what it means there (eswitch_offloads.c of mlx5, ice_eswitch.c, bnxt_vfr.c). */
const REFUSALS: readonly (readonly [words: RegExp, code: string, meaning: string])[] = [
  [/Device or resource busy/, 'EBUSY', 'something uses the eSwitch, such as traffic rules, or its firmware resets'],
  [/not supported/i, 'EOPNOTSUPP', 'the driver cannot change it, or not in the state that it is in'],
  [/not permitted/i, 'EPERM', 'somebody else manages the eSwitch, such as the processor of a DPU, or there are no VFs'],
  [/Invalid argument/, 'EINVAL', 'the driver or its firmware refuses'],
  [/No such device/, 'ENODEV', 'devlink knows no such device'],
];

/** The line before the errno is the driver's own, where it has one. */
function explainRefusal(error: CommandError, path: string): KernelError {
  const lines = error.stderr.trim().split('\n').filter(Boolean);
  const [, code, meaning] = REFUSALS.find(([words]) => words.test(error.stderr)) ?? [];
  const detail = [lines.join(', ') || `exit code ${error.exitCode}`, meaning].filter(Boolean).join(': ');
  const explained = new KernelError({ verb: 'exec', path, code: code ?? 'FAILED', detail });
  explained.cause = error;
  return explained;
}

/** All ports of all devlink devices. */
export async function listDevlinkPorts(kernel: Kernel): Promise<DevlinkPort[]> {
  const { port } = await runJson(kernel, ['devlink', '-j', 'port', 'show'], ports);
  return Object.entries(port).map(([handle, { flavour, controller, netdev, pfnum, vfnum }]) =>
    omitUndefined({
      device: handle.slice(0, handle.lastIndexOf('/')),
      flavour,
      controller,
      // Empty while the interface has no name of its own.
      linkName: netdev || undefined,
      pfNumber: pfnum,
      vfId: vfnum,
    }),
  );
}

/** Names of the interfaces that represent the VFs of a device, by VF id. None in legacy mode. */
export function representorsOf(all: readonly DevlinkPort[], device: string): Map<number, string> {
  const own = all.filter((port) => port.device === device && port.flavour === 'pcivf' && port.controller === 0);
  return new Map(own.flatMap(({ vfId, linkName }) => (vfId === undefined || !linkName ? [] : [[vfId, linkName]])));
}
