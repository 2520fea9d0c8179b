/** What decides whether a pod has to leave a node. */
export interface PodOnNode {
  readonly namespace: string;
  readonly name: string;
  /** Resources that any of its containers asks for: init containers and sidecars as well. */
  readonly resources: readonly string[];
  /** Drivers of the devices that its ResourceClaims have been given. */
  readonly claimDrivers: readonly string[];
  /** Kind of the object that controls it; absent where nothing does. */
  readonly controller?: string | undefined;
  /** The kubelet runs it from a file. It cannot be evicted. */
  readonly isMirror: boolean;
  /** It has succeeded or failed: it holds no device any more. */
  readonly isOver: boolean;
  /** Its pool wants the drain to wait until it has ended by itself. */
  readonly isAwaited: boolean;
}

/** Which pods have to leave. */
export interface EvictionRules {
  /** Those that hold devices of ours, or all. */
  readonly pods: 'withVfs' | 'all';
  /** Prefix of our resources, without the slash. */
  readonly resourcePrefix: string;
  /** Name of the DRA driver that hands out VFs; absent where none does. */
  readonly claimDriver?: string | undefined;
  /** The drain has taken too long: no pod is awaited any more. */
  readonly force?: boolean | undefined;
}

/** A pod that stays although it holds what the drain is about. */
export interface StayingPod {
  readonly pod: PodOnNode;
  readonly because: 'daemonSet' | 'mirror';
}

/** Who has to leave a node, and who stays on it with a VF. */
export interface Evictions {
  readonly evict: readonly PodOnNode[];
  /** Pods that have to leave, and are left to end by themselves. */
  readonly awaited: readonly PodOnNode[];
  readonly staying: readonly StayingPod[];
}

/**
 * Pods of DaemonSets stay, as with `kubectl drain`: their controller would put them back at once, whether or not the
 * node is cordoned. Whoever takes VFs away has to look whether such a pod holds one.
 */
export function podsToEvict(pods: readonly PodOnNode[], rules: EvictionRules): Evictions {
  const evict: PodOnNode[] = [];
  const awaited: PodOnNode[] = [];
  const staying: StayingPod[] = [];
  for (const pod of pods) {
    const holdsVfs = !pod.isOver && holdsDevices(pod, rules);
    const because = whyItStays(pod);
    if (because !== undefined) {
      if (holdsVfs) staying.push({ pod, because });
    } else if (rules.pods === 'all' || holdsVfs) (isAwaited(pod, rules) ? awaited : evict).push(pod);
  }
  return { evict, awaited, staying };
}

function isAwaited(pod: PodOnNode, { force = false }: EvictionRules): boolean {
  return pod.isAwaited && !pod.isOver && !force;
}

function whyItStays({ isMirror, controller }: PodOnNode): StayingPod['because'] | undefined {
  if (isMirror) return 'mirror';
  return controller === 'DaemonSet' ? 'daemonSet' : undefined;
}

function holdsDevices({ resources, claimDrivers }: PodOnNode, { resourcePrefix, claimDriver }: EvictionRules): boolean {
  const hasResource = resources.some((resource) => resource.startsWith(`${resourcePrefix}/`));
  return hasResource || (claimDriver !== undefined && claimDrivers.includes(claimDriver));
}
