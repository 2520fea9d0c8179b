import { type BootTool, type ObservedBootLoader } from '@sriov/observed-host';
import { run } from '../kernel/commands.ts';
import { faultOfHost } from '../kernel/host-error.ts';
import { EffectError, type Kernel, KernelBlockedError } from '../kernel/kernel.ts';
import { listNames, readIfThere } from '../kernel/sysfs.ts';

/** Where the operator's file for grub-mkconfig is. */
export const GRUB_FOLDER = '/etc/default/grub.d';
/** Its name: files are read in the order of their names, and images bring some that set the variable anew. */
export const GRUB_FILE = '99-sriov-network-operator.cfg';

/** {@link GRUB_FOLDER} of the host: what the daemon does there. */
export interface GrubFolder {
  write(name: string, content: string, mode: number): Promise<void>;
  /** Why nothing can be written: an error code, such as `EROFS`; nothing where it can. */
  findRefusal(folder: string): Promise<string | undefined>;
}

/** grub-mkconfig looks for other operating systems, and rpm-ostree makes a new deployment. */
const DEADLINE_MS = 3 * 60_000;

/** A host, seen by the names of its programs and files. */
interface Host {
  readonly kernel: Kernel;
  readonly programs: ReadonlySet<string>;
  readonly grub: GrubFolder;
}

/**
 * Finds out by what the kernel arguments of the host are set, from what is there: an OSTree host has rpm-ostree; where
 * grubby is, it knows all boot loaders of its distribution; GRUB of Debian and Ubuntu reads the files of
 * {@link GRUB_FOLDER}. Everything else is said to be what it is, and is not written.
 * @throws {KernelBlockedError}
 */
export async function readBootLoader(kernel: Kernel, grub: GrubFolder): Promise<ObservedBootLoader> {
  try {
    const names = await Promise.all(PROGRAM_FOLDERS.map((folder) => listNames(kernel, folder)));
    return await recognise({ kernel, programs: new Set(names.flat()), grub });
  } catch (error) {
    if (error instanceof KernelBlockedError) throw error;
    return { fault: `what the boot loader will do cannot be read: ${faultOfHost(error)}` };
  }
}

const PROGRAM_FOLDERS = ['/usr/sbin', '/usr/bin'];

async function recognise(host: Host): Promise<ObservedBootLoader> {
  const { kernel, programs } = host;
  // systemd and rpm-ostree recognise such a host by this file (ostree-prepare-root makes it).
  if ((await readIfThere(kernel, '/run/ostree-booted')) !== undefined) {
    if (!programs.has('rpm-ostree')) return { fault: 'the host is one of OSTree, and has no rpm-ostree' };
    return { tool: 'rpm-ostree', arguments: wordsOf(await tell(kernel, ['rpm-ostree', 'kargs'])) };
  }
  if (programs.has('grubby')) return { tool: 'grubby', arguments: await readGrubby(kernel) };
  const script = MKCONFIGS.find((name) => programs.has(name));
  if (script !== undefined) return readGrub(host, script);
  for (const folder of ENTRY_FOLDERS) {
    if ((await listNames(kernel, folder)).some((name) => name.endsWith('.conf'))) {
      return {
        fault: `the host boots by the entries in ${folder} (systemd-boot), which the operator does not write: add the arguments to /etc/kernel/cmdline and let kernel-install make the entries again`,
      };
    }
  }
  return {
    fault: 'no boot loader was found that the operator can tell (GRUB of Debian or Ubuntu, grubby, rpm-ostree)',
  };
}

const ENTRY_FOLDERS = ['/boot/loader/entries', '/efi/loader/entries', '/boot/efi/loader/entries'];

/** Of the default entry, which stands there as a shell would set it (print_info of grubby's grubby-bls). */
async function readGrubby(kernel: Kernel): Promise<string[]> {
  const text = await tell(kernel, ['grubby', '--info=DEFAULT']);
  return wordsOf(/^args="(.*)"$/m.exec(text)?.[1] ?? '');
}

/** grub-mkconfig by its names: Debian's, and that of distributions that have kept GRUB 1 beside it. */
const MKCONFIGS = ['grub-mkconfig', 'grub2-mkconfig'];
const CONFIGURATIONS = ['/boot/grub/grub.cfg', '/boot/grub2/grub.cfg'];

async function readGrub(host: Host, script: string): Promise<ObservedBootLoader> {
  const { kernel, grub } = host;
  const text = (await readIfThere(kernel, `/usr/sbin/${script}`)) ?? (await readIfThere(kernel, `/usr/bin/${script}`));
  if (text?.includes('default/grub.d') !== true) {
    return {
      fault: `${script} of this host does not read ${GRUB_FOLDER}: add the arguments to GRUB_CMDLINE_LINUX in /etc/default/grub and run ${script}`,
    };
  }
  const refusal = await grub.findRefusal('');
  if (refusal !== undefined) return { fault: `${GRUB_FOLDER} cannot be written (${refusal})` };
  const found = await findConfiguration(kernel);
  if (found === undefined)
    return { fault: `there is no ${CONFIGURATIONS.join(' or ')}, so the host boots by something else` };
  return { tool: 'grub', arguments: found.words };
}

async function findConfiguration(kernel: Kernel): Promise<{ path: string; words: string[] } | undefined> {
  for (const path of CONFIGURATIONS) {
    const text = await readIfThere(kernel, path);
    if (text !== undefined) return { path, words: wordsOf(firstLinux(text)) };
  }
  return undefined;
}

/** What follows the kernel in the first entry, which is the newest kernel without recovery mode (10_linux of GRUB). */
function firstLinux(text: string): string {
  return /^[ \t]*linux(?:16|efi)?[ \t]+\S+[ \t]+(.*)$/m.exec(text)?.[1] ?? '';
}

/**
 * Has the next boot give the arguments to the kernel, beside those that it has. Done again it does the same.
 * @throws {EffectError} when the boot loader was told, and will not give one of them; `CommandError` {@link KernelError}
 */
export async function addKernelArguments(
  kernel: Kernel,
  { tool, words }: { readonly tool: BootTool; readonly words: readonly string[] },
  grub: GrubFolder,
): Promise<void> {
  const line = await TELL[tool](kernel, words, grub);
  const after = await readBootLoader(kernel, grub);
  const got = 'fault' in after ? [] : after.arguments;
  const missing = words.filter((word) => !got.includes(word));
  if (missing.length === 0) return;
  const seen = 'fault' in after ? after.fault : `the next boot is without ${missing.join(' ')}`;
  throw new EffectError({ verb: 'exec', path: line, detail: `"${line}" succeeded, and ${seen}` });
}

/** Tells the tool; returns the command line that was run last. */
type Tell = (kernel: Kernel, words: readonly string[], grub: GrubFolder) => Promise<string>;

const TELL: Readonly<Record<BootTool, Tell>> = {
  'rpm-ostree': (kernel, words) =>
    done(kernel, ['rpm-ostree', 'kargs', ...words.map((word) => `--append-if-missing=${word}`)]),
  grubby: (kernel, words) => done(kernel, ['grubby', '--update-kernel=ALL', `--args=${words.join(' ')}`]),
  grub: tellGrub,
};

/** Everybody may read the file. */
const READABLE = 0o644;

async function tellGrub(kernel: Kernel, words: readonly string[], grub: GrubFolder): Promise<string> {
  await grub.write(GRUB_FILE, grubFile(words), READABLE);
  const names = new Set(await listNames(kernel, '/usr/sbin'));
  if (names.has('update-grub')) return done(kernel, ['update-grub']);
  const path = (await findConfiguration(kernel))?.path ?? '/boot/grub/grub.cfg';
  return done(kernel, [MKCONFIGS.find((name) => names.has(name)) ?? 'grub-mkconfig', '-o', path]);
}

/** Of the two variables, this one is not for recovery mode, and comes last on the line of the kernel (10_linux). */
function grubFile(words: readonly string[]): string {
  const name = 'GRUB_CMDLINE_LINUX_DEFAULT';
  return `# This file is managed by sriov-network-operator do not edit.\n${name}="\${${name}:+$${name} }${words.join(' ')}"\n`;
}

async function done(kernel: Kernel, line: readonly string[]): Promise<string> {
  await tell(kernel, line);
  return line.join(' ');
}

function tell(kernel: Kernel, line: readonly string[]): Promise<string> {
  return run(kernel, line, { onHost: true, deadlineMs: DEADLINE_MS });
}

function wordsOf(text: string): string[] {
  return text.split(/\s+/).filter((word) => word !== '');
}
