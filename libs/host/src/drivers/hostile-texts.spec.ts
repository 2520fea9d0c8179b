import { describe, it } from '@jest/globals';
import { corpus, survives } from '@sriov/testing/survives';
import { CommandError } from '../kernel/commands.ts';
import { KernelError } from '../kernel/kernel.ts';
import { NotUnderstoodError } from '../kernel/understand.ts';
import { TestKernel } from '../test/test-kernel.ts';
import { listDevlinkPorts, readESwitchMode, readESwitches } from './devlink.ts';
import { readFirmware } from './firmware.ts';
import { readFlowSteering, readTcOffload } from './offload.ts';
import { listLinks } from './links.ts';
import { ModuleError, loadModule } from './modules.ts';
import { listVdpaDevices } from './vdpa.ts';
import { readVfInfos } from './vf-info.ts';

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

describe('whatever a file of the host says about modules', () => {
  const hostWith = (path: string, text: string): TestKernel =>
    new TestKernel({ files: { [path]: text }, commands: { 'modprobe vfio-pci': '!no' } });

  it.each([
    ['/etc/modprobe.d/x.conf', 'modprobe-conf'],
    ['/proc/cmdline', 'cmdline'],
  ])('in %s, a module that cannot be loaded is an error that says so', async (path, prefix) => {
    await survives(({ text }) => loadModule(hostWith(path, text), 'vfio-pci'), {
      samples: corpus(import.meta.dirname, prefix),
      errors: [...errors, ModuleError],
    });
  });
});
