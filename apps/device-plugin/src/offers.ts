import {
  answerAllocate,
  type ContainerAllocation,
  type AllocationPolicy,
  type HostFile,
  type Pool,
  type PooledDevice,
  type PoolsPlan,
  preferDevices,
} from '@sriov/device-pool';
import { messageOf } from '@sriov/errors';
import { type Kernel, readDeviceNodes } from '@sriov/host';
import { type DeviceNodes } from '@sriov/observed-host';
import { type SyncAnswer } from '@sriov/plugin-handover';
import { type Clock, type Logger } from '@sriov/runtime';
import { gather, type Gathered, type GatherPorts, HOLD_MS, type Memory } from './gather.ts';
import { InFlight } from './in-flight.ts';
import { identityOf } from './kubelet/serve-socket.ts';
import { type Registration, ResourceServer } from './kubelet/resource-server.ts';
import { type PluginMetrics } from './metrics.ts';
import { heldDevices, syncAnswer } from './sync-answer.ts';

/** What offering devices takes. */
export interface OfferPorts extends GatherPorts {
  readonly kernel: Kernel;
  readonly kubeletFolder: string;
  readonly useCdi: boolean;
  readonly allocationPolicy: AllocationPolicy;
  readonly clock: Pick<Clock, 'elapsed' | 'sleep'>;
  readonly log: Pick<Logger, 'info' | 'warn'>;
  readonly metrics: PluginMetrics;
  readonly writeFiles: (files: readonly HostFile[]) => Promise<void>;
  /** Lets all processes of the plugin know that these resources are its own. */
  readonly recordOffered: (resources: readonly string[]) => Promise<void>;
  /** Removes those that no pod needs any more. */
  readonly removeStaleFiles: (facts: Gathered['facts']) => Promise<void>;
  /** Makes a pass in so many milliseconds. */
  readonly wake: (delayMs: number) => void;
  /** Makes a pass that begins now. Never rejects. */
  readonly look: () => Promise<void>;
}

/** The kubelet tells of a device at once; so long it counts as given to a pod in any case. */
const GRANTED_MS = 10_000;
/** A kubelet that has forgotten a resource is left to finish that before it hears of the resource again. */
const FORGOTTEN_MS = 500;
/** Longest wait of an Allocate for a device that is being changed, and between two looks. */
export const ALLOCATE_MS = { longest: 30_000, between: 200 };

/** Everything that the plugin offers at the moment. */
export class Offers {
  readonly #ports: OfferPorts;
  readonly #inFlight = new InFlight();
  readonly #memory: Memory = {
    ...{ known: new Map(), offered: new Map(), granted: new Map(), heldSince: new Map() },
    inFlight: this.#inFlight,
  };
  /** The devices of allocations that wait until all of them can be given. */
  readonly #waiting = new Set<readonly string[]>();
  readonly #servers = new Map<string, ResourceServer>();
  readonly #unregistered = new Map<string, Exclude<Registration, { state: 'registered' }>>();
  #plan: PoolsPlan = { pools: [], heldBack: [] };
  #gathered: Gathered | undefined;
  #untidy: readonly string[] = [];
  #unrecorded: readonly string[] = [];
  #said = new Set<string>();

  constructor(ports: OfferPorts) {
    this.#ports = ports;
  }

  /** True when the kubelet knows all resources that there are, and everything could be read: no event tells of that. */
  get isComplete(): boolean {
    const { unreadable, allocated } = this.#gathered?.facts ?? {};
    return this.#unregistered.size === 0 && unreadable?.size === 0 && allocated !== undefined;
  }

  /** True when the kubelet has taken or refused each of them. */
  get isAnswered(): boolean {
    return [...this.#unregistered.values()].every(({ state }) => state === 'refused');
  }

  /** Looks, plans, and tells the kubelet. @throws {Error} when nothing can be known; the kubelet keeps what it has */
  async pass(plan: (facts: Gathered['facts']) => PoolsPlan): Promise<void> {
    const { clock, kubeletFolder } = this.#ports;
    const gathered = await gather(this.#ports, this.#memory, clock.elapsed());
    this.#gathered = gathered;
    this.#plan = plan(gathered.facts);
    if (gathered.hasHoldBegun) this.#ports.wake(HOLD_MS);
    const offered = this.#plan.pools.flatMap(({ devices }) => devices.filter(({ isHealthy }) => isHealthy));
    this.#memory.offered = new Map(offered.map(({ id, numaNode }) => [id, numaNode]));
    this.#memory.known = new Map(
      this.#plan.pools.flatMap(({ resource, devices }) => devices.map(({ id }) => [id, resource.name] as const)),
    );
    await this.#record(gathered.facts.ours);
    const kubelet = await identityOf(`${kubeletFolder}/kubelet.sock`);
    // No list waits for a registration: the daemon goes on when VFs are withdrawn from all resources.
    const listed = this.#plan.pools.filter((pool) => this.#list(pool));
    await Promise.all(listed.map(({ resource }) => this.#register(resource.name, kubelet)));
    await this.#endOthers();
    await this.#tidy(gathered);
    this.#say();
    this.#ports.metrics.offered(this.answer(), countAllocated(gathered, this.#plan));
  }

  /** What there is to tell the daemon. */
  answer(): SyncAnswer {
    const { configProblems = [], configHash } = this.#gathered ?? {};
    const allocating = [...new Set([...this.#beingGiven(), ...this.#memory.granted.keys()])];
    const unregistered = new Map([...this.#unregistered].map(([name, { problem }]) => [name, problem]));
    return syncAnswer({ plan: this.#plan, unregistered, configProblems, configHash, allocating });
  }

  /** A device that is held for an allocation that waits is in nobody's way: the pod gets it as it is then. */
  #beingGiven(): string[] {
    const held = new Set(heldDevices(this.#plan));
    const waiting = new Set([...this.#waiting].flat().filter((id) => held.has(id)));
    return [...this.#inFlight.devices.keys()].filter((id) => !waiting.has(id));
  }

  /** Resolves when the devices that the kubelet asks for now are given, or cannot be. */
  async settled(): Promise<void> {
    await this.#inFlight.settled();
  }

  /** Ends all resources. */
  async close(): Promise<void> {
    await Promise.all([...this.#servers.values()].map((server) => server.close()));
  }

  /** Has the kubelet told of the devices, where it knows the resource. @returns false where there is nothing to tell */
  #list({ resource: { name }, devices }: Pool): boolean {
    const known = this.#servers.get(name);
    // A resource that has never had a device is none that pods could ask for.
    if (known === undefined && devices.length === 0) return false;
    const server = known ?? this.#serverOf(name);
    const wasChanged = server.list([...devices, ...this.#missingInFlight(name, devices)]);
    if (wasChanged) {
      const healthy = devices.filter(({ isHealthy }) => isHealthy).length;
      this.#ports.log.info({ resource: name, devices: devices.length, healthy }, 'the devices of a resource changed');
    }
    return true;
  }

  /** Before the kubelet hears of a resource: the next process must know it from those of other plugins. */
  async #record(ours: ReadonlySet<string>): Promise<void> {
    const used = this.#plan.pools.filter(({ devices }) => devices.length > 0).map(({ resource }) => resource.name);
    const missing = used.filter((name) => !ours.has(name));
    this.#unrecorded = [];
    if (missing.length === 0) return;
    await this.#ports.recordOffered(missing).catch((error: unknown) => {
      const what = `what is offered cannot be recorded, and may be lost when a resource is no longer configured`;
      this.#unrecorded = [`${what}: ${messageOf(error)}`];
    });
  }

  async #register(name: string, kubelet: string): Promise<void> {
    const registration = await this.#servers.get(name)?.register(kubelet);
    if (registration === undefined || registration.state === 'registered') this.#unregistered.delete(name);
    else this.#unregistered.set(name, registration);
  }

  #serverOf(name: string): ResourceServer {
    const { kernel, kubeletFolder, allocationPolicy, wake, metrics } = this.#ports;
    // The next pass registers it again.
    const onForgotten = (): void => wake(FORGOTTEN_MS);
    const onRegistration = (state: Registration['state']): void => metrics.registered(name, state);
    const answers = {
      allocate: (ids: readonly string[]) => this.#allocate(name, ids),
      prefer: (request: Parameters<typeof preferDevices>[1]) => {
        const pool = this.#poolOf(name);
        return pool === undefined ? [] : preferDevices(pool, request, allocationPolicy);
      },
    };
    const server = new ResourceServer(name, { kernel, kubeletFolder, answers, onForgotten, onRegistration });
    this.#servers.set(name, server);
    return server;
  }

  /** The kubelet must not miss a device that it asks for at this moment, even if that has gone. */
  #missingInFlight(name: string, devices: readonly PooledDevice[]): PooledDevice[] {
    const wants = { isRdma: false, needVhostNet: false };
    return [...this.#inFlight.devices]
      .filter(([id, resource]) => resource === name && !devices.some((device) => device.id === id))
      .map(([id]) => ({ id, isHealthy: false, wants }));
  }

  /** A resource that is no longer planned has no devices, and no pod has one. */
  async #endOthers(): Promise<void> {
    const planned = new Set(this.#plan.pools.map(({ resource }) => resource.name));
    for (const [name, server] of this.#servers) {
      if (planned.has(name)) continue;
      server.list([]);
      this.#servers.delete(name);
      this.#unregistered.delete(name);
      this.#ports.log.info({ resource: name }, 'a resource is no longer configured, and no pod has a device of it');
      await server.close();
    }
  }

  /** What is offered does not depend on it. */
  async #tidy({ facts, isKubeletMissing }: Gathered): Promise<void> {
    const known = isKubeletMissing ? { ...facts, allocated: undefined } : facts;
    this.#untidy = await this.#ports.removeStaleFiles(known).then(
      () => [],
      (error: unknown) => [`files that no pod needs any more cannot be removed: ${messageOf(error)}`],
    );
  }

  /** One line for each thing that is new. */
  #say(): void {
    const lines = [
      ...this.#plan.heldBack.map(({ message }) => message),
      ...(this.#gathered?.configProblems ?? []),
      ...this.#untidy,
      ...this.#unrecorded,
      ...[...this.#unregistered].map(([name, { problem }]) => `${name}: ${problem}`),
    ];
    for (const line of lines) if (!this.#said.has(line)) this.#ports.log.warn(line);
    this.#said = new Set(lines);
  }

  #poolOf(name: string): Pool | undefined {
    return this.#plan.pools.find(({ resource }) => resource.name === name);
  }

  async #allocate(name: string, ids: readonly string[]): Promise<ContainerAllocation> {
    const { clock, metrics } = this.#ports;
    const begin = clock.elapsed();
    return this.#inFlight.during(name, ids, async () => {
      let outcome: 'given' | 'refused' = 'refused';
      try {
        const answer = await this.#answerNow(name, ids, begin + ALLOCATE_MS.longest);
        for (const id of ids) {
          this.#memory.granted.set(id, { resource: name, untilMs: clock.elapsed() + GRANTED_MS });
        }
        outcome = 'given';
        return answer;
      } finally {
        metrics.allocated(name, outcome, clock.elapsed() - begin);
      }
    });
  }

  /** A device that changed since the last look is looked at again. @throws {Error} when it cannot be given then either */
  async #answerNow(name: string, ids: readonly string[], end: number): Promise<ContainerAllocation> {
    const first = await this.#answer(await this.#whenHealthy(name, ids, end), ids);
    if (!('problem' in first)) return first;
    await this.#ports.look();
    const second = await this.#answer(await this.#whenHealthy(name, ids, end), ids);
    if ('problem' in second) throw new Error(second.problem);
    return second;
  }

  /**
   * A device that the kubelet has chosen just before it was withdrawn comes back, perhaps as a new one. It is waited for
   * as long as anything is withdrawn. @throws {Error} when it does not come back
   */
  async #whenHealthy(name: string, ids: readonly string[], end: number): Promise<Pool> {
    const { clock, look } = this.#ports;
    const firstMissing = (): string | undefined => ids.find((id) => !this.#isReady(name, id));
    this.#waiting.add(ids);
    try {
      if (firstMissing() !== undefined) await look();
      while (firstMissing() !== undefined && this.#isAnyWithdrawn && clock.elapsed() < end) {
        await clock.sleep(ALLOCATE_MS.between);
      }
    } finally {
      this.#waiting.delete(ids);
    }
    const missing = firstMissing();
    const pool = this.#poolOf(name);
    if (pool !== undefined && missing === undefined) return pool;
    const held = this.#plan.heldBack.find(({ devices }) => missing !== undefined && devices.includes(missing));
    throw new Error(held?.message ?? `the resource ${name} has no device ${missing ?? ''} now`);
  }

  #isReady(name: string, id: string): boolean {
    const device = this.#poolOf(name)?.devices.find((each) => each.id === id);
    return device?.isHealthy === true && device.isHeld !== true;
  }

  get #isAnyWithdrawn(): boolean {
    return this.#gathered !== undefined && this.#gathered.facts.withdrawn.length > 0;
  }

  async #answer(pool: Pool, ids: readonly string[]): Promise<ReturnType<typeof answerAllocate>> {
    const { useCdi, writeFiles } = this.#ports;
    const answer = answerAllocate(pool, ids, { nodes: await this.#readNodes(pool, ids), useCdi });
    if (!('problem' in answer)) await writeFiles(answer.files);
    return answer;
  }

  async #readNodes({ devices }: Pool, ids: readonly string[]): Promise<Map<string, DeviceNodes>> {
    const wanted = devices.filter(({ id }) => ids.includes(id));
    const entries = await Promise.all(
      wanted.map(async ({ id, device }) => {
        return device && ([id, await readDeviceNodes(this.#ports.kernel, device)] as const);
      }),
    );
    return new Map(entries.filter((entry) => entry !== undefined));
  }
}

/** How many devices of each planned resource pods have; nothing where nobody can tell. */
function countAllocated(
  { facts: { allocated }, isKubeletMissing }: Gathered,
  { pools }: PoolsPlan,
): ReadonlyMap<string, number> | undefined {
  if (allocated === undefined || isKubeletMissing) return undefined;
  const holders = [...allocated.values()];
  return new Map(
    pools.map(({ resource: { name } }) => [
      name,
      holders.filter((each) => each.some(({ resource }) => resource === name)).length,
    ]),
  );
}
