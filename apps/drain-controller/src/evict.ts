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
    node.pods.map(async (pod) => [await limit(() => readPod({ client, node, rules }, pod)), pod] as const),
  );
  const unread = found.flatMap(([each]) => ('because' in each ? [each] : []));
  const known = new Map(found.flatMap(([each, pod]) => ('because' in each ? [] : [[each, pod] as const])));
  const { evict: leaving, awaited, staying } = podsToEvict([...known.keys()], rules);
  const reasons = await Promise.all(
    leaving.map((pod) => limit(() => evictOne(ports, known.get(pod) ?? { metadata: pod }, rules.force === true))),
  );
  const left = [...leaving, ...awaited];
  for (const pod of left) node.leaving.add(known.get(pod)?.metadata.uid ?? titleOf(pod));
  return {
    left: [...left.map(titleOf), ...unread.map(({ title }) => title)],
    blocked: [
      ...reasons.flatMap((reason) => reason ?? []),
      ...unread.map(({ title, because }) => `${title}: ${because}`),
    ],
    awaited: awaited.map(titleOf),
    staying,
    progress: { gone: node.leaving.size - left.length, total: node.leaving.size },
  };
}

async function evictOne(ports: EvictPorts, pod: Pod, force: boolean): Promise<string | undefined> {
  if (pod.metadata.deletionTimestamp !== undefined) return undefined;
  const blocked = await tryEviction(ports, pod);
  if (blocked === undefined) return undefined;
  if (force && blocked.isObjection) return deletePod(ports, pod, blocked.because);
  return `${titleOf(pod.metadata)}: ${blocked.because}`;
}

/** Why a pod cannot be evicted now. */
interface Blocked {
  readonly because: string;
  /** A budget or a webhook wants the pod to stay. Otherwise the API server could not do it: that is no case for force. */
  readonly isObjection: boolean;
}

/** A pod that cannot be evicted is no reason to leave the others where they are, whatever the cause. */
async function tryEviction({ client }: EvictPorts, { metadata }: Pod): Promise<Blocked | undefined> {
  try {
    await client.evict(metadata, metadata.uid);
    return undefined;
  } catch (error) {
    if (isNotFound(error)) return undefined;
    if (!(error instanceof ApiError)) throw error;
    const because = error.causes.length > 0 ? error.causes.join(', ') : error.message;
    return { because, isObjection: isObjection(error) };
  }
}

/**
 * With 429 a budget is among the causes; without causes the API server has too much to do. With 500 several budgets
 * select the pod, which the message says (pkg/registry/core/pod/storage/eviction.go of Kubernetes). A webhook chooses its
 * status itself.
 */
function isObjection({ status, causes, message }: ApiError): boolean {
  if (status >= 400 && status < 500 && message.includes('admission webhook')) return true;
  return (status === 429 && causes.length > 0) || (status === 500 && message.includes('PodDisruptionBudget'));
}

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

/** A pod of which nobody knows what it holds. It counts as one that has to leave, and cannot yet. */
interface UnreadPod {
  readonly title: string;
  readonly because: string;
}

async function readPod(sources: PodSources, pod: Pod): Promise<PodOnNode | UnreadPod> {
  try {
    return await podOnNode(sources, pod);
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    return { title: titleOf(pod.metadata), because: `its ResourceClaims cannot be read: ${error.message}` };
  }
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
