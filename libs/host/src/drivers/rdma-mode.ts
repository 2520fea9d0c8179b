import { type ObservedRdmaConfig, type RdmaMode, type RdmaModeSetting } from '@sriov/observed-host';
import { CommandError, run } from '../kernel/commands.ts';
import { faultOfHost, HostError } from '../kernel/host-error.ts';
import { EffectError, type Kernel, KernelBlockedError } from '../kernel/kernel.ts';
import { listNames, readAttribute, readIfThere } from '../kernel/sysfs.ts';
import { NotUnderstoodError } from '../kernel/understand.ts';
import { MODPROBE_FOLDERS } from './modules.ts';

/** Where the operator's file for modprobe is. */
export const MODPROBE_FOLDER = '/etc/modprobe.d';
/** Its name, as upstream has named it. */
export const RDMA_MODE_FILE = 'sriov_network_operator_modules_config.conf';

/** A boolean parameter: `Y` shares RDMA devices among namespaces. `rdma system set netns` changes it as well. */
const RDMA_NETNS_MODE = '/sys/module/ib_core/parameters/netns_mode';

/**
 * How RDMA devices go with network namespaces; nothing where the RDMA core is not loaded.
 * @throws {NotUnderstoodError} when the file has something else than the kernel writes
 */
export async function readRdmaMode(kernel: Kernel): Promise<RdmaMode | undefined> {
  const isShared = await readAttribute(kernel, RDMA_NETNS_MODE);
  if (isShared === undefined) return undefined;
  // As param_get_bool in kernel/params.c of Linux writes it.
  if (isShared !== 'Y' && isShared !== 'N') {
    throw new NotUnderstoodError(RDMA_NETNS_MODE, `it has no Y or N, but ${JSON.stringify(isShared)}`);
  }
  return isShared === 'Y' ? 'shared' : 'exclusive';
}

/** The kernel does not switch the RDMA mode now. It will start with the one that is configured. */
export class RdmaModeHeldError extends HostError {
  override readonly name = 'RdmaModeHeldError';
  readonly code = 'EBUSY';
  readonly mode: RdmaMode;

  constructor(mode: RdmaMode, options: ErrorOptions) {
    super(`the kernel does not switch to ${mode} while there is another network namespace (EBUSY)`, options);
    this.mode = mode;
  }
}

/**
 * Switches the RDMA mode of the running kernel.
 * @throws {RdmaModeHeldError} while there is any network namespace but the host's (`rdma_compatdev_set` of
 * drivers/infiniband/core/device.c); {@link CommandError} {@link EffectError}
 */
export async function setRdmaMode(kernel: Kernel, mode: RdmaMode): Promise<void> {
  const words = ['rdma', 'system', 'set', 'netns', mode];
  try {
    await run(kernel, words);
  } catch (cause) {
    // perror in rd_recv_msg of iproute2's rdma/utils.c.
    const isHeld = cause instanceof CommandError && /Device or resource busy/.test(cause.stderr);
    throw isHeld ? new RdmaModeHeldError(mode, { cause }) : cause;
  }
  const present = await readRdmaMode(kernel);
  if (present === mode) return;
  const detail = `"${words.join(' ')}" succeeded, and the RDMA mode is ${present ?? 'not to be read'}`;
  throw new EffectError({ verb: 'exec', path: words.join(' '), detail });
}

/** Whether the settings of others are looked for as well: they take a look into each file for modprobe. */
export type RdmaConfigScope = 'own' | 'all';

/** Reads what the kernel would start with. What cannot be read of others' files is left out. */
export async function readRdmaConfig(kernel: Kernel, scope: RdmaConfigScope): Promise<ObservedRdmaConfig> {
  const [own, others] = await Promise.all([readOwnFile(kernel), scope === 'all' ? readOthers(kernel) : []]);
  return { ...own, others };
}

async function readOwnFile(kernel: Kernel): Promise<Pick<ObservedRdmaConfig, 'file' | 'fault'>> {
  try {
    const file = await readIfThere(kernel, `${MODPROBE_FOLDER}/${RDMA_MODE_FILE}`);
    return file === undefined ? {} : { file };
  } catch (error) {
    if (error instanceof KernelBlockedError) throw error;
    return { fault: faultOfHost(error) };
  }
}

/** The command line comes last, because of several values the kernel takes the last (kmod_config_new of kmod). */
async function readOthers(kernel: Kernel): Promise<RdmaModeSetting[]> {
  const ofFiles = (await Promise.all(MODPROBE_FOLDERS.map((folder) => readFolder(kernel, folder)))).flat();
  const words = ((await readAttribute(kernel, '/proc/cmdline')) ?? '').split(/\s+/);
  return [...ofFiles, ...words.flatMap((word) => settingOf('the command line of the kernel', word) ?? [])];
}

async function readFolder(kernel: Kernel, folder: string): Promise<RdmaModeSetting[]> {
  const names = (await listNames(kernel, folder)).filter(
    (name) => name.endsWith('.conf') && !(folder === MODPROBE_FOLDER && name === RDMA_MODE_FILE),
  );
  const settings = names.map(async (name) => {
    const lines = ((await readAttribute(kernel, `${folder}/${name}`)) ?? '').split('\n');
    return lines.flatMap((line) => settingOf(`${folder}/${name}`, line) ?? []);
  });
  return (await Promise.all(settings)).flat();
}

/** A line of modprobe.d(5), or a word of the kernel's command line; nothing where it is about something else. */
function settingOf(where: string, text: string): RdmaModeSetting | undefined {
  const [, value] = /^(?:\s*options\s+ib_core\s(?:.*\s)?|ib_core\.)netns_mode=(\S+)/.exec(text) ?? [];
  if (value === undefined) return undefined;
  const mode = modeOf(value);
  return mode && { where, words: text.trim(), mode };
}

/** The words that a boolean parameter of the kernel takes (kstrtobool of lib/kstrtox.c). */
function modeOf(value: string): RdmaMode | undefined {
  if (/^(?:y|t|1|on)/i.test(value)) return 'shared';
  return /^(?:n|f|0|of)/i.test(value) ? 'exclusive' : undefined;
}
