import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import {
  ANNOTATION,
  CONDITION,
  CUSTOM_RESOURCES,
  type KubeObject,
  type Resource,
  SRIOV_NETWORK_NODE_POLICY,
  SRIOV_NETWORK_NODE_STATE,
  SRIOV_OPERATOR_CONFIG,
  type SriovNetworkNodePolicy,
  type SriovNetworkNodeState,
  SUPPORTED_NIC_CONFIG_MAP,
} from '@sriov/api';
import { type Access, adminRequest, readManifests } from '@sriov/control-plane';
import {
  ApiError,
  CONFIG_MAP,
  type ConfigMap,
  connect,
  isChange,
  KubeClient,
  loadKubeConfig,
  NAMESPACE,
  NODE,
  objectPath,
} from '@sriov/kube';
import { systemClock } from '@sriov/runtime';
import { type BarePatch } from './bare-client.ts';
import { bounded } from './bounded.ts';
import {
  type FleetSize,
  nodeName,
  nodeObject,
  policyObjects,
  readyCondition,
  reportedStatus,
} from './fleet-objects.ts';
import { parseRequestCounts, type RequestCounts } from './request-counts.ts';
import { CRD, type StatusSchema, useStatusSchema } from './status-schema.ts';

const CRDS = join(import.meta.dirname, '../../../charts/sriov-network-operator/files/crds');
/** Requests of the simulator at the same time. */
const LIMIT = 32;
const PAGE = 100;

interface StateSelection {
  readonly namespace: string;
  readonly metadataOnly: boolean;
  readonly fieldSelector?: string;
}

/** What stood of a fleet at one time. */
export interface Snapshot {
  readonly states: readonly SriovNetworkNodeState[];
  readonly maps: readonly ConfigMap[];
}

/** A cluster with a synthetic fleet: nodes that are objects alone, and daemons that report what they would. */
export class FleetCluster {
  readonly namespace = 'sriov-network-operator';
  readonly client: KubeClient;
  readonly #access: Access;
  readonly #size: FleetSize;

  constructor(
    { access, kubeconfigPath }: { readonly access: Access; readonly kubeconfigPath: string },
    size: FleetSize,
  ) {
    this.#access = access;
    this.#size = size;
    const connection = connect(loadKubeConfig(kubeconfigPath), systemClock);
    this.client = new KubeClient({ connection, clock: systemClock, fieldManager: 'fleet' });
  }

  /** Creates everything but the policies: CRDs, the operator's objects, the nodes. */
  async populate(): Promise<void> {
    for (const file of readdirSync(CRDS)) {
      for (const crd of readManifests(readFileSync(join(CRDS, file), 'utf8'))) await this.client.apply(CRD, crd);
    }
    for (const resource of CUSTOM_RESOURCES) await this.#served(resource);
    const { namespace } = this;
    await this.client.create(NAMESPACE, { metadata: { name: namespace } });
    await this.client.create(SRIOV_OPERATOR_CONFIG, { metadata: { name: 'default', namespace }, spec: {} });
    const data = { Intel_ice_E810: '8086 1592 1889' };
    await this.client.create(CONFIG_MAP, { metadata: { name: SUPPORTED_NIC_CONFIG_MAP, namespace }, data });
    const indexes = Array.from({ length: this.#size.nodes }, (_, index) => index);
    await bounded(indexes, LIMIT, (index) => this.client.create(NODE, nodeObject(index)));
  }

  async createPolicies(): Promise<void> {
    for (const { metadata, spec } of policyObjects(this.#size)) {
      const policy = { metadata: { ...metadata, namespace: this.namespace }, ...(spec && { spec }) };
      await this.client.create(SRIOV_NETWORK_NODE_POLICY, policy);
    }
  }

  /** Has the API server check statuses of node states by our CRD, or as upstream's would. */
  async useStatusSchema(schema: StatusSchema): Promise<void> {
    const { client, namespace } = this;
    await useStatusSchema({ client, access: this.#access, namespace, name: nodeName(0) }, schema);
  }

  /** Has the daemon of each node report its devices for the first time. */
  async reportAll(): Promise<void> {
    await this.eachState(async (states) => {
      await bounded(states, LIMIT, (state) => this.#patchStatus(state, reportedStatus(this.#size, state)));
    });
  }

  /** Has the daemons that lag behind their spec report that they are done with it. */
  async catchUp(): Promise<void> {
    await this.eachState(async (states) => {
      const lagging = states.filter(({ metadata, status }) => {
        return status?.conditions?.[0]?.observedGeneration !== metadata.generation;
      });
      await bounded(lagging, LIMIT, (state) => this.#patchStatus(state, { conditions: [readyCondition(state)] }));
    });
  }

  /** Waits until every policy says of its newest generation that all its nodes are done. */
  async policiesReady(): Promise<void> {
    const isReady = ({ metadata, status }: SriovNetworkNodePolicy): boolean =>
      (status?.conditions ?? []).some(({ type, status: holds, observedGeneration }) => {
        return type === CONDITION.ready && holds === 'True' && observedGeneration === metadata.generation;
      }) && status?.readyNodeCount === status?.matchedNodeCount;
    for (;;) {
      const policies = await this.client.list(SRIOV_NETWORK_NODE_POLICY, { namespace: this.namespace });
      if (policies.every(isReady)) return;
      await delay(500);
    }
  }

  /** Visits all node states, page by page: a fleet of them is too large to be held at once. */
  async eachState(visit: (states: readonly SriovNetworkNodeState[]) => Promise<void> | void): Promise<void> {
    let continueToken: string | undefined;
    do {
      const request = { namespace: this.namespace, limit: PAGE, continueToken };
      const page = await this.client.page(SRIOV_NETWORK_NODE_STATE, request);
      await visit(page.items);
      continueToken = page.continueToken;
    } while (continueToken !== undefined);
  }

  /** Changes the spec of a policy. */
  async patchPolicy(name: string, spec: object): Promise<void> {
    const ref = { namespace: this.namespace, name };
    await this.client.mergePatch(SRIOV_NETWORK_NODE_POLICY, ref, { patch: { spec } });
  }

  /** Writes an annotation of the list of NICs, a change that changes nothing: everything is looked at again. */
  async touchNicList(): Promise<void> {
    const ref = { namespace: this.namespace, name: SUPPORTED_NIC_CONFIG_MAP };
    const patch = { metadata: { annotations: { touched: String(Date.now()) } } };
    await this.client.mergePatch(CONFIG_MAP, ref, { patch });
  }

  /** What stands of the fleet: specs with their hashes, and the ConfigMaps of the device plugin. */
  async snapshot(configMaps: readonly string[]): Promise<Snapshot> {
    const states: SriovNetworkNodeState[] = [];
    await this.eachState((page) => void states.push(...page.map(({ metadata, spec = {} }) => ({ metadata, spec }))));
    const { namespace } = this;
    const maps = await Promise.all(configMaps.map((name) => this.client.get(CONFIG_MAP, { namespace, name })));
    return { states, maps };
  }

  /** The patches that bring the fleet to what stood there, as the controller would write them. */
  patchesTo({ states, maps }: Snapshot): { readonly maps: BarePatch[]; readonly states: BarePatch[] } {
    const { namespace } = this;
    const hash = ANNOTATION.devicePluginConfigHash;
    return {
      maps: maps.map(({ metadata, data }) => ({ path: objectPath(CONFIG_MAP, metadata), patch: { data } })),
      states: states.map(({ metadata: { name, annotations }, spec }) => ({
        path: objectPath(SRIOV_NETWORK_NODE_STATE, { namespace, name }),
        patch: {
          metadata: { annotations: { [hash]: annotations?.[hash] } },
          spec: { interfaces: null, bridges: null, system: null, ...spec },
        },
      })),
    };
  }

  /**
   * Follows the node states, metadata only. `done` resolves when `count` of them have another spec than at the call;
   * only that of `name` is looked at, when it is given.
   */
  async followChanges(count: number, name?: string): Promise<{ readonly done: Promise<void> }> {
    const selection = {
      namespace: this.namespace,
      metadataOnly: true,
      ...(name !== undefined && { fieldSelector: `metadata.name=${name}` }),
    };
    const { generations, resourceVersion } = await this.#listGenerations(selection);
    return { done: this.#until(count, { selection, generations, resourceVersion }) };
  }

  async #listGenerations(
    selection: StateSelection,
  ): Promise<{ generations: Map<string, number | undefined>; resourceVersion: string }> {
    const generations = new Map<string, number | undefined>();
    let resourceVersion = '';
    let continueToken: string | undefined;
    do {
      const page = await this.client.page(SRIOV_NETWORK_NODE_STATE, { ...selection, limit: 1_000, continueToken });
      for (const { metadata } of page.items) generations.set(metadata.name, metadata.generation);
      ({ resourceVersion, continueToken } = { continueToken: undefined, ...page });
    } while (continueToken !== undefined);
    return { generations, resourceVersion };
  }

  async #until(
    count: number,
    from: {
      readonly selection: StateSelection;
      readonly generations: ReadonlyMap<string, number | undefined>;
      readonly resourceVersion: string;
    },
  ): Promise<void> {
    const changed = new Set<string>();
    const see = (name: string, generation: number | undefined): void => {
      if (generation !== from.generations.get(name)) changed.add(name);
    };
    let { resourceVersion } = from;
    while (changed.size < count) {
      for await (const { metadata } of this.#watchStates(from.selection, resourceVersion)) {
        see(metadata.name, metadata.generation);
        if (changed.size >= count) return;
      }
      // An API server that is short of time ends watches that it could not feed.
      const now = await this.#listGenerations(from.selection);
      for (const [name, generation] of now.generations) see(name, generation);
      ({ resourceVersion } = now);
    }
  }

  /** Every state that is made or changes, until the watch ends. */
  async *#watchStates(selection: StateSelection, resourceVersion: string): AsyncGenerator<KubeObject> {
    try {
      const events = this.client.watch(SRIOV_NETWORK_NODE_STATE, {
        ...selection,
        resourceVersion,
        timeoutSeconds: 300,
        inactivityMs: 90_000,
        signal: new AbortController().signal,
      });
      for await (const event of events) if (isChange(event)) yield event.object;
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
    }
  }

  /** Requests that the API server has answered since it started. */
  async requestCounts(): Promise<RequestCounts> {
    return parseRequestCounts(await this.#metrics());
  }

  /** CPU time that the API server has used, in ms. */
  async serverCpu(): Promise<number> {
    return Number(/^process_cpu_seconds_total (\S+)$/m.exec(await this.#metrics())?.[1]) * 1_000;
  }

  async #metrics(): Promise<string> {
    const { body } = await adminRequest(this.#access, { method: 'GET', path: '/metrics', timeoutMs: 60_000 });
    return String(body);
  }

  async #patchStatus({ metadata }: SriovNetworkNodeState, status: object): Promise<void> {
    const ref = { namespace: this.namespace, name: metadata.name };
    const change = { patch: { status }, subresource: 'status', metadataOnly: true } as const;
    await this.client.mergePatch(SRIOV_NETWORK_NODE_STATE, ref, change);
  }

  async #served(resource: Resource): Promise<void> {
    for (;;) {
      try {
        await this.client.page(resource, { limit: 1 });
        return;
      } catch {
        await delay(100);
      }
    }
  }
}
