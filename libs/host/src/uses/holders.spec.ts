import { describe, expect, it } from '@jest/globals';
import { TestKernel } from '../test/test-kernel.ts';
import { findHolders } from './holders.ts';

const holdersOf = async (files: Record<string, string>): Promise<[string[], string | undefined]> => {
  const { byFile, unknown } = await findHolders(new TestKernel({ files }));
  return [[...byFile].map(([file, { pid, command }]) => `${file}: ${pid} ${command}`), unknown];
};
const open = (...targets: string[]): Record<string, string> => ({
  '/proc/7/comm': 'qemu-kvm',
  '/proc/7/stat': '7',
  ...Object.fromEntries(targets.map((target, fd) => [`/proc/7/fd/${fd}`, `->${target}`])),
});

describe('the device files that processes have open', () => {
  it.each([
    ['/dev/vfio/21', '21'],
    ['/dev/vfio/noiommu-21', '21'],
    ['/dev/vfio/21 (deleted)', '21'],
    ['/dev/vfio/devices/vfio3', 'vfio3'],
    ['/dev/vhost-vdpa-0', 'vhost-vdpa-0'],
    ['/dev/infiniband/uverbs2', 'uverbs2'],
    ['/dev/infiniband/umad0', 'umad0'],
    ['/dev/infiniband/issm1', 'issm1'],
    ['/dev/uio3', 'uio3'],
  ])('have the name of %s in /dev, or the number of its group', async (path, file) => {
    expect(await holdersOf(open(path))).toEqual([[`${file}: 7 qemu-kvm`], undefined]);
  });

  it.each([
    '/dev/vfio/vfio',
    '/host/dev/vfio/21',
    '/dev/vfio/21x',
    '/dev/infiniband/rdma_cm',
    '/dev/null',
    'socket:[5]',
  ])('are not %s', async (path) => {
    expect(await holdersOf(open(path))).toEqual([[], undefined]);
  });

  it('are all those of a process', async () => {
    expect(await holdersOf(open('/dev/vfio/1', '/dev/null', '/dev/uio2'))).toEqual([
      ['1: 7 qemu-kvm', 'uio2: 7 qemu-kvm'],
      undefined,
    ]);
  });

  it('are told without the name of the process where that cannot be read', async () => {
    expect(await holdersOf({ ...open('/dev/uio2'), '/proc/7/comm': '[EACCES]' })).toEqual([['uio2: 7 '], undefined]);
  });
});

describe('a process', () => {
  const other = open('/dev/uio2');
  it.each<[string, Record<string, string>, string | undefined]>([
    ['that has ended in the meantime hides nothing', { '/proc/8/fd': '[ENOENT]' }, undefined],
    ['that is just ending hides nothing', { '/proc/8/fd': '[ESRCH]' }, undefined],
    ['that has closed a file in the meantime hides nothing', { '/proc/8/fd/0': '[ENOENT]' }, undefined],
    [
      'that cannot be looked into may have anything open',
      { '/proc/8/fd': '[EACCES]' },
      'the open files of processes cannot be read (process 8: EACCES)',
    ],
    [
      'is named for others that cannot be looked into either',
      { '/proc/8/fd': '[EACCES]', '/proc/9/fd': '[EPERM]', '/proc/10/fd': '[EPERM]' },
      'the open files of processes cannot be read (process 10: EPERM, and 2 more)',
    ],
    [
      'of a container with processes of its own is the only one that is seen',
      { '/proc/self': '->1' },
      'the processes of the host cannot be seen: the daemon needs hostPID',
    ],
  ])('%s', async (_, files, unknown) => {
    const [found, why] = await holdersOf({ ...other, ...files });
    expect(why).toBe(unknown);
    expect(found).toEqual('/proc/self' in files ? [] : ['uio2: 7 qemu-kvm']);
  });

  it.each([
    ['cannot be listed', { '/proc': '[EACCES]' }, 'the processes of the host cannot be listed (EACCES)'],
    ['are none', { '/proc/cmdline': '', '/proc/self': '->12' }, '/proc lists no process'],
  ])('may hold anything where processes %s', async (_, files, unknown) => {
    expect(await holdersOf(files)).toEqual([[], unknown]);
  });
});
