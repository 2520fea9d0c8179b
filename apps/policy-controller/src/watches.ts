import { type KubeObject, keyOf, type SriovNetworkNodeState } from '@sriov/api';
import { type Controller } from '@sriov/controller';
import { type Change, type Store } from '@sriov/kube';
import { type Caches } from './caches.ts';
import { type NodeFindings } from './node-findings.ts';

/** Changes of nodes come in bursts; the status of a policy is computed from all of them together. */
const STATUS_DELAY_MS = 1_000;

/** What the watches wake, and what they look up for that. */
export interface Wiring {
  readonly caches: Caches;
  readonly nodes: Controller;
  readonly policies: Controller;
  readonly findings: NodeFindings;
  /** The operator's namespace. */
  readonly namespace: string;
}

/** Wakes the controllers: which change concerns which node and which policy. */
export function connectWatches({ caches, nodes, policies, findings, namespace }: Wiring): void {
  const wakeAllNodes = (): void => {
    for (const { metadata } of caches.nodes.store.list()) nodes.enqueue(metadata.name);
    // States of nodes that are gone as well.
    for (const { metadata } of caches.nodeStates.store.list()) nodes.enqueue(metadata.name);
  };
  const wakeAllPolicies = (): void => {
    for (const policy of caches.policies.store.list()) policies.enqueue(keyOf(policy), STATUS_DELAY_MS);
  };

  caches.policies.store.subscribe((change) => {
    // A write of a status is no change of what is wanted.
    if (!isSpecChange(change)) return;
    wakeAllNodes();
    policies.enqueue(keyOf(change.object), STATUS_DELAY_MS);
  });
  for (const informer of [caches.pools, caches.operatorConfigs, caches.supportedNics]) {
    (informer.store as Store<KubeObject>).subscribe((change) => {
      if (!isSpecChange(change)) return;
      wakeAllNodes();
      wakeAllPolicies();
    });
  }
  caches.nodes.store.subscribe((change) => {
    if (hasSameLabels(change)) return;
    nodes.enqueue(change.object.metadata.name);
    wakeAllPolicies();
  });
  caches.nodeStates.store.subscribe((change) => {
    const { name } = change.object.metadata;
    if (!isSameForPlanning(change)) nodes.enqueue(name);
    for (const policy of findings.policiesOf(name)) policies.enqueue(`${namespace}/${policy}`, STATUS_DELAY_MS);
  });
  caches.devicePluginConfig.store.subscribe(wakeAllNodes);
}

/** ConfigMaps have no generation: each change of one counts. */
function isSpecChange({ type, object, previous }: Change<KubeObject>): boolean {
  const { generation } = object.metadata;
  return type !== 'updated' || generation === undefined || generation !== previous?.metadata.generation;
}

function hasSameLabels({ type, object, previous }: Change<KubeObject>): boolean {
  return type === 'updated' && JSON.stringify(object.metadata.labels) === JSON.stringify(previous?.metadata.labels);
}

/** Compares what planning reads: the spec, and which devices there are. How they are doing is not its business. */
function isSameForPlanning({ type, object, previous }: Change<SriovNetworkNodeState>): boolean {
  const identity = ({ metadata, spec, status }: SriovNetworkNodeState): string =>
    JSON.stringify([metadata.annotations, spec, status?.interfaces]);
  return type === 'updated' && previous !== undefined && identity(object) === identity(previous);
}
