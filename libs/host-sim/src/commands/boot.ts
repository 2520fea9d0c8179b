import { commandLineOf } from '../machine/boot.ts';
import { type Machine } from '../machine/machine.ts';
import { writeNumVfs } from '../machine/vfs.ts';
import { type Command, type CommandResult, failed, printed } from './command.ts';
import { resetFirmware } from './mstconfig.ts';

/** Of shell files that set one variable anew, each adds its words (grub-mkconfig reads them in this order). */
const ADDED = /^GRUB_CMDLINE_LINUX_DEFAULT="\$\{GRUB_CMDLINE_LINUX_DEFAULT:\+\$GRUB_CMDLINE_LINUX_DEFAULT \}(.*)"$/m;

/** `update-grub` of Debian's grub2-common: it reads the files of `/etc/default/grub.d`, and writes `grub.cfg`. */
export const updateGrub: Command = {
  changes: () => true,
  run: ({ state, world }) => {
    if (world.bootLoader !== 'grub' && world.bootLoader !== 'ignored') return notFound('update-grub');
    const files = Object.entries(state.grubFiles ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
    const words = files.flatMap(([, text]) => ADDED.exec(text)?.[1]?.split(' ') ?? []);
    state.addedArguments = words;
    return { exitCode: 0, stdout: '', stderr: 'Generating grub configuration file ...\ndone\n' };
  },
};

/** `grubby` of RHEL, as far as the drivers use it. */
export const grubby: Command = {
  changes: (args) => args.some((word) => word.startsWith('--update-kernel')),
  run: (machine, args) => {
    if (machine.world.bootLoader !== 'grubby') return notFound('grubby');
    const words = args.find((word) => word.startsWith('--args='))?.slice('--args='.length);
    if (words !== undefined) add(machine, words.split(' '));
    return printed(words === undefined ? `index=0\nargs="${toldLine(machine)}"\n` : '');
  },
};

/** `rpm-ostree kargs`: prints the arguments of the pending deployment, or makes another one. */
export const rpmOstree: Command = {
  changes: (args) => args.length > 1,
  run: (machine, [, ...options]) => {
    if (machine.world.bootLoader !== 'rpm-ostree') return notFound('rpm-ostree');
    const words = options.flatMap((option) => /^--append-if-missing=(.*)$/.exec(option)?.[1] ?? []);
    add(machine, words);
    return printed(words.length === 0 ? `${toldLine(machine)}\n` : 'Kernel arguments updated.\n');
  },
};

/**
 * `systemd-run`, for a script that reboots the machine. It is down when its process is told so, see `reboot`; what the
 * script does before that is done at once.
 */
export const systemdRun: Command = {
  changes: () => true,
  run: async (machine, args) => {
    const { state } = machine;
    const unit = args.find((word) => word.startsWith('--unit='))?.slice('--unit='.length) ?? '';
    if (state.isGoingDown) {
      const text = `Unit ${unit}.service was already loaded or has a fragment file.`;
      return failed(1, `Failed to start transient service unit: ${text}`);
    }
    state.isGoingDown = true;
    await runLines(machine, args.at(-1) ?? '');
    return { exitCode: 0, stdout: '', stderr: `Running as unit: ${unit}.service\n` };
  },
};

/** The lines of the script that change something; the machine has all tools. One that fails does not stop the others. */
async function runLines(machine: Machine, script: string): Promise<void> {
  const lines = /echo 0 > \/sys\/bus\/pci\/devices\/(\S+)\/sriov_numvfs|mstfwreset -d (\S+) --skip_driver/g;
  for (const [, port, card] of script.matchAll(lines)) {
    if (port !== undefined) await writeNumVfs(machine, port, '0').catch(() => undefined);
    if (card !== undefined) resetFirmware(machine, card);
  }
}

function add({ state }: Machine, words: readonly string[]): void {
  const known = state.addedArguments ?? [];
  state.addedArguments = [...known, ...words.filter((word) => !known.includes(word))];
}

/** What the boot loader has been told, whether or not the machine boots by it. */
export function toldLine({ world, state }: Machine): string {
  return [commandLineOf(world, {}), ...(state.addedArguments ?? [])].join(' ');
}

function notFound(command: string): CommandResult {
  return failed(127, `chroot: failed to run command '${command}': No such file or directory`);
}
