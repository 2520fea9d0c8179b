import { ANNOTATION, formatTime, type KubeObject, type Resource, SRIOV_NETWORK_NODE_STATE } from '@sriov/api';
import { type Access } from '@sriov/control-plane';
import { createListWatch, type KubeClient, NODE, objectPath, type Pod, POD, Reflector, Store } from '@sriov/kube';
import { createLogger, systemClock } from '@sriov/runtime';
import { BareClient, type BareCall } from '../bare-client.ts';
import { bounded } from '../bounded.ts';
import { SlotLog } from './slot-log.ts';

/** Where the fleet is. */
export interface FleetPorts {
  readonly access: Access;
  readonly client: KubeClient;
  /** Of the node states. */
  readonly namespace: string;
}

/** How fast things go, in ms. */
export interface FleetPace {
  /** From the eviction of a pod until its kubelet has ended it. */
  readonly podMs: number;
  /** From the end of a drain until the daemon is done. */
  readonly workMs: number;
}

/** Requests of the fleet at the same time. */
const CONNECTIONS = 32;
const PROGRESS = ['Idle', 'Draining', 'DrainComplete'] as const;

/**
 * What kubelets and daemons of a fleet do: daemons ask for a drain, work when they are drained, and take the request
 * back; kubelets end pods that are evicted. What they ask of the API server is counted, and all of it is writes.
 */
export class ScriptedFleet {
  readonly slots = new SlotLog();
  /** Their requests, by `VERB resource`. */
  readonly requests = new Map<string, number>();
  readonly #ports: FleetPorts;
  readonly #pace: FleetPace;
  readonly #bare: BareClient;
  readonly #stop = new AbortController();
  /** Nodes whose daemons may not work yet. */
  #held: Set<string> | undefined = new Set();
  readonly #asking = new Set<string>();
  readonly #ending = new Set<string>();
  readonly #timers = new Set<NodeJS.Timeout>();
  #fail: (error: unknown) => void = () => undefined;
  /** Rejects when a request of the fleet is refused. */
  readonly failed = new Promise<never>((_, reject) => (this.#fail = reject));

  constructor(ports: FleetPorts, pace: FleetPace) {
    this.#ports = ports;
    this.#pace = pace;
    this.#bare = new BareClient(ports.access, CONNECTIONS);
    this.failed.catch(() => undefined);
  }

  /** Begins to look at node states and pods. */
  async follow(): Promise<void> {
    const { namespace } = this.#ports;
    const states = new Store<KubeObject>();
    const pods = new Store<Pod>();
    const synced = [
      this.#run(states, { resource: SRIOV_NETWORK_NODE_STATE, namespace }),
      this.#run<Pod>(pods, { resource: POD }),
    ];
    await Promise.all(synced);
    states.subscribe(({ object }) => this.#seeState(object));
    pods.subscribe(({ object, type }) => (type === 'deleted' ? undefined : this.#seePod(object)));
  }

  /** All daemons ask at once. */
  async ask(nodes: readonly string[]): Promise<void> {
    await bounded(nodes, CONNECTIONS, async (node) => {
      this.#asking.add(node);
      const askedAt = formatTime(Date.now());
      await this.#request(node, { asked: 'Drain_Required', askedAt });
    });
  }

  /** From now on daemons work once they are drained. */
  letWork(): void {
    const held = this.#held ?? new Set();
    this.#held = undefined;
    for (const node of held) this.#work(node);
  }

  stop(): void {
    this.#stop.abort();
    for (const timer of this.#timers) clearTimeout(timer);
    this.#bare.close();
  }

  async #run<T extends KubeObject>(
    store: Store<T>,
    { resource, namespace }: { readonly resource: Resource<T>; readonly namespace?: string },
  ): Promise<void> {
    const selection = { metadataOnly: true, ...(namespace !== undefined && { namespace }) };
    const source = createListWatch<T>(this.#ports.client, resource, selection);
    const log = createLogger({ service: 'fleet', level: 'silent' });
    const reflector = new Reflector<T>({
      ...{ kind: resource.kind, source, store, log },
      ...{ clock: systemClock, random: Math.random },
    });
    void reflector.run(this.#stop.signal);
    await reflector.synced;
  }

  #seeState({ metadata: { name, annotations = {} } }: KubeObject): void {
    const progress = PROGRESS.find((known) => known === annotations[ANNOTATION.currentState]) ?? 'Idle';
    this.slots.see(name, progress, performance.now());
    if (progress !== 'DrainComplete' || annotations[ANNOTATION.desiredState] !== 'Drain_Required') return;
    if (this.#held !== undefined) this.#held.add(name);
    else this.#work(name);
  }

  #work(node: string): void {
    if (!this.#asking.delete(node)) return;
    this.#later(this.#pace.workMs, () => this.#request(node, { asked: 'Idle', askedAt: null }));
  }

  /** The Node first, as the daemon does it. */
  async #request(
    node: string,
    { asked, askedAt }: { readonly asked: string; readonly askedAt: string | null },
  ): Promise<void> {
    const { namespace } = this.#ports;
    await this.#annotate(NODE, { name: node }, { [ANNOTATION.nodeState]: asked });
    const ofState = { [ANNOTATION.desiredState]: asked, [ANNOTATION.drainAskedAt]: askedAt };
    await this.#annotate(SRIOV_NETWORK_NODE_STATE, { name: node, namespace }, ofState);
  }

  #annotate(
    resource: Resource,
    ref: { readonly name: string; readonly namespace?: string },
    annotations: object,
  ): Promise<void> {
    const call = { method: 'PATCH', path: objectPath(resource, ref), body: { metadata: { annotations } } } as const;
    return this.#send(resource, call);
  }

  #seePod({ metadata }: Pod): void {
    const { uid = '', deletionTimestamp } = metadata;
    if (deletionTimestamp === undefined || this.#ending.has(uid)) return;
    this.#ending.add(uid);
    const path = objectPath(POD, metadata);
    this.#later(this.#pace.podMs, () => this.#send(POD, { method: 'DELETE', path, body: { gracePeriodSeconds: 0 } }));
  }

  #later(ms: number, work: () => Promise<void>): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      work().catch(this.#fail);
    }, ms);
    this.#timers.add(timer);
  }

  async #send({ plural }: Resource, call: BareCall): Promise<void> {
    const key = `${call.method} ${plural}`;
    this.requests.set(key, (this.requests.get(key) ?? 0) + 1);
    await this.#bare.send(call);
  }
}
