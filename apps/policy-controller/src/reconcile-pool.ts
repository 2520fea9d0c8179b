import { REASON, SRIOV_NETWORK_POOL_CONFIG } from '@sriov/api';
import { done, type Outcome } from '@sriov/controller';
import { poolStatus } from '@sriov/policy-status';
import { gatherPoolFacts } from './status/pool-facts.ts';
import { reconcileStatus, type StatusContext } from './status/reconcile-status.ts';

/** Says on a pool which nodes are in it and how far they have come, and what is wrong. */
export async function reconcilePool(context: StatusContext, key: string): Promise<Outcome> {
  const pool = context.caches.pools.store.get(key);
  if (pool === undefined || pool.metadata.deletionTimestamp !== undefined) {
    return done(REASON.poolReady, 'there is nothing to say');
  }
  const facts = gatherPoolFacts(context, pool);
  const about = { key, resource: SRIOV_NETWORK_POOL_CONFIG, object: pool };
  return reconcileStatus(context, about, { ...poolStatus(facts), isPlanned: facts.unplannedNodes === 0 });
}
