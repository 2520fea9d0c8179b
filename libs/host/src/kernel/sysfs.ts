import { isErrno, type Kernel } from './kernel.ts';
import { NotUnderstoodError } from './understand.ts';

/** Root of PCI devices. */
export const PCI_DEVICES = '/sys/bus/pci/devices';
/** Root of PCI drivers. */
export const PCI_DRIVERS = '/sys/bus/pci/drivers';

/** Errnos of attributes that are not there, or not now. */
const ABSENT = ['ENOENT', 'ENODEV', 'EINVAL', 'ENOTSUP', 'EIO'];

/** Content of an attribute without its line feed; nothing when it does not exist or cannot be read now. */
export async function readAttribute(kernel: Kernel, path: string): Promise<string | undefined> {
  try {
    return (await kernel.read(path)).trim();
  } catch (error) {
    if (isErrno(error, ...ABSENT)) return undefined;
    throw error;
  }
}

/**
 * Content of an attribute without its line feed; nothing when it does not exist. One that exists and cannot be read is
 * something else: what it would say is unknown. @throws {KernelError}
 */
export async function readIfThere(kernel: Kernel, path: string): Promise<string | undefined> {
  try {
    return (await kernel.read(path)).trim();
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENODEV')) return undefined;
    throw error;
  }
}

/** Last part of a link's target; nothing when there is no such link. */
export async function readLinkName(kernel: Kernel, path: string): Promise<string | undefined> {
  try {
    return (await kernel.readlink(path)).split('/').at(-1);
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENODEV', 'EINVAL')) return undefined;
    throw error;
  }
}

/** Names in a directory; none when it does not exist. */
export async function listNames(kernel: Kernel, path: string): Promise<string[]> {
  try {
    return await kernel.list(path);
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENODEV', 'ENOTDIR')) return [];
    throw error;
  }
}

/**
 * A count as the kernel writes it: decimal digits. @param path where it was read, for the message
 * @throws {NotUnderstoodError} for anything else
 */
export function countOf(text: string, path: string): number {
  if (!/^\d{1,10}$/.test(text)) throw new NotUnderstoodError(path, `it has no number, but ${JSON.stringify(text)}`);
  return Number(text);
}
