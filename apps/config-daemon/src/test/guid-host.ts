import { NO_GUID, type NodeStateSpec, type NodeStateStatus } from '@sriov/api';
import { type MachineState, parseWorld, SimulatedKernel } from '@sriov/host-sim';
import { systemClock } from '@sriov/runtime';
import { nextStatus, verdictOf } from '@sriov/node-plan';
import { converge } from '../converge.ts';
import { Journal } from '../journal/journal.ts';
import { hostPorts, MemoryFolder, PORTS, PowerCut } from './test-host.ts';

/** GUIDs of the ports of a {@link GuidHost}. */
const PORT_GUIDS = ['b8:59:9f:03:00:f9:8f:86', 'b8:59:9f:03:00:f9:8f:87'];

/** The GUID with this number. */
export function guid(number: number): string {
  return `02:00:00:00:00:00:00:${number.toString(16).padStart(2, '0')}`;
}

/** A host with two InfiniBand ports, `ib0` and `ib1`, its state folder, and passes of daemons over it. */
export class GuidHost {
  kernel = boot();
  readonly folder: MemoryFolder;
  /** VFs whose driver was unbound, in order. */
  readonly unbound: string[] = [];
  readonly warnings: string[] = [];
  /** What the last pass has reported. */
  status: NodeStateStatus = {};
  /** Happens between a plan and its first step. */
  onPlan: () => void = () => undefined;

  constructor(folder = new MemoryFolder()) {
    this.folder = folder;
    this.#watch();
  }

  /** The machine starts again: what is not on its disk is gone. */
  reboot(): void {
    this.kernel = boot();
    this.#watch();
  }

  /** Writes the GUID file: GUIDs of the VFs of each port by their numbers. */
  putFile(...ports: readonly (readonly number[])[]): void {
    const entries = ports.map((numbers, index) => ({ pciAddress: PORTS[index], guids: numbers.map(guid) }));
    this.folder.files.set('infiniband/guids', JSON.stringify(entries));
  }

  /** One pass of a daemon that was just started; resolves with the reason and the message. */
  async pass(numVfs = 2, cut = new PowerCut(Infinity)): Promise<string> {
    const vfGroups = [{ resourceName: 'r', policyName: 'p', deviceType: 'netdevice', vfRange: `0-${numVfs - 1}` }];
    const spec: NodeStateSpec = {
      interfaces: PORTS.map((pciAddress, index) => ({
        pciAddress,
        name: `ib${index}`,
        linkType: 'IB',
        numVfs,
        vfGroups,
      })),
    };
    const ports = {
      ...hostPorts({ kernel: cut.kernel(this.kernel), journal: new Journal(cut.folder(this.folder)) }),
      onWarnings: (_: unknown, sentences: readonly string[]) => void this.warnings.push(...sentences),
    };
    const onPlan = (): Promise<void> => {
      this.onPlan();
      return Promise.resolve();
    };
    const followers = { onPlan, onStep: () => undefined };
    const wanted = { spec, plannedFrom: new Set(PORTS), allowHostInterfaces: false };
    const converged = await converge(ports, wanted, followers);
    const verdict = verdictOf(converged);
    const state = { metadata: { name: 'n', generation: 1 }, spec };
    this.status = nextStatus(state, { observed: converged.observed, verdict }, 0).status;
    const { reason, message } = verdict;
    return `${reason}: ${message}`;
  }

  /** PCI addresses of all VFs. */
  get vfs(): string[] {
    return PORTS.flatMap((pf) => this.kernel.state.devices[pf]?.pf?.vfs ?? []).map((vf) => vf ?? '');
  }

  /** What each VF has: its driver, the GUID that it found when that was bound, and what the PF prescribes. */
  get portrait(): unknown[] {
    return this.vfs.map((address) => {
      const { driver, nodeGuid, vf } = this.#device(address);
      const { pf } = this.#device(vf?.pf);
      const settings = pf?.vfSettings[vf?.index ?? 0];
      return [driver, nodeGuid, settings?.nodeGuid, settings?.portGuid, settings?.linkState, pf?.autoprobe];
    });
  }

  #device(address = ''): Partial<MachineState['devices'][string]> {
    return this.kernel.state.devices[address] ?? {};
  }

  /** The GUIDs with which the drivers of the VFs were bound; each is also what the PF prescribes. */
  get guids(): (string | undefined)[] {
    return this.vfs.map((vf) => this.kernel.state.devices[vf]?.nodeGuid).map((own) => (own === NO_GUID ? 'none' : own));
  }

  #watch(): void {
    const { kernel } = this;
    const write = kernel.write.bind(kernel);
    kernel.write = (path, value, options) => {
      if (path.endsWith('/unbind')) this.unbound.push(value);
      return write(path, value, options);
    };
  }
}

function boot(): SimulatedKernel {
  const nics = PORTS.map((address, index) => ({
    ...{ model: 'mlx5', linkType: 'IB', address, name: `ib${index}`, up: true, bridge: `0000:00:10.${index}` },
    mac: `00:00:10:29:fe:80:00:00:00:00:00:00:${PORT_GUIDS[index]}`,
  }));
  return new SimulatedKernel({ world: parseWorld({ latency: 'none', nics }), clock: systemClock });
}
