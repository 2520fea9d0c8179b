import { isPaused, REASON, type SriovNetworkNodePolicy } from '@sriov/api';
import { isManaged } from '@sriov/policy';
import { type PolicyFacts } from '@sriov/policy-status';
import { explainMismatch, matchesLabels, misplaced, policyProblem, type Problem } from '@sriov/selection';
import { nodesOf, type StatusSources } from './nodes-of.ts';

/** Reads from the caches and from what planning found all that bears on the status of the policy. */
export function gatherPolicyFacts(sources: StatusSources, policy: SriovNetworkNodePolicy): PolicyFacts {
  const problem = findProblem(sources, policy);
  if (problem) return { selectedNodes: 0, unplannedNodes: 0, unreported: [], matched: [], problems: [problem] };
  const { caches, view } = sources;
  const nodeSelector = policy.spec?.nodeSelector ?? {};
  const selected = caches.nodes.store
    .list()
    .filter(({ metadata: { labels = {} } }) => isManaged(view.current, labels) && matchesLabels(nodeSelector, labels));
  const nodesFacts = nodesOf(sources, { kind: 'SriovNetworkNodePolicy', object: policy, selected });
  const facts = { ...nodesFacts, isPaused: isPaused(policy) };
  const nodes = selected.map(({ metadata }) => metadata.name);
  return facts.matched.length > 0 ? facts : { ...facts, mismatch: findMismatch(sources, policy.metadata.name, nodes) };
}

/** What keeps a policy from being looked at. */
function findProblem({ view, settings }: StatusSources, { metadata }: SriovNetworkNodePolicy): Problem | undefined {
  const { name, namespace } = metadata;
  if (namespace !== settings.namespace) {
    return misplaced({ kind: 'SriovNetworkNodePolicy', name, operatorNamespace: settings.namespace });
  }
  if (view.operatorConfig === undefined) {
    const message = `there is no SriovOperatorConfig named default in ${settings.namespace}: nothing is managed until it is created`;
    return policyProblem({ policy: name }, REASON.noOperatorConfig, message);
  }
  if (view.current.nodeSelector === undefined) {
    const message = 'the SriovOperatorConfig cannot be read: all nodes stay as they are until it can';
    return policyProblem({ policy: name }, REASON.operatorConfigInvalid, message);
  }
  return undefined;
}

/** Why the selector of a policy that configures nothing matches no PF of its nodes. */
function findMismatch(
  { caches, view, settings }: StatusSources,
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
