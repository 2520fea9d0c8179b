import {
  CONDITION,
  IGNORED_POLICY_NAME,
  matchesLabels,
  type NodePolicyStatus,
  nodePolicyStatusSchema,
  REASON,
  SRIOV_NETWORK_NODE_POLICY,
  type SriovNetworkNodePolicy,
  wireText,
} from '@sriov/api';
import { done, mergeConditions, type Outcome } from '@sriov/controller';
import { type EventRecorder, type KubeClient } from '@sriov/kube';
import { policyStatus, type Problem, readinessOf } from '@sriov/policy';
import { type Caches } from './caches.ts';
import { type FleetView } from './fleet-view.ts';
import { type NodeFindings } from './node-findings.ts';
import { type Settings } from './settings.ts';

/** What a reconcile of a policy works with. */
export interface PolicyContext {
  readonly caches: Caches;
  readonly view: FleetView;
  readonly findings: NodeFindings;
  readonly settings: Settings;
  readonly client: KubeClient;
  readonly recorder: EventRecorder;
  readonly now: () => number;
}

/** Says on a policy how far it has come: matched and ready nodes, and what is wrong. */
export async function reconcilePolicy(context: PolicyContext, key: string): Promise<Outcome> {
  const policy = context.caches.policies.store.get(key);
  if (policy === undefined || isIgnored(policy)) return done(REASON.policyApplied, 'there is nothing to say');
  const decided = policyStatus(factsOf(context, policy));
  const { conditions, transitions } = mergeConditions(policy.status?.conditions ?? [], decided.conditions, {
    generation: policy.metadata.generation,
    now: context.now(),
  });
  await writeStatus(context.client, policy, { ...decided, conditions });
  for (const { type, status, reason, message } of transitions) {
    if (type !== CONDITION.degraded || status !== 'True') continue;
    context.recorder.record(SRIOV_NETWORK_NODE_POLICY, policy, { type: 'Warning', reason, message });
  }
  return done(REASON.policyApplied, 'the status is up to date');
}

async function writeStatus(
  client: KubeClient,
  policy: SriovNetworkNodePolicy,
  status: NodePolicyStatus,
): Promise<void> {
  const text = (value: NodePolicyStatus): string => wireText(nodePolicyStatusSchema, value);
  if (text(status) === text(policy.status ?? {})) return;
  const { name, namespace = '' } = policy.metadata;
  await client.apply(SRIOV_NETWORK_NODE_POLICY, { metadata: { name, namespace }, status }, { subresource: 'status' });
}

function isIgnored({ metadata }: SriovNetworkNodePolicy): boolean {
  return metadata.name === IGNORED_POLICY_NAME || metadata.deletionTimestamp !== undefined;
}

function factsOf(context: PolicyContext, policy: SriovNetworkNodePolicy): Parameters<typeof policyStatus>[0] {
  const { caches, findings, view, settings } = context;
  const { name, namespace } = policy.metadata;
  const problems = findProblems(context, policy);
  if (namespace !== settings.namespace) return { selectedNodes: 0, matched: [], problems };
  const matched = findings.nodesOf(name).flatMap((node) => {
    const state = caches.nodeStates.store.get(`${settings.namespace}/${node}`);
    return state ? [{ name: node, readiness: readinessOf(state) }] : [];
  });
  const selector = { ...view.current.nodeSelector, ...policy.spec?.nodeSelector };
  const selectedNodes = caches.nodes.store
    .list()
    .filter((node) => matchesLabels(selector, node.metadata.labels)).length;
  return { selectedNodes, matched, problems };
}

function findProblems({ view, findings, settings }: PolicyContext, policy: SriovNetworkNodePolicy): Problem[] {
  const { name, namespace } = policy.metadata;
  const about = { kind: 'SriovNetworkNodePolicy', name } as const;
  if (namespace !== settings.namespace) {
    const message = `policies are read from the namespace ${settings.namespace} only: move it there`;
    return [{ ...about, reason: REASON.wrongNamespace, message }];
  }
  if (view.operatorConfig === undefined) {
    const message = `there is no SriovOperatorConfig named default in ${settings.namespace}: nothing is managed until it is created`;
    return [{ ...about, reason: REASON.noOperatorConfig, message }];
  }
  const own = view.current.problems.filter((problem) => problem.kind === about.kind && problem.name === name);
  return [...own, ...findings.problemsOf(name)];
}
