import { CONDITION, readPlannedFrom, REASON, type SriovNetworkNodeState, STARTUP_TAINT } from '@sriov/api';
import { done, type Outcome } from '@sriov/controller';
import { type KubeClient, type Node, NODE } from '@sriov/kube';
import { type Logger } from '@sriov/runtime';
import { type Caches } from './caches.ts';
import { type NodeContext } from './reconcile-node.ts';

/** What taking the taint off works with. */
export interface TaintContext extends Pick<NodeContext, 'record'> {
  readonly caches: Pick<Caches, 'nodes' | 'nodeStates'>;
  readonly client: KubeClient;
  readonly namespace: string;
  readonly log: Logger;
}

/** Takes the taint off a node that is configured. Nobody puts it back: it is about the first time alone. */
export async function reconcileStartupTaint(context: TaintContext, name: string): Promise<Outcome> {
  const { caches, client, namespace, log, record } = context;
  const node = caches.nodes.store.get(name);
  if (node === undefined || !isTainted(node)) return done(REASON.startupTaintRemoved, 'the node has no such taint');
  const waiting = findUnconfigured(caches.nodeStates.store.get(`${namespace}/${name}`));
  if (waiting !== undefined) return done(REASON.applying, waiting);
  const taints = (node.spec?.taints ?? []).filter(({ key }) => key !== STARTUP_TAINT);
  const metadata = { resourceVersion: node.metadata.resourceVersion };
  await client.mergePatch(NODE, { name }, { patch: { metadata, spec: { taints } }, metadataOnly: true });
  log.info({ node: name }, 'took the startup taint off the node');
  const message = `took the taint ${STARTUP_TAINT} off the node: it is configured, and takes pods`;
  record({ node: name }, { type: 'Normal', reason: REASON.startupTaintRemoved, message });
  return done(REASON.startupTaintRemoved, message);
}

function isTainted({ spec }: Node): boolean {
  return spec?.taints?.some(({ key }) => key === STARTUP_TAINT) ?? false;
}

/**
 * Why a node is not configured yet, as a sentence; `undefined` when it is. Before the policy controller has planned it,
 * what its daemon says is about nothing.
 */
export function findUnconfigured(state: SriovNetworkNodeState | undefined): string | undefined {
  if (state === undefined) return 'the node has no SriovNetworkNodeState yet (is it one that the operator manages?)';
  if (readPlannedFrom(state) === undefined) return 'nothing is planned for the node yet';
  const conditions = state.status?.conditions ?? [];
  const heldBack = conditions.find(({ type, status }) => type === CONDITION.rolledOut && status === 'False');
  if (heldBack) return `the node is held back (${heldBack.reason}), as its condition RolledOut says`;
  const ready = conditions.find(({ type }) => type === CONDITION.ready);
  if (ready?.status !== 'True') return 'the daemon of the node has not said that it is configured';
  return ready.observedGeneration === state.metadata.generation
    ? undefined
    : 'the daemon of the node has not carried out its newest spec';
}
