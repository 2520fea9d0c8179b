import { REASON, SRIOV_NETWORK_POOL_CONFIG, type SriovNetworkPoolConfig } from '@sriov/api';
import { done, type Outcome } from '@sriov/controller';
import { isManaged } from '@sriov/policy';
import { poolStatus } from '@sriov/policy-status';
import { misplaced, selectorMatches } from '@sriov/selection';
import { reconcileStatus, type StatusContext } from './status/reconcile-status.ts';
import { nodesOf } from './status/nodes-of.ts';

/** Says on a pool which nodes are in it and how far they have come, and what is wrong. */
export async function reconcilePool(context: StatusContext, key: string): Promise<Outcome> {
  const pool = context.caches.pools.store.get(key);
  if (pool === undefined || pool.metadata.deletionTimestamp !== undefined) {
    return done(REASON.poolReady, 'there is nothing to say');
  }
  const facts = factsOf(context, pool);
  const about = { key, resource: SRIOV_NETWORK_POOL_CONFIG, object: pool };
  return reconcileStatus(context, about, { ...poolStatus(facts), isPlanned: facts.unplannedNodes === 0 });
}

function factsOf(context: StatusContext, pool: SriovNetworkPoolConfig): Parameters<typeof poolStatus>[0] {
  const { caches, view, settings } = context;
  const { name, namespace } = pool.metadata;
  if (namespace !== settings.namespace) {
    const problem = misplaced({ kind: 'SriovNetworkPoolConfig', name, operatorNamespace: settings.namespace });
    return { matched: [], unplannedNodes: 0, unreported: [], problems: [problem], isForOffload: false };
  }
  const prepared = view.current.pools.find((each) => each.name === name);
  const selected = caches.nodes.store
    .list()
    .filter(({ metadata: { labels = {} } }) => prepared !== undefined && isInPool(context, prepared, labels));
  const nodes = nodesOf(context, { kind: 'SriovNetworkPoolConfig', object: pool, selected });
  return { ...nodes, isForOffload: prepared === undefined && nodes.problems.length === 0 };
}

function isInPool(
  { view }: StatusContext,
  { spec }: StatusContext['view']['current']['pools'][number],
  labels: Record<string, string>,
): boolean {
  return isManaged(view.current, labels) && selectorMatches(spec.nodeSelector, labels);
}
