import {
  type DesiredInterface,
  formatVfRange,
  type ObservedInterface,
  readPlannedFrom,
  REASON,
  type SriovNetworkNodeState,
} from '@sriov/api';
import { type NicRules } from './candidate.ts';
import { type Contribution } from './contribution.ts';
import { findRivals, mergeContributions, overlay } from './merge.ts';
import { nameOf, selects } from './nic-selector.ts';
import { effectOf, type PfBefore } from './policy-effect.ts';
import { type PreparedPolicy } from './prepare.ts';
import { policyProblem, type Problem } from './problem.ts';

/** What the policies want of one PF, laid one over another. */
export interface PfLayers {
  readonly nic: ObservedInterface;
  /** What is left of the contribution of each policy, in rising precedence. */
  readonly contributions: readonly Contribution[];
  /** Policies that want no VFs and hand out the PF itself. */
  readonly wholePf: readonly string[];
  /** Policies that are carried out on the PF, even if others take all its VFs from them. */
  readonly applied: readonly string[];
  /**
   * Its VFs may come from a policy that cannot be applied, so what it should be is not known, and nothing is planned.
   */
  readonly isUnknown: boolean;
  /** Policies that can mean the PF, even if they are refused or others take all its VFs from them. */
  readonly meantBy: readonly string[];
}

/** What the layers of the PFs of a node depend on. */
export interface LayerFacts {
  /** Name of the node. */
  readonly node: string;
  readonly state: SriovNetworkNodeState | undefined;
  /** The policies about the node, in rising precedence. */
  readonly policies: readonly PreparedPolicy[];
  readonly rules: NicRules;
}

/** Lays the wishes of the policies for one PF over one another, in rising precedence. */
export function layersOf(
  facts: LayerFacts,
  nic: ObservedInterface,
): { readonly layers: PfLayers; readonly problems: readonly Problem[] } {
  const pf = { nic, before: entryOf(facts.state, nic) };
  let stack = EMPTY_STACK;
  for (const policy of facts.policies) {
    if (policy.kind === 'readable' && !selects(policy.selector, nic)) continue;
    stack = isForWholePf(policy) ? withWholePf(stack, policy) : withPolicy(facts, stack, { policy, pf });
  }
  const { contributions, wholePf, applied, meantBy, problems, doubt } = stack;
  const layers = { nic, contributions, wholePf, applied: [...wholePf, ...applied], meantBy, isUnknown: false };
  if (doubt === undefined || !isForgotten(facts.state, pf)) return { layers, problems };
  return {
    layers: unknownLayers(layers),
    problems: [...problems, ...doubtProblems(facts.node, stack, { nic, doubt })],
  };
}

/** The layers so far, while the policies are laid on top one by one. */
interface Stack {
  readonly contributions: readonly Contribution[];
  readonly wholePf: readonly string[];
  readonly applied: readonly string[];
  readonly meantBy: readonly string[];
  readonly problems: readonly Problem[];
  /** Name of a policy that cannot be applied and of which nothing is kept. */
  readonly doubt: string | undefined;
}

const EMPTY_STACK: Stack = {
  contributions: [],
  wholePf: [],
  applied: [],
  meantBy: [],
  problems: [],
  doubt: undefined,
};

function isForWholePf(policy: PreparedPolicy): boolean {
  return policy.kind === 'readable' && policy.spec.numVfs === 0;
}

function withWholePf(stack: Stack, policy: PreparedPolicy): Stack {
  return {
    ...stack,
    wholePf: [...stack.wholePf, policy.name],
    meantBy: [...stack.meantBy, policy.name],
  };
}

function withPolicy(
  { node, rules }: LayerFacts,
  stack: Stack,
  { policy, pf }: { readonly policy: PreparedPolicy; readonly pf: PfBefore },
): Stack {
  const { contribution, isMeant, isDoubtful, refusal } = effectOf(rules, policy, pf);
  const refused = refusal ? [policyProblem({ policy: policy.name, node }, refusal.reason, refusal.message)] : [];
  const next = {
    ...stack,
    meantBy: isMeant ? [...stack.meantBy, policy.name] : stack.meantBy,
    doubt: isDoubtful ? policy.name : stack.doubt,
    problems: [...stack.problems, ...refused],
  };
  if (contribution === undefined) return next;
  const rivals = rivalProblems(node, pf.nic, { below: stack.contributions, top: contribution });
  return {
    ...next,
    contributions: overlay(stack.contributions, contribution),
    applied: contribution.isKept ? stack.applied : [...stack.applied, policy.name],
    problems: [...next.problems, ...rivals],
  };
}

function rivalProblems(
  node: string,
  nic: ObservedInterface,
  { below, top }: { readonly below: readonly Contribution[]; readonly top: Contribution },
): Problem[] {
  return findRivals(below, top).map(({ policy, range }) => {
    const message = `${nameOf(nic)}: policy ${top.policy} takes VFs ${formatVfRange(range)}, which this one wants as well: both have the priority ${top.priority}, and the later name decides`;
    return policyProblem({ policy, node }, REASON.policyConflict, message);
  });
}

/** The entry of the PF in the present spec. */
function entryOf(state: SriovNetworkNodeState | undefined, nic: ObservedInterface): DesiredInterface | undefined {
  return state?.spec?.interfaces?.find(({ pciAddress }) => pciAddress === nic.pciAddress);
}

/** The PF has VFs, and no record says which policies made them, because the node state was deleted since. */
function isForgotten(state: SriovNetworkNodeState | undefined, { nic, before }: PfBefore): boolean {
  const wasPlanned = state !== undefined && readPlannedFrom(state)?.has(nic.pciAddress) === true;
  return before === undefined && !wasPlanned && (nic.Vfs ?? []).length > 0;
}

/** The layers when a policy that cannot be applied may have made the VFs of the PF. */
function unknownLayers({ nic, wholePf, meantBy }: PfLayers): PfLayers {
  return {
    nic,
    contributions: [],
    wholePf,
    applied: wholePf,
    meantBy,
    isUnknown: true,
  };
}

function doubtProblems(
  node: string,
  { applied }: Stack,
  { nic, doubt }: { readonly nic: ObservedInterface; readonly doubt: string },
): Problem[] {
  const message = `${nameOf(nic)}: policy ${doubt} cannot be applied, and may have made the VFs that are there: the PF stays as it is until that policy is corrected or removed`;
  return applied.map((policy) => policyProblem({ policy, node }, REASON.policyConflict, message));
}

/** The desired state of the PF that the layers add up to, and the contradictions between them. */
export function mergeLayers(
  node: string,
  { nic, contributions }: PfLayers,
): { readonly desired: DesiredInterface; readonly problems: readonly Problem[] } {
  const { desired, conflicts } = mergeContributions(nic, contributions);
  const problems = conflicts.map(({ policy, winner, field }) => {
    const message = `${nameOf(nic)}: ${field} differs from that of policy ${winner}, which takes precedence on this PF`;
    return policyProblem({ policy, node }, REASON.policyConflict, message);
  });
  return { desired, problems };
}
