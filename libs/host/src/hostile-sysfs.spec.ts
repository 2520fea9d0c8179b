import { describe, it, jest } from '@jest/globals';
import { corpus, survives } from '@sriov/testing/survives';
import { observeDevices } from './devices/observe-devices.ts';
import { CommandError } from './kernel/commands.ts';
import { KernelError } from './kernel/kernel.ts';
import { NotUnderstoodError } from './kernel/understand.ts';
import { lookCloser, lookForLateVfs, lookForOverrides, observeHost } from './observe.ts';
import { findConfigDrive } from './platform/config-drive.ts';
import { readDmi } from './platform/dmi.ts';
import { TestKernel } from './test/test-kernel.ts';
import { busyHost, PF, UDEV_FOLDER_OF_NOBODY } from './test/busy-host.ts';

jest.setTimeout(300_000);

const errors = [NotUnderstoodError, CommandError, KernelError];
const SCOPE = {
  rdmaConfig: 'all',
  offloading: new Set([PF]),
  udev: { folder: UDEV_FOLDER_OF_NOBODY, isOurs: () => true },
} as const;

/** Whatever tells of devices: files, and targets of links. */
const FACTS = [...busyHost().files.keys()].filter((path) => /^\/(sys|proc|dev)\//.test(path));

/** A host one of whose files, or links, says this; which one the length decides, so that each has its turn. */
function spoilt(text: string): TestKernel {
  const kernel = busyHost();
  const path = FACTS[text.length % FACTS.length] ?? '';
  kernel.files.set(path, kernel.files.get(path)?.startsWith('->') === true ? `->${text}` : text);
  return kernel;
}

describe('whatever a file or link of the kernel says, we say what we understand, or of which device we do not', () => {
  it.each<[string, (kernel: TestKernel) => Promise<unknown>]>([
    ['a look at the host', (kernel) => observeHost(kernel, SCOPE)],
    ['a close look', (kernel) => lookCloser(kernel, [PF])],
    ['a look for late VFs', async (kernel) => lookForLateVfs(kernel, [PF], await observeHost(busyHost()))],
    ['a look for overrides', async (kernel) => lookForOverrides(kernel, new Set([PF]), await observeHost(kernel))],
    ['a look of the device plugin', observeDevices],
  ])('in %s', async (_, look) => {
    const samples = corpus(import.meta.dirname, 'sysfs');
    await survives(({ text }) => look(spoilt(text)), { samples, errors });
  });
});

describe('whatever the host says of the machine that it is, we say what we understand', () => {
  const DRIVE = {
    '/sys/class/block/sr0/dev': '11:0',
    '/run/udev/data/b11:0': 'E:ID_FS_LABEL=config-2',
    '/proc/1/mountinfo': '',
  };

  it.each<[string, string, (text: string) => Promise<unknown>]>([
    [
      'in the list of mounts',
      'mountinfo',
      (text) => findConfigDrive(new TestKernel({ files: { ...DRIVE, '/proc/1/mountinfo': text } })),
    ],
    [
      'in the database of udev',
      'udev-data',
      (text) => findConfigDrive(new TestKernel({ files: { ...DRIVE, '/run/udev/data/b11:0': text } })),
    ],
    [
      'in the tables of the firmware',
      'sysfs-null',
      (text) => readDmi(new TestKernel({ files: { '/sys/class/dmi/id/sys_vendor': text } })),
    ],
  ])('%s', async (_, prefix, read) => {
    await survives(({ text }) => read(text), { samples: corpus(import.meta.dirname, prefix), errors });
  });
});
