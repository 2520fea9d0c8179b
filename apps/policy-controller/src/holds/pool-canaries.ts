import { type Condition, CONDITION, type KubeObject, type SriovNetworkNodeState, ANNOTATION } from '@sriov/api';
import { type Change } from '@sriov/kube';
import {
  type Canary,
  type CanaryMember,
  canaryOf,
  type Fleet,
  hasBegun,
  isManaged,
  nextLook,
  presentText,
  rolloutOf,
} from '@sriov/policy';
import { configHash } from '@sriov/runtime';
import { findPool, type PreparedPool } from '@sriov/selection';
import { type Caches } from '../caches/caches.ts';
import { type FleetView } from '../caches/fleet-view.ts';
import { presentConfig } from '../gather.ts';
import { type Settings } from '../settings.ts';

/** Where canaries are read from. */
export interface CanarySources {
  readonly caches: Caches;
  readonly view: FleetView;
  readonly settings: Pick<Settings, 'namespace' | 'devicePluginConfigShards'>;
  readonly now: () => number;
  /** Called when nodes that are held back may go on. */
  readonly onProgress: () => void;
}

/** The managed nodes of a pool, and its roll-out, as long as neither changes. */
interface Membership {
  readonly fleet: Fleet;
  readonly nodesVersion: number;
  readonly names: readonly string[];
  readonly rollout: string;
}

/** A canary as it was seen, and what it was seen in. */
interface Seen {
  readonly membership: Membership;
  readonly revisions: string;
  readonly canary: Canary;
}

/**
 * How far the canaries of pools are, as the caches show it. Of its own it knows only which places were given out and
 * are not in the caches yet: two nodes that are looked at together must not take the same one.
 */
export class PoolCanaries {
  readonly #sources: CanarySources;
  readonly #memberships = new Map<string, Membership>();
  readonly #seen = new Map<string, Seen>();
  readonly #granted = new Set<string>();
  #grants = 0;
  #nodesVersion = 0;
  /** Rises with what node states say of canaries. Thousands of them change otherwise meanwhile. */
  #statesVersion = 0;

  constructor(sources: CanarySources) {
    this.#sources = sources;
    const { nodes, nodeStates } = sources.caches;
    nodes.store.subscribe((change) => {
      if (!this.#changesMembership(change)) return;
      this.#nodesVersion += 1;
      sources.onProgress();
    });
    nodeStates.store.subscribe((change) => {
      if (!isNews(change)) return;
      this.#statesVersion += 1;
      if (hasRecord(change)) sources.onProgress();
    });
  }

  /** How far the canary of the pool is. */
  of(pool: PreparedPool): Canary {
    const { caches, now } = this.#sources;
    const membership = this.#membershipOf(pool);
    const configs = [...caches.devicePluginConfigs.values()].map(({ store }) => store.revision);
    const revisions = [...configs, this.#statesVersion, this.#grants].join(' ');
    const seen = this.#seen.get(pool.name);
    if (seen?.membership === membership && isUpToDate(seen, { revisions, now: now() })) return seen.canary;
    const { name, spec } = pool;
    const members = membership.names.map((each) => this.#member(each));
    const { rollout } = membership;
    const canary = canaryOf({ name, rules: spec.canary ?? { nodes: 1 }, rollout, members }, now());
    this.#seen.set(name, { membership, revisions, canary });
    return canary;
  }

  /** The node takes a place, and is written next. */
  grant(node: string): void {
    this.#granted.add(node);
    this.#grants += 1;
  }

  /** The caches show all that was written for the node. */
  settle(node: string): void {
    if (this.#granted.delete(node)) this.#grants += 1;
  }

  /** Nothing of the node was written: another one may have its place. */
  giveBack(node: string): void {
    if (!this.#granted.has(node)) return;
    this.settle(node);
    this.#sources.onProgress();
  }

  #membershipOf(pool: PreparedPool): Membership {
    const { caches, view } = this.#sources;
    const fleet = view.current;
    const known = this.#memberships.get(pool.name);
    if (known?.fleet === fleet && known.nodesVersion === this.#nodesVersion) return known;
    const members = caches.nodes.store.list().filter(({ metadata }) => poolOf(fleet, metadata) === pool.name);
    const labels = members.map(({ metadata }) => metadata.labels ?? {});
    const names = members.map(({ metadata }) => metadata.name);
    const rollout = rolloutOf(fleet, pool, labels, configHash);
    const membership = { fleet, nodesVersion: this.#nodesVersion, names, rollout };
    this.#memberships.set(pool.name, membership);
    return membership;
  }

  #member(name: string): CanaryMember {
    const { caches, settings } = this.#sources;
    const state = caches.nodeStates.store.get(`${settings.namespace}/${name}`);
    const text = presentText(presentConfig(this.#sources, name));
    return { name, state, isGranted: this.#granted.has(name) || hasBegun(state, text, configHash) };
  }

  /** Labels by which no policy and no pool selects change nothing. */
  #changesMembership({ type, object, previous }: Change<KubeObject>): boolean {
    if (type === 'resynced') return false;
    if (type !== 'updated' || previous === undefined) return true;
    const fleet = this.#sources.view.current;
    const places = [object, previous].map(({ metadata }) => {
      const labels = metadata.labels ?? {};
      return JSON.stringify([poolOf(fleet, metadata), fleet.policyIndex.about(labels).map(({ name }) => name)]);
    });
    return places[0] !== places[1];
  }
}

/**
 * A canary that is done is so for good, and thousands of nodes ask then, while each of their writes changes the caches.
 */
function isUpToDate(
  { canary, revisions: before }: Seen,
  { revisions, now }: { readonly revisions: string; readonly now: number },
): boolean {
  return canary.isDone || (before === revisions && (nextLook(canary) ?? Infinity) > now);
}

/** The one pool of a managed node. */
function poolOf(fleet: Fleet, { name, labels = {} }: KubeObject['metadata']): string | undefined {
  return isManaged(fleet, labels) ? findPool(fleet.pools, { name, labels }).pool?.name : undefined;
}

/** What a node state says of a canary has changed. */
function isNews({ type, object, previous }: Change<SriovNetworkNodeState>): boolean {
  return type !== 'updated' || previous === undefined || proofOf(object) !== proofOf(previous);
}

function hasRecord({ object, previous }: Change<SriovNetworkNodeState>): boolean {
  return recordOf(object) !== undefined || (previous !== undefined && recordOf(previous) !== undefined);
}

function recordOf({ metadata }: KubeObject): string | undefined {
  return metadata.annotations?.[ANNOTATION.rollout];
}

/** What says how far a node is as a canary; of one that has no record, only whether its change has begun. */
function proofOf(state: SriovNetworkNodeState): string {
  const hash = state.metadata.annotations?.[ANNOTATION.devicePluginConfigHash];
  if (recordOf(state) === undefined) return hash ?? '';
  const { syncStatus, conditions = [], failures = [] } = state.status ?? {};
  const ready: Condition | undefined = conditions.find(({ type }) => type === CONDITION.ready);
  const messages = failures.map(({ message }) => message);
  return JSON.stringify([
    recordOf(state),
    hash,
    state.metadata.generation,
    syncStatus,
    ready?.observedGeneration,
    ready?.lastTransitionTime,
    messages,
  ]);
}
