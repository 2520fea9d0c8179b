import {
  IGNORED_POLICY_NAME,
  type NodePolicySpec,
  nodePolicySpecSchema,
  type Parsed,
  readSpec,
  REASON,
  type SriovNetworkNodePolicy,
} from '@sriov/api';
import { matchesLabels } from './label-selectors.ts';
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

/** A stored policy that cannot be read. What it configured before is kept, since bad input must not destroy VFs. */
interface UnreadablePolicy {
  readonly kind: 'unreadable';
  readonly name: string;
  readonly priority: number;
}

/** A policy after reading. */
export type PreparedPolicy = ReadablePolicy | UnreadablePolicy;

/**
 * Reads the policies once for all nodes, and returns them in the order in which they are applied: later ones take
 * precedence. Higher priority numbers come first, and between equal numbers the names decide. A policy that is being
 * deleted counts until it is gone: whoever holds it with a finalizer has something to do while its VFs are there.
 */
export function preparePolicies(policies: readonly SriovNetworkNodePolicy[]): {
  readonly prepared: readonly PreparedPolicy[];
  readonly problems: readonly Problem[];
} {
  const read = policies
    .filter(({ metadata }) => metadata.name !== IGNORED_POLICY_NAME)
    .map((policy) => ({ policy, result: readPolicy(policy) }));
  const problems = read.flatMap(({ policy, result }) => problemsOf(policy.metadata.name, result));
  const prepared = read.map(({ policy, result }) => (result.ok ? result.value : unreadable(policy)));
  prepared.sort((a, b) => b.priority - a.priority || (a.name < b.name ? -1 : 1));
  return { prepared, problems };
}

/** Reads one policy. */
function readPolicy(policy: SriovNetworkNodePolicy): Parsed<ReadablePolicy> {
  const read = readSpec(nodePolicySpecSchema, policy.spec);
  if (!read.ok) return read;
  const { value: spec } = read;
  const nameFault = findResourceNameFault(spec.resourceName);
  if (nameFault !== undefined) return { ok: false, message: nameFault };
  const selector = readSelector(spec.nicSelector);
  if (!selector.ok) return selector;
  const { name } = policy.metadata;
  return { ok: true, value: { kind: 'readable', name, priority: spec.priority ?? 0, spec, selector: selector.value } };
}

function problemsOf(policy: string, result: Parsed<ReadablePolicy>): Problem[] {
  const invalid = (message: string): Problem[] => [policyProblem({ policy }, REASON.policyInvalid, message)];
  if (!result.ok) return invalid(result.message);
  return isEmptySelector(result.value.selector) ? invalid('spec.nicSelector is empty: it selects nothing') : [];
}

function unreadable({ metadata: { name }, spec }: SriovNetworkNodePolicy): UnreadablePolicy {
  const priority: unknown = spec?.priority;
  return { kind: 'unreadable', name, priority: typeof priority === 'number' ? priority : 0 };
}

/** True when the policy is, or may be, about nodes with these labels: nobody knows what an unreadable one selects. */
export function isAboutNode(policy: PreparedPolicy, labels: Readonly<Record<string, string>>): boolean {
  return policy.kind === 'unreadable' || matchesLabels(policy.spec.nodeSelector, labels);
}
