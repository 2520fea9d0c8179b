import { IGNORED_POLICY_NAME, REASON, SRIOV_NETWORK_NODE_POLICY, type SriovNetworkNodePolicy } from '@sriov/api';
import { done, type Outcome } from '@sriov/controller';
import { isManaged } from '@sriov/policy';
import { policyStatus } from '@sriov/policy-status';
import { explainMismatch, matchesLabels, misplaced, policyProblem, type Problem } from '@sriov/selection';
import { reconcileStatus, type StatusContext } from './status/reconcile-status.ts';
import { nodesOf } from './status/nodes-of.ts';

type PolicyFacts = Parameters<typeof policyStatus>[0];

/** Says on a policy how far it has come: matched and ready nodes, and what is wrong. */
export async function reconcilePolicy(context: StatusContext, key: string): Promise<Outcome> {
  const policy = context.caches.policies.store.get(key);
  if (policy === undefined || policy.metadata.name === IGNORED_POLICY_NAME) {
    return done(REASON.policyApplied, 'there is nothing to say');
  }
  const facts = factsOf(context, policy);
  const about = { key, resource: SRIOV_NETWORK_NODE_POLICY, object: policy };
  return reconcileStatus(context, about, { ...policyStatus(facts), isPlanned: facts.unplannedNodes === 0 });
}

function factsOf(context: StatusContext, policy: SriovNetworkNodePolicy): PolicyFacts {
  const { caches, view, settings } = context;
  const { name, namespace } = policy.metadata;
  const nothing = (problem: Problem): PolicyFacts => ({
    selectedNodes: 0,
    unplannedNodes: 0,
    unreported: [],
    matched: [],
    problems: [problem],
  });
  if (namespace !== settings.namespace) {
    return nothing(misplaced({ kind: 'SriovNetworkNodePolicy', name, operatorNamespace: settings.namespace }));
  }
  if (view.operatorConfig === undefined) {
    const message = `there is no SriovOperatorConfig named default in ${settings.namespace}: nothing is managed until it is created`;
    return nothing(policyProblem({ policy: name }, REASON.noOperatorConfig, message));
  }
  if (view.current.nodeSelector === undefined) {
    const message = 'the SriovOperatorConfig cannot be read: all nodes stay as they are until it can';
    return nothing(policyProblem({ policy: name }, REASON.operatorConfigInvalid, message));
  }
  const nodeSelector = policy.spec?.nodeSelector ?? {};
  const selected = caches.nodes.store
    .list()
    .filter(({ metadata: { labels = {} } }) => isManaged(view.current, labels) && matchesLabels(nodeSelector, labels));
  const facts = nodesOf(context, { kind: 'SriovNetworkNodePolicy', object: policy, selected });
  const nodes = selected.map(({ metadata }) => metadata.name);
  return facts.matched.length > 0 ? facts : { ...facts, mismatch: findMismatch(context, name, nodes) };
}

/** Why the selector of a policy that configures nothing matches no PF of its nodes. */
function findMismatch(
  { caches, view, settings }: StatusContext,
  name: string,
  nodes: readonly string[],
): string | undefined {
  const policy = view.current.policies.find((each) => each.name === name);
  if (policy?.kind !== 'readable') return undefined;
  const interfaces = nodes.flatMap(
    (node) => caches.nodeStates.store.get(`${settings.namespace}/${node}`)?.status?.interfaces ?? [],
  );
  return explainMismatch(policy.selector, interfaces);
}
