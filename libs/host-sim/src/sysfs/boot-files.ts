import { toldLine } from '../commands/boot.ts';
import { type Machine } from '../machine/machine.ts';
import { constant, type Entries, folder, type Folder } from '../tree.ts';

/** Programs by which kernel arguments are set, by name, where the machine has them. */
export function programFolder({ world }: Machine): Folder {
  const grub = { 'update-grub': PROGRAM, 'grub-mkconfig': constant(MKCONFIG, 0o755) };
  const programs: Readonly<Record<typeof world.bootLoader, Entries>> = {
    none: {},
    grub,
    ignored: grub,
    grubby: { grubby: PROGRAM },
    'rpm-ostree': { 'rpm-ostree': PROGRAM },
  };
  return folder(programs[world.bootLoader]);
}

const PROGRAM = constant('', 0o755);
/** The line of Debian's grub-mkconfig that reads files of others (debian/patches/default-grub-d.patch of grub2). */
const MKCONFIG = 'for x in ${sysconfdir}/default/grub.d/*.cfg ; do\n';

/** `/boot`: as 10_linux writes the first entry. */
export function bootFolder(machine: Machine): Folder {
  const { bootLoader, release } = machine.world;
  if (bootLoader !== 'grub' && bootLoader !== 'ignored') return folder({});
  const line = `\tlinux\t/boot/vmlinuz-${release} ${toldLine(machine)}\n`;
  return folder({ grub: folder({ 'grub.cfg': constant(`menuentry 'Debian GNU/Linux' {\n${line}}\n`) }) });
}
