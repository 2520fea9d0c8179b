import { type NodeStateSpec } from '@sriov/api';
import { type Kernel } from '@sriov/host';
import { type MachineState, SimulatedKernel, type World } from '@sriov/host-sim';
import { systemClock } from '@sriov/runtime';
import { type TestOvs } from '@sriov/testing/ovs';
import { converge, type Converged } from '../converge.ts';
import { type HostPorts } from '../gather.ts';
import { Journal } from '../journal/journal.ts';
import { GuestPlatform } from '../platform/guest-platform.ts';
import { clearOvs, describeOvs, withOvs } from './bridged-host.ts';
import { platformPorts } from './test-guest.ts';
import { hostPorts, MemoryFolder, portrait, PowerCut, ReadOnlyFolder } from './test-host.ts';
import { watchTouchedVfs } from './touched-vfs.ts';

/** What happens, what was wanted before, one pass each, and what is wanted then. */
export type Change = readonly [what: string, before: readonly NodeStateSpec[], spec: NodeStateSpec];

/** A host of a kind, and the changes of its spec that tests carry out on it. */
export interface TestWorld {
  readonly world: World;
  readonly pfs: readonly string[];
  /** What somebody has done to the machine before the daemon came. */
  readonly prepare?: (kernel: Kernel) => Promise<unknown>;
  /** The daemon manages the bridges of Open vSwitch. */
  readonly hasBridges?: true;
  /** The machine is a virtual one, and its platform tells of its ports. */
  readonly isGuest?: true;
  readonly changes: readonly Change[];
}

/** What reaches the machine instead of what the daemon calls. */
export type Wrap = (kernel: Kernel) => Kernel;

/** What a pass works with, unless it is the machine itself. */
export interface PassOptions {
  /** The daemon is cut off after so many changes. */
  readonly cut?: PowerCut;
  /** Other answers to its calls. */
  readonly wrap?: Wrap;
  /** Nobody may write its state folder. */
  readonly isReadOnly?: boolean;
}

/** All that a daemon leaves behind; only the files of udev are looked at by themselves. */
type Whole = Readonly<Record<string, unknown>> & { readonly udev: readonly (readonly [path: string, file: object])[] };

/** A machine of a {@link TestWorld}, its state folder, and passes of daemons over it. */
export class WorldHost {
  readonly simulated: SimulatedKernel;
  readonly folder = new MemoryFolder();
  /** What interrupts a VF, or all VFs of a PF: what was written, and where, or the command. */
  readonly resets: string[] = [];
  /** What was done to VFs that the kubelet could have given to a pod. */
  readonly wrong: readonly string[];
  readonly #test: TestWorld;
  readonly #ovs: TestOvs | undefined;

  /**
   * @param ovs the Open vSwitch of a world with bridges
   * @param state what the machine is like, unless it has just booted
   */
  constructor(test: TestWorld, ovs?: TestOvs, state?: MachineState) {
    this.#test = test;
    this.#ovs = test.hasBridges && ovs;
    const stateFile = state && { stateFile: { load: () => structuredClone(state), save: () => undefined } };
    this.simulated = new SimulatedKernel({ world: test.world, clock: systemClock, ...stateFile });
    this.wrong = watchTouchedVfs(this.simulated);
    followResets(this.simulated, this.resets);
  }

  /** One pass of a daemon that was just started. */
  pass(
    spec: NodeStateSpec,
    { cut = new PowerCut(Infinity), wrap = (kernel) => kernel, isReadOnly = false }: PassOptions = {},
  ): Promise<Converged> {
    const { simulated, folder } = this;
    const machine = this.#ovs === undefined ? simulated : withOvs(simulated, this.#ovs);
    const kernel = wrap(cut.kernel(machine));
    const journal = new Journal(cut.folder(isReadOnly ? new ReadOnlyFolder(folder) : folder));
    const modprobeFolder = cut.modprobeFolder(simulated.modprobeFolder);
    const ports: HostPorts = {
      ...hostPorts({ kernel, journal, folder: cut.handoverFolder(simulated.handoverFolder), modprobeFolder }),
      udevFolder: cut.udevFolder(simulated.udevFolder),
      managesBridges: this.#test.hasBridges === true,
      ...(this.#test.isGuest && {
        platform: new GuestPlatform(platformPorts({ kernel: simulated, clock: systemClock }, { kernel })),
      }),
    };
    const followers = { onPlan: () => Promise.resolve(), onStep: () => undefined };
    return converge(ports, { spec, plannedFrom: new Set(this.#test.pfs), allowHostInterfaces: false }, followers);
  }

  /** The PFs with their VFs. */
  get ports(): readonly { readonly address: string }[] {
    return portrait(this.simulated.state);
  }

  /** A port with all that hangs on it, as the machine and Open vSwitch have them. */
  async portOf(address: string): Promise<unknown> {
    const { devices, links, vdpa = {} } = this.simulated.state;
    const own = (each: string): boolean => each === address || devices[each]?.vf?.pf === address;
    return {
      port: this.ports.find((port) => port.address === address),
      ...describeDevices({ devices, links, vdpa }, own),
      bridges: this.#ovs && (await describeOvs(this.#ovs)).filter((row) => row.includes(address.replaceAll(':', '_'))),
    };
  }

  /** The machine and the state folder. What is owed to the device plugin tells the way, not the end. */
  async whole(): Promise<Whole> {
    const { devices, links, vdpa = {}, udev, modprobeFiles } = this.simulated.state;
    return {
      ports: this.ports,
      ...describeDevices({ devices, links, vdpa }, () => true),
      offered: [...this.simulated.plugin.allocatable].sort(),
      udev: Object.entries(udev?.files ?? {}).sort(([a], [b]) => (a < b ? -1 : 1)),
      modprobeFiles,
      ovs: this.#ovs && (await describeOvs(this.#ovs)),
      folder: [...this.folder.files].filter(([name]) => name !== 'device-plugin').sort(),
    };
  }
}

/** Notes what interrupts VFs: binding, another number of them, another mode of their PF, and the end of a vDPA device. */
function followResets(kernel: SimulatedKernel, resets: string[]): void {
  const write = kernel.write.bind(kernel);
  const exec = kernel.exec.bind(kernel);
  kernel.write = (path, value, options) => {
    if (/\/(sriov_numvfs|unbind|bind|drivers_probe)$/.test(path)) resets.push(`${value} > ${path}`);
    return write(path, value, options);
  };
  kernel.exec = (command, args, options) => {
    const line = [command, ...args].join(' ');
    if (/^devlink dev eswitch set |^vdpa dev del /.test(line)) resets.push(line);
    return exec(command, args, options);
  };
}

/** The kernel gives out eth0 and so on in the order in which interfaces come. */
const named = (name: string): string => name.replace(/^eth\d+$/, 'eth');

function describeDevices(
  { devices, links, vdpa = {} }: Pick<MachineState, 'devices' | 'links' | 'vdpa'>,
  isMeant: (address: string) => boolean,
): object {
  const meant = Object.entries(devices)
    .filter(([address]) => isMeant(address))
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return {
    drivers: meant.map(([address, { driver, override, pf }]) => [
      address,
      driver,
      override,
      pf?.eSwitchMode,
      pf?.tcOffload,
      pf?.flowSteering,
    ]),
    links: Object.entries(links)
      .filter(([, { device }]) => isMeant(device))
      .map(([name, { device, altNames, up, master, mtu }]) => [named(name), device, ...altNames, up, master, mtu])
      .sort(),
    vdpa: Object.entries(vdpa)
      .filter(([, { parent }]) => isMeant(parent))
      .map(([name, { parent, driver, maxVqs }]) => [name, parent, driver, maxVqs])
      .sort(),
  };
}

/** A host of the world that went through the specs. */
export async function hostAfter(test: TestWorld, specs: readonly NodeStateSpec[], ovs?: TestOvs): Promise<WorldHost> {
  if (test.hasBridges && ovs !== undefined) await clearOvs(ovs);
  const host = new WorldHost(test, ovs);
  await test.prepare?.(host.simulated);
  for (const spec of specs) await host.pass(spec);
  host.resets.length = 0;
  return host;
}

/** Makes as many hosts of the world that went through the specs as are asked for: where Open vSwitch has no part in it, copies of one. */
export async function hostsAfter(
  test: TestWorld,
  specs: readonly NodeStateSpec[],
  ovs?: TestOvs,
): Promise<() => Promise<WorldHost>> {
  if (test.hasBridges) return () => hostAfter(test, specs, ovs);
  const { simulated, folder } = await hostAfter(test, specs);
  const [state, files] = [structuredClone(simulated.state), [...folder.files]];
  return () => {
    const host = new WorldHost(test, undefined, state);
    for (const [name, content] of files) host.folder.files.set(name, content);
    return Promise.resolve(host);
  };
}
