import { type DesiredInterface, type ObservedInterface, REASON } from '@sriov/api';
import { findUnfitness, isNamed, type NicRules } from './candidate.ts';
import { contribute, type Contribution, type ContributionRefusal, keepContribution } from './contribution.ts';
import { nameOf } from './nic-selector.ts';
import { type PreparedPolicy, type ReadablePolicy } from './prepare.ts';

/** A PF, and its entry in the present spec of the node. */
export interface PfBefore {
  readonly nic: ObservedInterface;
  readonly before: DesiredInterface | undefined;
}

/** What a policy that selects a PF does there. */
export interface PolicyEffect {
  /** What it wants of the PF, or what is kept of it; absent when there is neither. */
  readonly contribution: Contribution | undefined;
  /** The policy can mean this PF. */
  readonly isMeant: boolean;
  /**
   * The policy cannot be applied, and the present spec has nothing of it: it may have made VFs that nobody remembers.
   */
  readonly isDoubtful: boolean;
  /** Why the policy cannot be applied, where its author should be told. */
  readonly refusal?: ContributionRefusal;
}

/** What the policy, which selects the PF and wants VFs, does there. What cannot be applied stays as it is. */
export function effectOf(rules: NicRules, policy: PreparedPolicy, pf: PfBefore): PolicyEffect {
  const kept = keepContribution(policy, pf.before);
  const isDoubtful = kept === undefined;
  if (policy.kind === 'unreadable') return { contribution: kept, isMeant: !isDoubtful, isDoubtful };
  const unfitness = findUnfitness(rules, policy, pf.nic);
  if (unfitness !== undefined) return unfitEffect(policy, kept, `${nameOf(pf.nic)}: ${unfitness}`);
  const result = contribute(policy, pf.nic);
  return result.ok
    ? { contribution: result.contribution, isMeant: true, isDoubtful: false }
    : { contribution: kept, isMeant: true, isDoubtful, refusal: result.refusal };
}

/** The author of a policy hears of an unfit PF that the policy names, or on which it already has VFs. */
function unfitEffect(policy: ReadablePolicy, kept: Contribution | undefined, message: string): PolicyEffect {
  const isTold = kept !== undefined || isNamed(policy);
  return {
    contribution: kept,
    isMeant: kept !== undefined,
    isDoubtful: false,
    ...(isTold && { refusal: { reason: REASON.unsupported, message } }),
  };
}
