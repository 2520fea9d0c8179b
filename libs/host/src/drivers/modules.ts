import { CommandError, run } from '../kernel/commands.ts';
import { HostError } from '../kernel/host-error.ts';
import { type Kernel, KernelBlockedError, KernelError } from '../kernel/kernel.ts';
import { listNames, PCI_DEVICES, PCI_DRIVERS, readAttribute } from '../kernel/sysfs.ts';

/**
 * A kernel module that cannot be loaded. The message names it, and the file or parameter that forbids it, or the kernel
 * that does not have it.
 */
export class ModuleError extends HostError {
  override readonly name = 'ModuleError';
  readonly code = 'MODULE_NOT_LOADED';
}

/**
 * Loads a kernel module with the host's modprobe; one that is loaded or built in is left alone. By its name, which
 * works where `blacklist` stands as well: that keeps a module from being loaded for its aliases only (modprobe.d(5)).
 * @throws {ModuleError} when something on the host keeps it out, or the kernel does not have it; `CommandError` for any
 * other failure of modprobe
 */
export async function loadModule(kernel: Kernel, module: string): Promise<void> {
  if (await isLoaded(kernel, module)) return;
  const failure = await modprobe(kernel, module);
  if (failure === undefined && (await isLoaded(kernel, module))) return;
  if (failure === undefined && (await isBuiltIn(kernel, module))) return;
  // `install MODULE /bin/true` lets modprobe succeed without having done anything.
  const barrier = await findBarrier(kernel, module);
  if (barrier !== undefined) throw new ModuleError(notLoaded(module, barrier), { cause: failure });
  if (failure === undefined) return;
  const place = /Module \S+ not found in directory (\S+)/.exec(stderrOf(failure))?.[1];
  if (place === undefined) throw failure;
  const message = `the kernel does not have the module ${module} (there is none in ${place}): install the package that has it, or boot a kernel that has it`;
  throw new ModuleError(message, { cause: failure });
}

function stderrOf(failure: CommandError | KernelError): string {
  return failure instanceof CommandError ? failure.stderr : '';
}

/** Loads the module that says of itself that it is for the device. @throws {ModuleError} */
export async function loadModuleOf(kernel: Kernel, pciAddress: string): Promise<void> {
  const alias = await readAttribute(kernel, `${PCI_DEVICES}/${pciAddress}/modalias`);
  if (alias === undefined) return;
  const failure = await modprobe(kernel, alias);
  if (failure === undefined) return;
  const message = `no kernel module can be loaded for ${pciAddress} (${alias}): ${failure.message}: install the module of its driver, or see whether a file in ${MODPROBE_FOLDERS.join(', ')} has it blacklisted`;
  throw new ModuleError(message, { cause: failure });
}

/** Whether a PCI driver is registered, so that devices can be bound to it. */
export async function isDriverLoaded(kernel: Kernel, driver: string): Promise<boolean> {
  return (await listNames(kernel, `${PCI_DRIVERS}/${driver}`)).length > 0;
}

/** The kernel spells every module with underscores. A driver that is built in may show as a driver alone. */
async function isLoaded(kernel: Kernel, module: string): Promise<boolean> {
  const names = await listNames(kernel, `/sys/module/${withUnderscores(module)}`);
  return names.length > 0 || (await isDriverLoaded(kernel, module));
}

/** modprobe has nothing to do for such a module, and `/sys/module` lists it only if it has parameters. */
async function isBuiltIn(kernel: Kernel, module: string): Promise<boolean> {
  const release = await readAttribute(kernel, '/proc/sys/kernel/osrelease');
  const text = (await readAttribute(kernel, `/lib/modules/${release}/modules.builtin`)) ?? '';
  // Anchored on both sides: a long line would be searched from each of its characters.
  const names = text.split('\n').map((line) => /(?:^|\/)([^/]+)\.ko$/.exec(line.trim())?.[1]);
  return names.some((name) => name !== undefined && isSame(name, module));
}

/** Why modprobe refused or could not be run; nothing when it succeeded. */
async function modprobe(kernel: Kernel, name: string): Promise<CommandError | KernelError | undefined> {
  try {
    await run(kernel, ['modprobe', name], { onHost: true });
    return undefined;
  } catch (error) {
    const isBlocked = error instanceof KernelBlockedError;
    if (!isBlocked && (error instanceof CommandError || error instanceof KernelError)) return error;
    throw error;
  }
}

/** Where modprobe looks for its configuration, as modprobe.d(5) lists it. */
export const MODPROBE_FOLDERS = [
  '/etc/modprobe.d',
  '/run/modprobe.d',
  '/usr/local/lib/modprobe.d',
  '/usr/lib/modprobe.d',
  '/lib/modprobe.d',
];

/** What forbids a module: a file or the kernel's command line, and the words in it. */
interface Barrier {
  readonly where: string;
  readonly words: string;
}

function notLoaded(module: string, { where, words }: Barrier): string {
  return `the kernel module ${module} is kept out by ${where} ("${words}"): remove that, and reboot if it is a kernel parameter`;
}

async function findBarrier(kernel: Kernel, module: string): Promise<Barrier | undefined> {
  return (await findParameter(kernel, module)) ?? (await findLine(kernel, module));
}

/** `module_blacklist=a,b`, which the kernel itself obeys, and `modprobe.blacklist=a,b`. */
async function findParameter(kernel: Kernel, module: string): Promise<Barrier | undefined> {
  const words = ((await readAttribute(kernel, '/proc/cmdline')) ?? '').split(/\s+/);
  for (const word of words) {
    const names = /^(?:module_blacklist|modprobe\.blacklist)=(.*)$/.exec(word)?.[1]?.split(',') ?? [];
    if (names.some((name) => isSame(name, module))) return { where: 'the command line of the kernel', words: word };
  }
  return undefined;
}

/**
 * `install MODULE COMMAND` runs the command instead of loading it; `blacklist MODULE` says that somebody wants it out.
 */
async function findLine(kernel: Kernel, module: string): Promise<Barrier | undefined> {
  for (const folder of MODPROBE_FOLDERS) {
    for (const file of (await listNames(kernel, folder)).filter((name) => name.endsWith('.conf'))) {
      const where = `${folder}/${file}`;
      const words = barringLine((await readAttribute(kernel, where)) ?? '', module);
      if (words !== undefined) return { where, words };
    }
  }
  return undefined;
}

function barringLine(text: string, module: string): string | undefined {
  const lines = text.split('\n').map((line) => line.trim());
  return lines.find((line) => {
    const [, name] = /^(?:install|blacklist)\s+(\S+)/.exec(line) ?? [];
    return name !== undefined && isSame(name, module);
  });
}

function isSame(name: string, module: string): boolean {
  return withUnderscores(name) === withUnderscores(module);
}

function withUnderscores(module: string): string {
  return module.replaceAll('-', '_');
}
