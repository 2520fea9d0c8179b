import { CommandError, run } from '../kernel/commands.ts';
import { type Kernel, KernelBlockedError, KernelError } from '../kernel/kernel.ts';
import { listLinks } from './links.ts';
import { findRepresentors, readPorts } from './representors.ts';

/** What udevadm says, with exit code 0, when it takes itself to be in a chroot, where it does nothing. */
const IGNORED = /Running in chroot, ignoring/;

/**
 * Makes udevd read its rules again. It would do so by itself: at each event, unless it has looked for changed files
 * within the last 3 s.
 * @throws {CommandError} {@link KernelError}
 */
export async function reloadUdevRules(kernel: Kernel): Promise<void> {
  await udevadm(kernel, ['control', '--reload-rules']);
}

/** Longest wait for udev, in seconds: other devices may be ahead. */
const SETTLE_S = 30;

/**
 * Gives representors of VFs of a PF their names, by VF id. With `byUdev`, udev gives those that its rules have, after a
 * new event for interfaces that came before the rules did; whatever it does not give becomes an alternative name.
 * @throws {CommandError} {@link KernelError} when an interface gets neither
 */
export async function nameRepresentors(
  kernel: Kernel,
  pciAddress: string,
  { names, byUdev }: { readonly names: ReadonlyMap<number, string>; readonly byUdev: boolean },
): Promise<void> {
  if (byUdev) {
    // It may be about to name them.
    await orGoOn(() => settle(kernel));
    const unnamed = await findUnnamed(kernel, pciAddress, names);
    if (unnamed.size === 0) return;
    const paths = [...unnamed.keys()].map((name) => `/sys/class/net/${name}`);
    await orGoOn(async () => {
      // A daemon that ended right after it wrote the rules has not told udevd of them.
      await reloadUdevRules(kernel);
      await udevadm(kernel, ['trigger', '--action=add', ...paths]);
      await settle(kernel);
    });
  }
  for (const [present, name] of await findUnnamed(kernel, pciAddress, names)) {
    await run(kernel, ['ip', 'link', 'property', 'add', 'dev', present, 'altname', name]);
  }
}

function settle(kernel: Kernel): Promise<void> {
  return udevadm(kernel, ['settle', `--timeout=${SETTLE_S}`], (SETTLE_S + 10) * 1000);
}

/** What udev does not do, alternative names do. */
async function orGoOn(work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (error instanceof KernelBlockedError || !(error instanceof CommandError || error instanceof KernelError))
      throw error;
  }
}

/** Names that are still to be given, by the present name of the interface. */
async function findUnnamed(
  kernel: Kernel,
  pciAddress: string,
  names: ReadonlyMap<number, string>,
): Promise<ReadonlyMap<string, string>> {
  const [links, ports] = await Promise.all([listLinks(kernel), readPorts(kernel)]);
  const own = links.filter((link) => link.pciAddress === pciAddress);
  const altNames = new Map(links.map((link) => [link.name, link.altNames]));
  const unnamed = [...findRepresentors(pciAddress, own, ports)].flatMap(([id, present]) => {
    const name = names.get(id);
    const isNamed = name === undefined || name === present || altNames.get(present)?.includes(name) === true;
    return isNamed ? [] : [[present, name] as const];
  });
  return new Map(unnamed);
}

async function udevadm(kernel: Kernel, words: readonly string[], deadlineMs?: number): Promise<void> {
  const command = ['udevadm', ...words];
  const { exitCode, stderr } = await kernel.exec('udevadm', words, {
    onHost: true,
    ...(deadlineMs !== undefined && { deadlineMs }),
  });
  if (exitCode !== 0 || IGNORED.test(stderr)) throw new CommandError(command.join(' '), { exitCode, stderr });
}
