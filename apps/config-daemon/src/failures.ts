import { type NodeFailure, REASON, type Reason } from '@sriov/api';
import { KernelBlockedError, KernelError } from '@sriov/host';
import { formatVfIds, pfTitle, type PfPlan, type PlanProblem, type PlanProblemReason } from '@sriov/node-plan';
import { type StepFailure } from './apply.ts';
import { type Converged } from './converge.ts';

/** A failure as a pass finds it. Since when it is there, and how the PF is called, is told by the status. */
export type FoundFailure = Omit<NodeFailure, 'since' | 'name'> & { readonly reason: Reason };

/** Reasons of the planner as the reasons of conditions. */
export const PROBLEM_REASONS: Readonly<Record<PlanProblemReason, Reason>> = {
  NotPlannedYet: REASON.notPlannedYet,
  InterfaceNotFound: REASON.interfaceNotFound,
  InterfaceUnreadable: REASON.interfaceUnreadable,
  VirtualFunctionInUse: REASON.vfInUse,
  HostInterface: REASON.hostInterface,
  Unsupported: REASON.unsupported,
  SpecInvalid: REASON.specInvalid,
  BlockedInKernel: REASON.blocked,
};

/**
 * Everything that is not as wanted, the gravest first, with the PF that each is about: a PF that is not named is as it
 * should be.
 */
export function findFailures(converged: Omit<Converged, 'observed' | 'plugin'>): FoundFailure[] {
  const { rest, failures, journalProblems } = converged;
  const failed = new Set(failures.map(({ pciAddress }) => pciAddress));
  const ofRest = failures.length === 0 ? changedBack : leftOver;
  return [
    ...groupAlike(failures).map(ofStep),
    ...rest.problems.map(ofProblem),
    ...journalProblems.map((problem) => ({ ...problem, reason: REASON.stateDamaged })),
    ...rest.pfs.filter(({ pciAddress }) => !failed.has(pciAddress)).map(ofRest),
  ];
}

/** One failure of those that are alike, and the VFs of the others. */
export interface AlikeFailures {
  readonly first: StepFailure;
  /** In words; empty when there are no others. */
  readonly others: string;
}

/** VFs of a PF that failed alike are one failure: 128 of them must not hide what else is wrong. */
export function groupAlike(failures: readonly StepFailure[]): AlikeFailures[] {
  const alike = new Map<string, [StepFailure, ...StepFailure[]]>();
  for (const failure of [...failures].sort((a, b) => (a.vfId ?? 0) - (b.vfId ?? 0))) {
    const { pciAddress, vfId, kind, cause, message } = failure;
    const why = vfId !== undefined && cause instanceof KernelError ? `${kind} ${cause.code}` : message;
    const key = `${pciAddress} ${why}`;
    const group = alike.get(key);
    if (group) group.push(failure);
    else alike.set(key, [failure]);
  }
  return [...alike.values()].map(([first, ...others]) => {
    const ids = others.flatMap(({ vfId }) => vfId ?? []);
    return { first, others: ids.length > 0 ? ` (and likewise VF ${formatVfIds(ids)})` : '' };
  });
}

/** `since` is the only time in a failure: a sentence with another one would be news at each restart of the daemon. */
const NOT_BACK = 'not back from the kernel: the PF is left alone until it is';

function ofStep({ first, others }: AlikeFailures): FoundFailure {
  const { pciAddress, pf, kind, step, cause, message } = first;
  const isBlocked = cause instanceof KernelBlockedError;
  return {
    ...placed(pciAddress),
    step: kind,
    reason: isBlocked ? REASON.blocked : REASON.applyFailed,
    ...(cause instanceof KernelError && !isBlocked && { errno: cause.code }),
    message: `${isBlocked ? `${pf}: ${step}: ${NOT_BACK}` : message}${others}`,
  };
}

function ofProblem({ pciAddress, reason, message }: PlanProblem): FoundFailure {
  const isBlocked = reason === 'BlockedInKernel';
  const text = isBlocked ? `${pciAddress ?? 'the node'}: a call is ${NOT_BACK}` : message;
  return { ...placed(pciAddress), reason: PROBLEM_REASONS[reason], message: text };
}

function changedBack(plan: PfPlan): FoundFailure {
  return ofPlan(plan, REASON.undone, 'the host keeps changing back');
}

/** A failure elsewhere has ended the pass before the PF was done. */
function leftOver(plan: PfPlan): FoundFailure {
  return ofPlan(plan, REASON.applying, 'still to be done');
}

function ofPlan(plan: PfPlan, reason: Reason, what: string): FoundFailure {
  const { pciAddress, before, vfs, after, because } = plan;
  const [step] = [...before, ...vfs.flatMap(({ steps }) => steps), ...after];
  const message = `${pfTitle(plan)}: ${what}: ${because.join(', ')}`;
  return { pciAddress, ...(step && { step: step.kind }), reason, message };
}

const placed = (pciAddress = ''): { pciAddress?: string } => (pciAddress === '' ? {} : { pciAddress });
