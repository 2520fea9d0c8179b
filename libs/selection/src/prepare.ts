import {
  IGNORED_POLICY_NAME,
  matchesLabels,
  type NodePolicySpec,
  nodePolicySpecSchema,
  readSpec,
  REASON,
  type SriovNetworkNodePolicy,
} from '@sriov/api';
import { isEmptySelector, readSelector, type ReadSelector } from './nic-selector.ts';
import { policyProblem, type Problem } from './problem.ts';
import { findResourceNameFault } from './resource-name.ts';

/** A policy that has been read and can be applied. */
export interface ReadablePolicy {
  readonly kind: 'readable';
  readonly name: string;
  /** 0 is the highest precedence. */
  readonly priority: number;
  readonly spec: NodePolicySpec;
  readonly selector: ReadSelector;
}

/** A stored policy that cannot be read. What it configured before is kept: bad input must not destroy VFs. */
export interface UnreadablePolicy {
  readonly kind: 'unreadable';
  readonly name: string;
  readonly priority: number;
}

/** A policy after reading. */
export type PreparedPolicy = ReadablePolicy | UnreadablePolicy;

/**
 * Reads the policies, once for all nodes. They come back in the order in which they are applied: later ones take
 * precedence. Higher priority numbers come first; among equals the names decide. One that is being deleted counts until
 * it is gone: whoever holds it by a finalizer has something to do while its VFs are there.
 */
export function preparePolicies(policies: readonly SriovNetworkNodePolicy[]): {
  readonly prepared: readonly PreparedPolicy[];
  readonly problems: readonly Problem[];
} {
  const problems: Problem[] = [];
  const prepared = policies
    .filter(({ metadata }) => metadata.name !== IGNORED_POLICY_NAME)
    .map((policy) => prepare(policy, problems));
  prepared.sort((a, b) => b.priority - a.priority || (a.name < b.name ? -1 : 1));
  return { prepared, problems };
}

function prepare(policy: SriovNetworkNodePolicy, problems: Problem[]): PreparedPolicy {
  const { name } = policy.metadata;
  const unreadable = (message: string): UnreadablePolicy => {
    problems.push(policyProblem({ policy: name }, REASON.policyInvalid, message));
    const priority: unknown = policy.spec?.priority;
    return { kind: 'unreadable', name, priority: typeof priority === 'number' ? priority : 0 };
  };
  const read = readSpec(nodePolicySpecSchema, policy.spec);
  if (!read.ok) return unreadable(read.message);
  const { value: spec } = read;
  const nameFault = findResourceNameFault(spec.resourceName);
  if (nameFault !== undefined) return unreadable(nameFault);
  const selector = readSelector(spec.nicSelector);
  if (typeof selector === 'string') return unreadable(selector);
  if (isEmptySelector(selector)) {
    problems.push(
      policyProblem({ policy: name }, REASON.policyInvalid, 'spec.nicSelector is empty: it selects nothing'),
    );
  }
  return { kind: 'readable', name, priority: spec.priority ?? 0, spec, selector };
}

/** True when the policy is about nodes with these labels. Of an unreadable one nobody knows. */
export function isAboutNode(policy: PreparedPolicy, labels: Readonly<Record<string, string>>): boolean {
  return policy.kind === 'unreadable' || matchesLabels(policy.spec.nodeSelector, labels);
}
