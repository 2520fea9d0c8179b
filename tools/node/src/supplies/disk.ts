import { type GuestTools } from '@sriov/vm';

/** In MiB. The image is sparse: it takes what is in it. */
const SIZE = 2048;

/**
 * Says how to make the image of a disk with an ext4 file system that has the content of a folder. The file system has
 * a journal, so that it can be mounted after the power was cut.
 */
export function diskOf(folder: string, tools: GuestTools): (path: string) => Promise<void> {
  return async (path) => {
    const options = ['-E', 'lazy_itable_init=1,lazy_journal_init=1,root_owner=0:0', '-J', 'size=16'];
    await tools.run('mke2fs', ['-q', '-t', 'ext4', ...options, '-d', folder, path, `${SIZE}M`]);
  };
}
