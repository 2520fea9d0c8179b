import { type NodeStateSpec, type NodeStateStatus, vdpaNameOf } from '@sriov/api';
import { parseWorld, SimulatedKernel } from '@sriov/host-sim';
import { describePlan, nextStatus, type StepName, verdictOf } from '@sriov/node-plan';
import { systemClock } from '@sriov/runtime';
import { converge, type Converged } from '../converge.ts';
import { Journal } from '../journal/journal.ts';
import { hostPorts, MemoryFolder } from './test-host.ts';

/** The port whose VFs can have vDPA devices: it is in switchdev mode from the start. */
export const PORT = '0000:5e:00.0';
/** A port without an eSwitch. */
export const PLAIN = '0000:20:00.0';

/** What a group of the spec of {@link VdpaHost} wants of its VFs. */
export interface Wish {
  readonly range: string;
  readonly vdpaType?: string;
  readonly deviceType?: string;
}

/** A spec with so many VFs of the port. */
export function vdpaSpec(numVfs: number, ...wishes: readonly Wish[]): NodeStateSpec {
  const vfGroups = wishes.map(({ range, vdpaType, deviceType = 'netdevice' }) => ({
    resourceName: `r${vdpaType ?? ''}`,
    policyName: 'p',
    deviceType,
    vfRange: range,
    ...(vdpaType !== undefined && { vdpaType }),
  }));
  return { interfaces: [{ pciAddress: PORT, name: 'ens2', numVfs, eSwitchMode: 'switchdev', vfGroups }] };
}

/** A host with a port of mlx5 in switchdev mode and one of igb, and a daemon that makes it what a spec says. */
export class VdpaHost {
  readonly kernel: SimulatedKernel;
  readonly folder: MemoryFolder;
  /** Lines of the plans that were carried out. */
  readonly plans: string[] = [];
  /** Called before each step. */
  onStep: (about: StepName) => void = () => undefined;

  private constructor(kernel: SimulatedKernel, folder = new MemoryFolder()) {
    this.kernel = kernel;
    this.folder = folder;
  }

  static async start(world: object = {}): Promise<VdpaHost> {
    const nics = [
      { model: 'mlx5', address: PORT, name: 'ens2', mac: 'b8:59:9f:00:00:10', up: true },
      { model: 'igb', address: PLAIN, name: 'ens1', mac: '52:54:00:aa:00:10', up: true },
    ];
    const kernel = new SimulatedKernel({
      world: parseWorld({ latency: 'none', modules: ['igbvf'], nics, ...world }),
      clock: systemClock,
    });
    await kernel.exec('devlink', ['dev', 'eswitch', 'set', `pci/${PORT}`, 'mode', 'switchdev']);
    return new VdpaHost(kernel);
  }

  /** One pass of the daemon. */
  async pass(spec: NodeStateSpec): Promise<Converged> {
    const followers = {
      onPlan: (plan: Parameters<typeof describePlan>[0]) => {
        this.plans.push(...describePlan(plan));
        return Promise.resolve();
      },
      onStep: (about: StepName) => {
        this.onStep(about);
        return undefined;
      },
    };
    const wanted = { spec, plannedFrom: new Set([PORT, PLAIN]), allowHostInterfaces: false };
    return converge(hostPorts({ kernel: this.kernel, journal: new Journal(this.folder) }), wanted, followers);
  }

  /** One pass, and the status after it. */
  async status(spec: NodeStateSpec): Promise<NodeStateStatus> {
    const converged = await this.pass(spec);
    const state = { metadata: { name: 'n', generation: 1 }, spec };
    return nextStatus(state, { observed: converged.observed, verdict: verdictOf(converged) }, 0).status;
  }

  /** One pass; resolves with the verdict as `reason: message`. */
  async make(spec: NodeStateSpec): Promise<string> {
    const { reason, message } = verdictOf(await this.pass(spec));
    return `${reason}: ${message}`;
  }

  /** PCI address of a VF. */
  vf(id: number): string {
    return this.kernel.state.devices[PORT]?.pf?.vfs[id] ?? '';
  }

  /** Name of the vDPA device of a VF. */
  nameOf(id: number): string {
    return vdpaNameOf(this.vf(id));
  }

  /** Drivers of the vDPA devices of the VFs, in order; absent ones are left empty. */
  get drivers(): (string | undefined)[] {
    const { devices, vdpa = {} } = this.kernel.state;
    return (devices[PORT]?.pf?.vfs ?? []).map((vf) => vdpa[vdpaNameOf(vf ?? '')]?.driver);
  }
}
