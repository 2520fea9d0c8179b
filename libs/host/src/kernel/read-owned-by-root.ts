import { constants, type Stats } from 'node:fs';
import { open } from 'node:fs/promises';

/** Mode bits by which others than the owner may write. */
const WRITABLE_BY_OTHERS = 0o022;

/**
 * The content of a file that root alone can have written. What is judged is the open file, not its name, which others
 * may change meanwhile in a folder like `/tmp`.
 * @throws Error with `code` EPERM for any other file, ELOOP for a symbolic link, ENOENT when there is none
 */
export async function readOwnedByRoot(path: string): Promise<string> {
  // Not blocking: opening a pipe would wait for its writer.
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const problem = findDistrust(await file.stat());
    if (problem !== undefined) throw Object.assign(new Error(`EPERM: ${problem}`), { code: 'EPERM' });
    return await file.readFile('utf8');
  } finally {
    await file.close();
  }
}

/** Why the file may have been written by others than root; nothing when it cannot. */
export function findDistrust(stats: Pick<Stats, 'uid' | 'mode' | 'nlink'>): string | undefined {
  if ((stats.mode & constants.S_IFMT) !== constants.S_IFREG) return 'it is no regular file';
  if (stats.uid !== 0) return `user ${stats.uid} owns it, not root`;
  if ((stats.mode & WRITABLE_BY_OTHERS) !== 0) return 'others than root can write it';
  return stats.nlink === 1 ? undefined : 'it has other names';
}
