import {
  ANNOTATION,
  DEFAULT_RESOURCE_PREFIX,
  formatPlannedFrom,
  LABEL,
  type SriovNetworkNodePolicy,
  type SriovNetworkNodeState,
} from '@sriov/api';
import { converge, type Converged, DevicePlugin, Journal, wishOf } from '@sriov/config-daemon';
import { planPools, type PoolsPlan, readPluginConfig } from '@sriov/device-pool';
import { observeDevices } from '@sriov/host';
import { parseWorld, SimulatedKernel } from '@sriov/host-sim';
import { foresee, type HostPlan, nextStatus, verdictOf } from '@sriov/node-plan';
import { HANDOVER_FILE, type Handover, handoverSchema } from '@sriov/plugin-handover';
import { type NodeStatePlan, planNodeState, prepareFleet } from '@sriov/policy';
import { configHash } from '@sriov/runtime';
import { FakeClock, readJson } from '@sriov/testing';

const NODE = 'n1';
const LABELS = { [LABEL.worker]: '', [LABEL.os]: 'linux' };
/** Rounds of planning that a change may take: what is planned can depend on the VFs that the last round has made. */
const MAX_ROUNDS = 4;

/** What was planned for a node, and what has come of it. */
export interface Followed {
  readonly plan: NodeStatePlan;
  /** What its daemon would do, as `plan` foresees it. */
  readonly foreseen: HostPlan | undefined;
  readonly converged: Converged;
}

/** What the device plugin decides, and from what. */
export interface Offer extends PoolsPlan {
  readonly devices: Awaited<ReturnType<typeof observeDevices>>['devices'];
  readonly withdrawn: Handover['withdrawn'];
}

/**
 * A simulated node and all that the operator does about it, in this process: the planner of the policy controller, the
 * config daemon, and what the device plugin then offers.
 */
export class SimulatedNode {
  readonly kernel: SimulatedKernel;
  #state: SriovNetworkNodeState = { metadata: { name: NODE, generation: 1 } };
  #config: string | undefined;
  readonly #clock = new FakeClock();
  readonly #journal = new Journal(new MemoryFolder());
  readonly #plugin: DevicePlugin;
  /** The resource in which each device was listed last. */
  #known: ReadonlyMap<string, string> = new Map();

  /** @param world as in a world file */
  constructor(world: object) {
    const whole = { latency: 'none', devicePlugin: true, ...world };
    this.kernel = new SimulatedKernel({ world: parseWorld(whole), clock: this.#clock });
    const { handoverFolder: folder } = this.kernel;
    this.#plugin = new DevicePlugin({ kernel: this.kernel, folder, clock: this.#clock });
  }

  /** Follows the policies until nothing changes any more. @throws {Error} when that does not come */
  async follow(policies: readonly SriovNetworkNodePolicy[]): Promise<Followed> {
    await this.#pass();
    for (let round = 0; round < MAX_ROUNDS; round += 1) {
      const before = this.#stored;
      const planned = this.#plan(policies);
      this.#store(planned.plan);
      const converged = await this.#pass();
      if (this.#stored === before) return { ...planned, converged };
    }
    throw new Error('the plan changes again and again');
  }

  /** What the device plugin offers, while no pod has anything. */
  async offer(): Promise<Offer> {
    const [{ devices, problems }, text] = await Promise.all([
      observeDevices(this.kernel),
      this.kernel.handoverFolder.read(HANDOVER_FILE),
    ]);
    const handover = text === undefined ? { withdrawn: [] } : readJson(handoverSchema, text);
    const { withdrawn, config, returning = [] } = handover;
    if (returning.length > 0) throw new Error('the config daemon has ended and still holds devices for pods');
    const { resources } = readPluginConfig(config?.text ?? '{}', DEFAULT_RESOURCE_PREFIX);
    const plan = planPools({
      ...{ resources, devices, withdrawn, allocated: new Map(), starting: new Map(), known: this.#known },
      returning: new Map(),
      mayBeListed: new Set(),
      ours: new Set(),
      prefixes: [DEFAULT_RESOURCE_PREFIX],
      unreadable: new Map(problems.map(({ pciAddress, message }) => [pciAddress, message])),
    });
    this.#known = new Map(plan.pools.flatMap(({ resource, devices: own }) => own.map(({ id }) => [id, resource.name])));
    return { ...plan, devices, withdrawn };
  }

  get #stored(): string {
    return JSON.stringify([this.#state.spec, this.#config]);
  }

  /** Plans with the functions that `plan` and the policy controller plan with. */
  #plan(policies: readonly SriovNetworkNodePolicy[]): Pick<Followed, 'plan' | 'foreseen'> {
    const objects = { policies, pools: [], operatorConfig: undefined, supportedNics: undefined };
    const fleet = prepareFleet({ ...objects, supportedNicsOnly: false });
    const node = { name: NODE, labels: LABELS, state: this.#state, devicePluginConfig: this.#config };
    const plan = planNodeState(fleet, node);
    return { plan, foreseen: foresee({ spec: plan.spec, plannedFrom: plan.plannedFrom }, this.#state) };
  }

  /** As the policy controller does. */
  #store({ spec, plannedFrom, devicePluginConfig }: NodeStatePlan): void {
    this.#config = devicePluginConfig ?? this.#config;
    const annotations = {
      ...(plannedFrom && { [ANNOTATION.plannedFrom]: formatPlannedFrom(plannedFrom) }),
      ...(this.#config !== undefined && {
        [ANNOTATION.devicePluginConfig]: this.#config,
        [ANNOTATION.devicePluginConfigHash]: configHash(this.#config),
      }),
    };
    this.#state = { ...this.#state, metadata: { ...this.#state.metadata, annotations }, spec };
  }

  /** One pass of the config daemon, which then reports. */
  async #pass(): Promise<Converged> {
    const { modprobeFolder } = this.kernel;
    const host = { kernel: this.kernel, journal: this.#journal, plugin: this.#plugin, modprobeFolder };
    const followers = { onPlan: () => Promise.resolve(), onStep: () => undefined };
    const converged = await converge(host, { ...wishOf(this.#state), allowHostInterfaces: false }, followers);
    const pass = { observed: converged.observed, verdict: verdictOf(converged) };
    this.#state = { ...this.#state, status: nextStatus(this.#state, pass, this.#clock.now()).status };
    return converged;
  }
}

/** Files in memory. */
class MemoryFolder {
  readonly #files = new Map<string, string>();

  read(name: string): Promise<string | undefined> {
    return Promise.resolve(this.#files.get(name));
  }

  list(folder: string): Promise<string[]> {
    const names = [...this.#files.keys()].filter((name) => name.startsWith(`${folder}/`));
    return Promise.resolve(names.map((name) => name.slice(folder.length + 1)).sort());
  }

  write(name: string, content: string): Promise<void> {
    this.#files.set(name, content);
    return Promise.resolve();
  }

  remove(name: string): Promise<void> {
    this.#files.delete(name);
    return Promise.resolve();
  }
}
