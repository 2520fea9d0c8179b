import { REASON, SRIOV_NETWORK_POOL_CONFIG, type SriovNetworkPoolConfig } from '@sriov/api';
import { done, type Outcome, wait } from '@sriov/controller';
import { isManaged, poolStatus, selectorMatches } from '@sriov/policy';
import { isCurrent, nodesOf } from './nodes-of.ts';
import { PLANNING_MS, type StatusContext } from './reconcile-policy.ts';
import { writeStatus } from './write-status.ts';

/** Says on a pool which nodes are in it and how far they have come, and what is wrong. */
export async function reconcilePool(context: StatusContext, key: string): Promise<Outcome> {
  const pool = context.caches.pools.store.get(key);
  if (pool === undefined || pool.metadata.deletionTimestamp !== undefined) {
    return done(REASON.poolReady, 'there is nothing to say');
  }
  const facts = factsOf(context, pool);
  if (facts.unplannedNodes > 0 && isCurrent(pool)) {
    return wait(PLANNING_MS, REASON.nodesProgressing, 'nodes are being planned');
  }
  await writeStatus(context, { resource: SRIOV_NETWORK_POOL_CONFIG, object: pool }, poolStatus(facts));
  return done(REASON.poolReady, 'the status is up to date');
}

function factsOf(context: StatusContext, pool: SriovNetworkPoolConfig): Parameters<typeof poolStatus>[0] {
  const { caches, view } = context;
  const { name } = pool.metadata;
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
