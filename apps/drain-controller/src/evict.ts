import { type LabelSelector } from '@sriov/api';
import { ApiError, isNotFound, type KubeClient, type Pod, POD } from '@sriov/kube';
import { type EvictionRules, type PodOnNode, podsToEvict, type StayingPod } from '@sriov/rollout';
import { selectorMatches } from '@sriov/selection';
import pLimit from 'p-limit';
import { readClaimDrivers } from './claim-drivers.ts';
import { MIRROR, type PodsOfNode } from './pods-of-nodes.ts';

/** How far the pods of a node have left. */
export interface Evicted {
  /** Pods that have to leave and are still there. */
  readonly left: readonly string[];
  /** Those of them that cannot be evicted now, each with the reason of the API server. */
  readonly blocked: readonly string[];
  /** Those of them that the drain leaves to end by themselves. */
  readonly awaited: readonly string[];
  /** Pods that stay although they hold a VF. */
  readonly staying: readonly StayingPod[];
  /** How many of the pods that had to leave have left, since this process follows the node. */
  readonly progress: { readonly gone: number; readonly total: number };
}

/** Which pods have to leave, and how. */
export interface EvictRules extends EvictionRules {
  /** Pods that are awaited; none where it is absent. */
  readonly waitForPods?: LabelSelector | undefined;
}

/** By what pods are evicted. */
export interface EvictPorts {
  readonly client: KubeClient;
  /** Is told of each pod that was deleted because it could not be evicted, and why it could not. */
  readonly onDeleted: (pod: Pod, because: string) => void;
}

/** Requests about the pods of a node at the same time. */
const AT_ONCE = 10;

/** Asks for the eviction of every pod that has to leave and does not leave yet. */
export async function evict(ports: EvictPorts, node: PodsOfNode, rules: EvictRules): Promise<Evicted> {
  const limit = pLimit(AT_ONCE);
  const { client } = ports;
  const found = await Promise.all(
    node.pods.map(async (pod) => [await limit(() => podOnNode({ client, node, rules }, pod)), pod] as const),
  );
  const known = new Map(found);
  const { evict: leaving, awaited, staying } = podsToEvict([...known.keys()], rules);
  const reasons = await Promise.all(
    leaving.map((pod) => limit(() => evictOne(ports, known.get(pod) ?? { metadata: pod }, rules.force === true))),
  );
  const left = [...leaving, ...awaited];
  for (const pod of left) node.leaving.add(known.get(pod)?.metadata.uid ?? titleOf(pod));
  return {
    left: left.map(titleOf),
    blocked: reasons.flatMap((reason) => reason ?? []),
    awaited: awaited.map(titleOf),
    staying,
    progress: { gone: node.leaving.size - left.length, total: node.leaving.size },
  };
}

async function evictOne(ports: EvictPorts, pod: Pod, force: boolean): Promise<string | undefined> {
  if (pod.metadata.deletionTimestamp !== undefined) return undefined;
  const blocked = await tryEviction(ports, pod);
  if (blocked === undefined) return undefined;
  if (force) return deletePod(ports, pod, blocked);
  return `${titleOf(pod.metadata)}: ${blocked}`;
}

/** @returns why the pod cannot be evicted now */
async function tryEviction({ client }: EvictPorts, { metadata }: Pod): Promise<string | undefined> {
  try {
    await client.evict(metadata, metadata.uid);
    return undefined;
  } catch (error) {
    if (isNotFound(error)) return undefined;
    if (!(error instanceof ApiError) || !BLOCKED.includes(error.status)) throw error;
    return error.causes.length > 0 ? error.causes.join(', ') : error.message;
  }
}

/** 429: a PodDisruptionBudget is in the way. 409: another pod has taken its name. 500: several budgets select it. */
const BLOCKED = [429, 409, 500];

/** Without a grace period of ours, the pod gets its own. */
async function deletePod({ client, onDeleted }: EvictPorts, pod: Pod, because: string): Promise<undefined> {
  try {
    await client.delete(POD, pod.metadata, { uid: pod.metadata.uid });
    onDeleted(pod, because);
  } catch (error) {
    // It has left meanwhile, or another pod has its name: the watch shows it.
    if (!isNotFound(error) && !(error instanceof ApiError && error.status === 409)) throw error;
  }
  return undefined;
}

const titleOf = ({ namespace = '', name }: { readonly namespace?: string; readonly name: string }): string =>
  `${namespace}/${name}`;

/** What the devices of a pod are looked up with. */
interface PodSources {
  readonly client: KubeClient;
  readonly node: PodsOfNode;
  readonly rules: EvictRules;
}

async function podOnNode(sources: PodSources, pod: Pod): Promise<PodOnNode> {
  const { metadata } = pod;
  const { name, namespace = '', labels = {} } = metadata;
  const { waitForPods } = sources.rules;
  const isOver = OVER.includes(pod.status?.phase);
  return {
    namespace,
    name,
    resources: resourcesOf(pod),
    claimDrivers: isOver ? [] : await claimDriversOf(sources, pod),
    controller: metadata.ownerReferences?.find((owner) => owner.controller === true)?.kind,
    isMirror: metadata.annotations?.[MIRROR] !== undefined,
    isOver,
    isAwaited: waitForPods !== undefined && selectorMatches(waitForPods, labels),
  };
}

const OVER: readonly (string | undefined)[] = ['Succeeded', 'Failed'];

function resourcesOf({ spec }: Pod): string[] {
  const all = (spec?.containers ?? []).flatMap(({ resources }) => Object.keys(resources?.requests ?? {}));
  return [...new Set(all)];
}

/** The devices of a pod that runs do not change, so its claims are read once. */
async function claimDriversOf({ client, node }: PodSources, pod: Pod): Promise<readonly string[]> {
  if ((pod.spec?.resourceClaims ?? []).length === 0) return [];
  const key = pod.metadata.uid ?? '';
  const known = node.claimDrivers.get(key);
  if (known !== undefined) return known;
  const drivers = await readClaimDrivers(client, pod);
  if (drivers.length > 0) node.claimDrivers.set(key, drivers);
  return drivers;
}
