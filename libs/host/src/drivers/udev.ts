import { CommandError } from '../kernel/commands.ts';
import { type Kernel } from '../kernel/kernel.ts';

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

async function udevadm(kernel: Kernel, words: readonly string[]): Promise<void> {
  const command = ['udevadm', ...words];
  const { exitCode, stderr } = await kernel.exec('udevadm', words, { onHost: true });
  if (exitCode !== 0 || IGNORED.test(stderr)) throw new CommandError(command.join(' '), { exitCode, stderr });
}
