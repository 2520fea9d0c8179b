import {
  DEFAULT_OPERATOR_CONFIG_NAME,
  IGNORED_POLICY_NAME,
  isPaused,
  type KubeObject,
  keyOf,
  type LabelSelector,
  type SriovNetworkNodePolicy,
  type SriovNetworkNodeState,
} from '@sriov/api';
import { type Controller } from '@sriov/controller';
import { type Change, type Store } from '@sriov/kube';
import { hasReported } from '@sriov/policy';
import { matchesLabels, selectorMatches } from '@sriov/selection';
import { type Caches } from './caches/caches.ts';
import { changedKeys, isSpecChange } from './caches/changes.ts';
import { type ConfigMapWriter } from './config-map/config-map-writer.ts';
import { type FleetView } from './caches/fleet-view.ts';
import { type NodeFindings } from './status/node-findings.ts';
import { nameOfSubject } from './subject.ts';

/** Changes of nodes come in bursts; a status is computed from all of them together. */
const STATUS_DELAY_MS = 1_000;
/** A status about many nodes is written less often: nobody follows a thousand of them one by one. */
const STATUS_DELAY_PER_NODE_MS = 10;
const MOST_STATUS_DELAY_MS = 10_000;

/** What the watches wake, and what they look up for that. */
export interface Wiring {
  readonly caches: Caches;
  readonly view: FleetView;
  readonly nodes: Controller;
  readonly policies: Controller;
  readonly pools: Controller;
  readonly operatorConfig: Controller;
  readonly findings: NodeFindings;
  readonly configMaps: ConfigMapWriter;
  /** The operator's namespace. */
  readonly namespace: string;
}

type Labels = Record<string, string>;

/** Wakes the controllers: which change concerns which node, policy and pool, and no others. */
export function connectWatches(wiring: Wiring): void {
  watchPolicies(wiring);
  watchPools(wiring);
  watchWhatConcernsAll(wiring);
  watchNodes(wiring);
  watchNodeStates(wiring);
  watchConfigMaps(wiring);
}

/** Schedules a reconcile of the status of policies and pools, which are given as subjects. */
export function enqueueSubjects(
  { policies, pools, findings, namespace }: Pick<Wiring, 'policies' | 'pools' | 'findings' | 'namespace'>,
  subjects: Iterable<string>,
): void {
  for (const subject of subjects) {
    const wanted = findings.countNodes(subject) * STATUS_DELAY_PER_NODE_MS;
    const delay = Math.min(MOST_STATUS_DELAY_MS, Math.max(STATUS_DELAY_MS, wanted));
    const policy = nameOfSubject(subject, 'SriovNetworkNodePolicy');
    const pool = nameOfSubject(subject, 'SriovNetworkPoolConfig');
    if (policy !== undefined) policies.enqueue(`${namespace}/${policy}`, delay);
    if (pool !== undefined) pools.enqueue(`${namespace}/${pool}`, delay);
  }
}

function watchPolicies({ caches, nodes, policies, findings, namespace }: Wiring): void {
  caches.policies.store.subscribe((change) => {
    const { object, previous } = change;
    // Also after a change of the status: a decision that was made before the cache showed the last write is made again.
    policies.enqueue(keyOf(object), STATUS_DELAY_MS);
    if ((!isSpecChange(change) && !isPauseChange(change)) || isResync(change)) return;
    if (object.metadata.namespace !== namespace) return;
    if (object.metadata.name === IGNORED_POLICY_NAME) return;
    enqueueNodes({ caches, nodes }, (labels) => [object, previous].some((policy) => isAbout(policy, labels)));
    // A paused policy also holds nodes that it no longer selects.
    for (const [node, { policies: pausing }] of findings.held()) {
      if (pausing.includes(object.metadata.name)) nodes.enqueue(node);
    }
  });
}

/** A policy is paused, or goes on. */
function isPauseChange({ object, previous }: Change<KubeObject>): boolean {
  return previous !== undefined && isPaused(object) !== isPaused(previous);
}

/** A policy that is not well-formed may have been about any node. */
function isAbout(policy: SriovNetworkNodePolicy | undefined, labels: Labels): boolean {
  if (policy === undefined) return false;
  const selector: unknown = policy.spec?.nodeSelector;
  return typeof selector === 'object' && selector !== null ? matchesLabels(selector as Labels, labels) : true;
}

function watchPools({ caches, nodes, pools, namespace }: Wiring): void {
  caches.pools.store.subscribe((change) => {
    const { object, previous } = change;
    pools.enqueue(keyOf(object), STATUS_DELAY_MS);
    if (!isSpecChange(change) || isResync(change) || object.metadata.namespace !== namespace) return;
    const selectors = [object, previous].flatMap((pool): (LabelSelector | undefined)[] =>
      pool === undefined ? [] : [pool.spec?.nodeSelector],
    );
    enqueueNodes({ caches, nodes }, (labels) => selectors.some((selector) => selectorMatches(selector, labels)));
  });
}

function watchWhatConcernsAll(wiring: Wiring): void {
  const { caches, nodes, policies, pools, operatorConfig } = wiring;
  for (const informer of [caches.operatorConfigs, caches.supportedNics]) {
    (informer.store as Store<KubeObject>).subscribe((change) => {
      operatorConfig.enqueue(DEFAULT_OPERATOR_CONFIG_NAME, isSpecChange(change) ? 0 : STATUS_DELAY_MS);
      if (!isSpecChange(change) || isResync(change)) return;
      enqueueNodes({ caches, nodes }, () => true);
      // Also the node states whose nodes are gone.
      for (const { metadata } of caches.nodeStates.store.list()) nodes.enqueue(metadata.name);
      for (const policy of caches.policies.store.list()) policies.enqueue(keyOf(policy), STATUS_DELAY_MS);
      for (const pool of caches.pools.store.list()) pools.enqueue(keyOf(pool), STATUS_DELAY_MS);
    });
  }
}

function enqueueNodes({ caches, nodes }: Pick<Wiring, 'caches' | 'nodes'>, isMeant: (labels: Labels) => boolean): void {
  for (const { metadata } of caches.nodes.store.list()) {
    if (isMeant(metadata.labels ?? {})) nodes.enqueue(metadata.name);
  }
}

function watchNodes(wiring: Wiring): void {
  const { caches, nodes, policies, pools, view, namespace } = wiring;
  caches.nodes.store.subscribe((change) => {
    if (hasSameLabels(change)) return;
    nodes.enqueue(change.object.metadata.name);
    if (isResync(change)) return;
    for (const { metadata } of [change.object, ...(change.previous ? [change.previous] : [])]) {
      const labels = metadata.labels ?? {};
      for (const { name } of view.current.policyIndex.about(labels)) {
        policies.enqueue(`${namespace}/${name}`, STATUS_DELAY_MS);
      }
      for (const { name, spec } of view.current.pools) {
        if (selectorMatches(spec.nodeSelector, labels)) pools.enqueue(`${namespace}/${name}`, STATUS_DELAY_MS);
      }
    }
  });
}

function watchNodeStates(wiring: Wiring): void {
  const { caches, nodes, findings } = wiring;
  caches.nodeStates.store.subscribe((change) => {
    const { name } = change.object.metadata;
    if (!isSameForPlanning(change)) nodes.enqueue(name);
    enqueueSubjects(wiring, findings.subjectsOf(name));
  });
}

function watchConfigMaps({ caches, nodes, configMaps, operatorConfig }: Wiring): void {
  for (const [name, { store }] of caches.devicePluginConfigs) {
    store.subscribe((change) => {
      const keys = changedKeys(change);
      for (const node of keys) nodes.enqueue(node);
      // The configuration of other nodes may fit now.
      if (keys.length > 0) for (const node of configMaps.refusedNodes(name)) nodes.enqueue(node);
      operatorConfig.enqueue(DEFAULT_OPERATOR_CONFIG_NAME, STATUS_DELAY_MS);
    });
  }
}

/**
 * When this process begins to lead, the caches report every object again. Each then wakes only its own key. Otherwise
 * each policy would wake all nodes once more.
 */
function isResync({ type }: Change<KubeObject>): boolean {
  return type === 'resynced';
}

function hasSameLabels({ type, object, previous }: Change<KubeObject>): boolean {
  return type === 'updated' && JSON.stringify(object.metadata.labels) === JSON.stringify(previous?.metadata.labels);
}

/** Compares what planning reads: the spec, which devices there are, and what limits them. */
function isSameForPlanning({ type, object, previous }: Change<SriovNetworkNodeState>): boolean {
  const identity = (state: SriovNetworkNodeState): string => {
    const { metadata, spec, status } = state;
    const { annotations, ownerReferences } = metadata;
    const { interfaces, system } = status ?? {};
    return JSON.stringify([annotations, ownerReferences, spec, interfaces, system, hasReported(state)]);
  };
  return type === 'updated' && previous !== undefined && identity(object) === identity(previous);
}
