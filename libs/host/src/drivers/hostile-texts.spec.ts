import { describe, it, jest } from '@jest/globals';
import { corpus, survives } from '@sriov/testing/survives';
import { CommandError } from '../kernel/commands.ts';
import { KernelError } from '../kernel/kernel.ts';
import { NotUnderstoodError } from '../kernel/understand.ts';
import { TestKernel } from '../test/test-kernel.ts';
import { readBoot } from './boot.ts';
import { readBootLoader } from './boot-loader.ts';
import { listDevlinkPorts, readESwitchMode, readESwitches } from './devlink.ts';
import { readFirmware } from './firmware.ts';
import { readFlowSteering, readTcOffload } from './offload.ts';
import { listLinks } from './links.ts';
import { ModuleError, loadModule } from './modules.ts';
import { readRdmaConfig } from './rdma-mode.ts';
import { listVdpaDevices } from './vdpa.ts';
import { readVfInfos } from './vf-info.ts';

jest.setTimeout(180_000);

const NIC = 'pci/0000:5e:00.0';
const errors = [NotUnderstoodError, CommandError, KernelError];

/** A host on which a command prints this. */
const printing = (command: string, output: string): TestKernel => new TestKernel({ commands: { [command]: output } });

describe('whatever a tool prints, we say what we understand, or that we do not', () => {
  it.each<[string, string, (kernel: TestKernel) => Promise<unknown>]>([
    ['ip -j -d link show', 'ip-link', listLinks],
    ['ip -j -d link show dev ens1', 'ip-link', (kernel) => readVfInfos(kernel, 'ens1')],
    ['devlink -j dev show', 'devlink-dev', readESwitches],
    [`devlink -j dev eswitch show ${NIC}`, 'devlink-eswitch', (kernel) => readESwitchMode(kernel, NIC)],
    ['devlink -j port show', 'devlink-port', listDevlinkPorts],
    [
      `devlink -j dev param show ${NIC} name flow_steering_mode`,
      'devlink-param',
      (kernel) => readFlowSteering(kernel, NIC),
    ],
    ['ethtool --json -k ens1', 'ethtool-features', (kernel) => readTcOffload(kernel, 'ens1')],
    ['vdpa -j dev show', 'vdpa-dev', listVdpaDevices],
    ['mstconfig -e -d 0000:5e:00.0 q', 'mstconfig', (kernel) => readFirmware(kernel, '0000:5e:00.0')],
  ])('%s', async (command, prefix, read) => {
    await survives(({ text }) => read(printing(command, text)), {
      samples: corpus(import.meta.dirname, prefix),
      errors,
    });
  });
});

describe('whatever a file of the host says about its boot', () => {
  const GRUB = { write: () => Promise.resolve(), findRefusal: () => Promise.resolve(undefined) };
  const grubby = { files: { '/usr/sbin/grubby': '' } };
  const ostree = { files: { '/run/ostree-booted': '', '/usr/bin/rpm-ostree': '' } };
  const grub = { '/usr/sbin/grub-mkconfig': 'for x in /etc/default/grub.d/*.cfg' };
  const BOOT = { '/proc/sys/kernel/random/boot_id': '1', '/proc/cmdline': 'quiet', '/proc/cpuinfo': '' };

  it.each<[string, string, (text: string) => Promise<unknown>]>([
    [
      'grubby',
      'grubby',
      (text) => readBootLoader(new TestKernel({ ...grubby, commands: { 'grubby --info=DEFAULT': text } }), GRUB),
    ],
    [
      'rpm-ostree',
      'ostree-kargs',
      (text) => readBootLoader(new TestKernel({ ...ostree, commands: { 'rpm-ostree kargs': text } }), GRUB),
    ],
    [
      'grub.cfg',
      'grub-cfg',
      (text) => readBootLoader(new TestKernel({ files: { ...grub, '/boot/grub/grub.cfg': text } }), GRUB),
    ],
    ['the command line', 'cmdline', (text) => readBoot(new TestKernel({ files: { ...BOOT, '/proc/cmdline': text } }))],
    ['the processors', 'cpuinfo', (text) => readBoot(new TestKernel({ files: { ...BOOT, '/proc/cpuinfo': text } }))],
    [
      'the RDMA mode, in a file for modprobe',
      'rdma-modprobe',
      (text) => readRdmaConfig(new TestKernel({ files: { '/etc/modprobe.d/x.conf': text } }), 'all'),
    ],
    [
      'the RDMA mode, on the command line',
      'cmdline',
      (text) => readRdmaConfig(new TestKernel({ files: { '/proc/cmdline': text } }), 'all'),
    ],
  ])('%s, we say what we understand', async (_, prefix, read) => {
    await survives(({ text }) => read(text), { samples: corpus(import.meta.dirname, prefix), errors });
  });
});

describe('whatever a file of the host says about modules', () => {
  const hostWith = (path: string, text: string): TestKernel =>
    new TestKernel({
      files: { '/proc/sys/kernel/osrelease': '6.1.0', [path]: text },
      commands: { 'modprobe vfio-pci': path.startsWith('/etc') ? '!no' : '' },
    });

  it.each([
    ['/etc/modprobe.d/x.conf', 'modprobe-conf'],
    ['/proc/cmdline', 'cmdline'],
    ['/lib/modules/6.1.0/modules.builtin', 'modules-builtin'],
    ['/proc/sys/kernel/osrelease', 'modules-builtin'],
  ])('in %s, a module that cannot be loaded is an error that says so', async (path, prefix) => {
    await survives(({ text }) => loadModule(hostWith(path, text), 'vfio-pci'), {
      samples: corpus(import.meta.dirname, prefix),
      errors: [...errors, ModuleError],
    });
  });
});
