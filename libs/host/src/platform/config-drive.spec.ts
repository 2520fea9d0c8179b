import { describe, expect, it } from '@jest/globals';
import { TestKernel } from '../test/test-kernel.ts';
import { findConfigDrive, MOST_BYTES, readConfigDrive } from './config-drive.ts';

const udev = (label: string): string => `S:disk/by-id/x\nE:ID_FS_TYPE=iso9660\nE:ID_FS_LABEL=${label}`;
const FILES = {
  '/sys/class/block/sda/dev': '8:0',
  '/sys/class/block/sr0/dev': '11:0',
  '/run/udev/data/b8:0': 'E:ID_FS_LABEL=root',
  '/run/udev/data/b11:0': udev('config-2'),
};
const DRIVE = { device: '/dev/sr0' };
const PATH = 'openstack/2018-08-27/network_data.json';
const SCRIPT = 'mount -n -o ro,nosuid,nodev,noexec "$1" /mnt && exec head -c 1048577 "/mnt/$2"';
const COMMAND = `unshare --mount sh -c ${SCRIPT} sh /dev/sr0 ${PATH}`;

describe('the config drive', () => {
  it.each<[string, Record<string, string>, unknown]>([
    ['is the disk with its label', FILES, DRIVE],
    ['has its label in upper case where it is vfat', { ...FILES, '/run/udev/data/b11:0': udev('CONFIG-2') }, DRIVE],
    ['is none of the other disks', { ...FILES, '/run/udev/data/b11:0': udev('config-22') }, undefined],
    ['is not there on a host without udev', { '/sys/class/block/sr0/dev': '11:0' }, undefined],
    ['is not there on a host without disks', {}, undefined],
    [
      'is mounted where the host says so',
      {
        ...FILES,
        '/proc/1/mountinfo': '36 25 11:0 / /mnt/config\\040drive ro,relatime shared:1 - iso9660 /dev/sr0 ro',
      },
      { ...DRIVE, mountPoint: '/mnt/config drive' },
    ],
    [
      'is not mounted because another disk is',
      { ...FILES, '/proc/1/mountinfo': '25 1 8:0 / / rw shared:1 - ext4 /dev/sda rw\n' },
      DRIVE,
    ],
  ])('%s', async (_, files, expected) => {
    expect(await findConfigDrive(new TestKernel({ files }))).toEqual(expected);
  });

  it('is mounted for one command alone, which has its time', async () => {
    const kernel = new TestKernel({ commands: { [COMMAND]: '{"links":[]}' } });
    expect(await readConfigDrive(kernel, DRIVE, PATH)).toBe('{"links":[]}');
    expect(kernel.deadlines.get(COMMAND)).toBe(5_000);
  });

  it('is read where the host has it mounted', async () => {
    const kernel = new TestKernel({ files: { [`/mnt/c/${PATH}`]: '{}' } });
    expect(await readConfigDrive(kernel, { ...DRIVE, mountPoint: '/mnt/c' }, PATH)).toBe('{}\n');
    expect(kernel.done).toEqual([]);
  });

  it('is mounted for itself where the mount of the host is not seen', async () => {
    const kernel = new TestKernel({ commands: { [COMMAND]: '{}' } });
    expect(await readConfigDrive(kernel, { ...DRIVE, mountPoint: '/mnt/c' }, PATH)).toBe('{}');
  });

  it.each<[string, string, RegExp]>([
    ['its file is too large', 'a'.repeat(MOST_BYTES + 1), /network_data\.json is larger than 1048576 bytes/],
    ['it cannot be mounted', '!mount: /mnt: wrong fs type', /wrong fs type/],
    ['the host has no such command', '[ENOENT]', /ENOENT/],
  ])('is not read when %s', async (_, output, message) => {
    const kernel = new TestKernel({ commands: { [COMMAND]: output } });
    await expect(readConfigDrive(kernel, DRIVE, PATH)).rejects.toThrow(message);
  });
});
