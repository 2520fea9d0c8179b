import { IGNORED_POLICY_NAME, REASON, SRIOV_NETWORK_NODE_POLICY } from '@sriov/api';
import { done, type Outcome } from '@sriov/controller';
import { policyStatus } from '@sriov/policy-status';
import { gatherPolicyFacts } from './status/policy-facts.ts';
import { reconcileStatus, type StatusContext } from './status/reconcile-status.ts';

/** Says on a policy how far it has come: matched and ready nodes, and what is wrong. */
export async function reconcilePolicy(context: StatusContext, key: string): Promise<Outcome> {
  const policy = context.caches.policies.store.get(key);
  if (policy === undefined || policy.metadata.name === IGNORED_POLICY_NAME) {
    return done(REASON.policyApplied, 'there is nothing to say');
  }
  const facts = gatherPolicyFacts(context, policy);
  const about = { key, resource: SRIOV_NETWORK_NODE_POLICY, object: policy };
  return reconcileStatus(context, about, { ...policyStatus(facts), isPlanned: facts.unplannedNodes === 0 });
}
