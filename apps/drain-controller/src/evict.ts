import { ApiError, isNotFound, type KubeClient, type Pod } from '@sriov/kube';
import { type EvictionRules, type PodOnNode, podsToEvict, type StayingPod } from '@sriov/rollout';
import pLimit from 'p-limit';
import { MIRROR } from './pods-of-nodes.ts';

/** How far the pods of a node have left. */
export interface Evicted {
  /** Pods that have to leave and are still there. */
  readonly left: readonly string[];
  /** Those of them that cannot be evicted now, each with the reason of the API server. */
  readonly blocked: readonly string[];
  /** Pods that stay although they hold a VF. */
  readonly staying: readonly StayingPod[];
}

/** Evictions of a node at the same time. */
const AT_ONCE = 10;

/** Asks for the eviction of every pod that has to leave and does not leave yet. */
export async function evict(client: KubeClient, pods: readonly Pod[], rules: EvictionRules): Promise<Evicted> {
  const known = new Map(pods.map((pod) => [podOnNode(pod), pod] as const));
  const { evict: leaving, staying } = podsToEvict([...known.keys()], rules);
  const limit = pLimit(AT_ONCE);
  const reasons = await Promise.all(leaving.map((pod) => limit(() => evictOne(client, pod, known.get(pod)?.metadata))));
  return { left: leaving.map(titleOf), blocked: reasons.flatMap((reason) => reason ?? []), staying };
}

async function evictOne(
  client: KubeClient,
  pod: PodOnNode,
  metadata: Pod['metadata'] | undefined,
): Promise<string | undefined> {
  if (metadata?.deletionTimestamp !== undefined) return undefined;
  try {
    await client.evict(pod, metadata?.uid);
    return undefined;
  } catch (error) {
    if (isNotFound(error)) return undefined;
    if (!(error instanceof ApiError) || !BLOCKED.includes(error.status)) throw error;
    return `${titleOf(pod)}: ${error.causes.length > 0 ? error.causes.join(', ') : error.message}`;
  }
}

/** 429: a PodDisruptionBudget is in the way. 409: another pod has taken its name. 500: several budgets select it. */
const BLOCKED = [429, 409, 500];

const titleOf = ({ namespace, name }: PodOnNode): string => `${namespace}/${name}`;

function podOnNode({ metadata, spec, status }: Pod): PodOnNode {
  const controller = metadata.ownerReferences?.find((owner) => owner.controller === true)?.kind;
  const resources = (spec?.containers ?? []).flatMap((container) => Object.keys(container.resources?.requests ?? {}));
  return {
    namespace: metadata.namespace ?? '',
    name: metadata.name,
    resources: [...new Set(resources)],
    claimDrivers: [],
    controller,
    isMirror: metadata.annotations?.[MIRROR] !== undefined,
    isOver: status?.phase === 'Succeeded' || status?.phase === 'Failed',
  };
}
