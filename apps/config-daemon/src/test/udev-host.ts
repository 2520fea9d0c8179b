import { type DesiredInterface, type NodeStateSpec } from '@sriov/api';
import { parseWorld, SimulatedKernel, type World } from '@sriov/host-sim';
import { type HostPlan } from '@sriov/node-plan';
import { systemClock } from '@sriov/runtime';
import { converge, type Converged } from '../converge.ts';
import { Journal } from '../journal/journal.ts';
import { hostPorts, MemoryFolder } from './test-host.ts';

/** PCI address of the port, `ens1`. */
export const PORT = '0000:01:00.0';

/** A simulated host with one port, whose files of udev the daemon writes. */
export class UdevHost {
  readonly kernel: SimulatedKernel;
  readonly folder = new MemoryFolder();
  /** Commands of udevadm that the daemon has run. */
  readonly commands: string[] = [];
  /** What people were told, each time. */
  readonly warnings: string[] = [];

  constructor(world: Partial<World> = {}, model: World['nics'][number]['model'] = 'igb') {
    const nics = [{ model, address: PORT, name: 'ens1', mac: '52:54:00:aa:00:10', up: true }];
    const parsed = parseWorld({ latency: 'none', modules: ['igbvf'], nics, ...world });
    this.kernel = new SimulatedKernel({ world: parsed, clock: systemClock });
    const exec = this.kernel.exec.bind(this.kernel);
    this.kernel.exec = (command, args, options) => {
      if (command === 'udevadm') this.commands.push(args.join(' '));
      return exec(command, args, options);
    };
  }

  /** One pass of a daemon that was just started. */
  pass(spec: NodeStateSpec, onPlan: (plan: HostPlan) => void = () => undefined): Promise<Converged> {
    const { kernel } = this;
    const ports = hostPorts({ kernel, journal: new Journal(this.folder) });
    const tell = (plan: HostPlan): Promise<void> => {
      onPlan(plan);
      return Promise.resolve();
    };
    const followers = { onPlan: tell, onStep: () => undefined };
    const others = (spec.interfaces ?? []).map(({ pciAddress }) => pciAddress);
    const wanted = { spec, plannedFrom: new Set([PORT, ...others]), allowHostInterfaces: false };
    const onWarnings = (_: unknown, sentences: readonly string[]): unknown => this.warnings.push(...sentences);
    return converge({ ...ports, udevFolder: kernel.udevFolder, onWarnings }, wanted, followers);
  }

  /** The rules files that are there, and the modes of all files. */
  get files(): Record<string, string> {
    const { files = {} } = this.kernel.state.udev ?? {};
    return Object.fromEntries(Object.entries(files).map(([path, { mode }]) => [path, mode.toString(8)]));
  }

  /** Interfaces of VFs that are up, by name. */
  get upVfs(): string[] {
    const { links, devices } = this.kernel.state;
    return Object.entries(links).flatMap(([name, { up, device }]) => (up && devices[device]?.vf ? [name] : []));
  }
}

/** A spec with so many netdevice VFs for the port. */
export function vfSpec(numVfs: number, change: Partial<DesiredInterface> = {}): NodeStateSpec {
  const vfGroups = [{ resourceName: 'k', policyName: 'k', deviceType: 'netdevice', vfRange: `0-${numVfs - 1}` }];
  return { interfaces: [{ pciAddress: PORT, name: 'ens1', numVfs, vfGroups, ...change }] };
}
