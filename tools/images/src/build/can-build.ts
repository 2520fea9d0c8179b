import { CannotRunError, runCommand } from '@sriov/control-plane';
import { messageOf } from '@sriov/errors';

/** @throws {CannotRunError} on a machine where nobody can build and start images: it takes root, and the right to mount */
export async function demandCanBuild(): Promise<void> {
  if (process.getuid?.() !== 0) throw new CannotRunError('only root can build images');
  // In a namespace of its own, which ends with the command.
  await runCommand('unshare', ['--mount', '--', 'mount', '-t', 'tmpfs', 'tmpfs', '/tmp']).catch((cause: unknown) => {
    throw new CannotRunError(`images cannot be built where root may not mount: ${messageOf(cause)}`, { cause });
  });
}
