import { type NodeStateSpec } from '@sriov/api';
import { type Kernel } from '@sriov/host';
import { parseMachineState, parseWorld, SimulatedKernel, type World } from '@sriov/host-sim';
import { systemClock } from '@sriov/runtime';
import { converge, type Converged } from '../converge.ts';
import { Journal } from '../journal/journal.ts';
import { hostPorts, MemoryFolder, PORTS, portrait, PowerCut, testSpec } from './test-host.ts';

/** A host of a kind, and the changes of its spec that tests carry out on it. */
export interface TestWorld {
  readonly world: World;
  readonly pfs: readonly string[];
  /** What happens, what was wanted before, one pass each, and what is wanted then. */
  readonly changes: readonly (readonly [what: string, before: readonly NodeStateSpec[], spec: NodeStateSpec])[];
}

/** What reaches the machine instead of what the daemon calls. */
export type Wrap = (kernel: Kernel) => Kernel;

/** A machine of a {@link TestWorld}, its state folder, and passes of daemons over it. */
export class WorldHost {
  readonly simulated: SimulatedKernel;
  readonly folder = new MemoryFolder();
  /** Writes that interrupt a VF, or all VFs of a PF: what was written, and where. */
  readonly resets: string[] = [];
  readonly #test: TestWorld;

  constructor(test: TestWorld, state?: string) {
    this.#test = test;
    const store = { load: () => parseMachineState(state ?? ''), save: () => undefined };
    const { world } = test;
    this.simulated = new SimulatedKernel({
      world,
      clock: systemClock,
      ...(state !== undefined && { stateFile: store }),
    });
    const write = this.simulated.write.bind(this.simulated);
    this.simulated.write = (path, value, options) => {
      if (RESETS.test(path)) this.resets.push(`${value} > ${path}`);
      return write(path, value, options);
    };
  }

  /** Another machine and folder that are now as these are. */
  copy(): WorldHost {
    const copy = new WorldHost(this.#test, JSON.stringify(this.simulated.state));
    for (const [name, text] of this.folder.files) copy.folder.files.set(name, text);
    return copy;
  }

  /** One pass of a daemon that was just started: cut off after so many changes, or with other answers to its calls. */
  pass(spec: NodeStateSpec, cut = new PowerCut(Infinity), wrap: Wrap = (kernel) => kernel): Promise<Converged> {
    const kernel = wrap(cut.kernel(this.simulated));
    const ports = {
      ...hostPorts({ kernel, journal: new Journal(cut.folder(this.folder)) }),
      udevFolder: cut.udevFolder(this.simulated.udevFolder),
    };
    const followers = { onPlan: () => Promise.resolve(), onStep: () => undefined };
    return converge(ports, { spec, plannedFrom: new Set(this.#test.pfs), allowHostInterfaces: false }, followers);
  }

  /** The PFs with their VFs. */
  get ports(): readonly { readonly address: string }[] {
    return portrait(this.simulated.state);
  }

  /** The machine and the state folder. What is owed to the device plugin tells the way, not the end. */
  get whole(): unknown {
    return [this.ports, [...this.folder.files].filter(([name]) => name !== 'device-plugin').sort()];
  }
}

/** `sriov_numvfs`, `unbind`, `bind`, and `drivers_probe`. */
const RESETS = /\/(sriov_numvfs|unbind|bind|drivers_probe)$/;

/** A host of the world that went through the specs. */
export async function hostAfter(test: TestWorld, specs: readonly NodeStateSpec[]): Promise<WorldHost> {
  const host = new WorldHost(test);
  for (const spec of specs) await host.pass(spec);
  host.resets.length = 0;
  return host;
}

const nic = (index: number, rest: object): object => ({
  address: PORTS[index],
  bridge: `0000:00:10.${index}`,
  name: `ens${index + 1}`,
  mac: `52:54:00:aa:00:${index + 1}0`,
  up: true,
  ...rest,
});
const worldOf = (...nics: object[]): World =>
  parseWorld({ latency: 'none', modules: ['igbvf', 'vfio-pci', 'mlx5_vdpa', 'vhost_vdpa'], nics });

/** Changes that any Ethernet port goes through. */
const ETHERNET: TestWorld['changes'] = [
  ['VFs are made', [], testSpec(4, 2)],
  ['VFs change their driver and MTU', [testSpec(4, 2, 1500)], testSpec(4, 1)],
  ['the number of VFs changes', [testSpec(4, 2)], testSpec(2, 1)],
  ['everything is given back', [testSpec(4, 2)], {}],
];

function infiniBandSpec(numVfs: number): NodeStateSpec {
  const vfGroups = [{ resourceName: 'r', policyName: 'p', deviceType: 'netdevice', vfRange: `0-${numVfs - 1}` }];
  return {
    interfaces: PORTS.map((pciAddress, index) => ({
      pciAddress,
      name: `ib${index}`,
      linkType: 'IB',
      numVfs,
      vfGroups,
    })),
  };
}

const infiniBand = (index: number): object =>
  nic(index, {
    ...{ model: 'mlx5', linkType: 'IB', name: `ib${index}` },
    mac: `00:00:10:29:fe:80:00:00:00:00:00:00:b8:59:9f:03:00:f9:8f:8${index + 6}`,
  });

/** Hosts on which a daemon may be killed, and on which any call may fail. */
export const WORLDS: Readonly<Record<string, TestWorld>> = {
  'two ports of igb': {
    world: worldOf(nic(0, { model: 'igb' }), nic(1, { model: 'igb' })),
    pfs: PORTS,
    changes: ETHERNET,
  },
  'two ports of mlx5': {
    world: worldOf(nic(0, { model: 'mlx5' }), nic(1, { model: 'mlx5' })),
    pfs: PORTS,
    changes: ETHERNET,
  },
  'two InfiniBand ports of mlx5': {
    world: worldOf(infiniBand(0), infiniBand(1)),
    pfs: PORTS,
    changes: [
      ['VFs are made', [], infiniBandSpec(2)],
      ['the number of VFs changes', [infiniBandSpec(2)], infiniBandSpec(3)],
      ['everything is given back', [infiniBandSpec(2)], {}],
    ],
  },
};
