import { messageOf, REASON, SYNC_STATUS } from '@sriov/api';
import { KernelBlockedError } from '@sriov/host';
import { describePlan } from '@sriov/node-plan';
import { type StepFailure } from './apply.ts';
import { type Converged } from './converge.ts';
import { findFailures, groupAlike, PROBLEM_REASONS } from './failures.ts';
import { applying, type Verdict } from './node-status.ts';

/**
 * What the last look at the host says: it is as wanted, or every single thing that is not, the gravest first. With
 * `isPatient`, calls that are still in the kernel are work in progress as long as nothing else is wrong.
 */
export function verdictOf(converged: Converged, isPatient = false): Verdict {
  const { rest, failures, journalProblems } = converged;
  const isUndone = failures.length === 0 && rest.pfs.length > 0;
  const lines = [
    ...groupAlike(failures).map(({ first, others }) => `${first.message}${others}`),
    ...rest.problems.map(({ message }) => message),
    ...journalProblems.map(({ message }) => message),
    ...(isUndone ? ['the host keeps changing back; still to do:', ...describePlan({ ...rest, problems: [] })] : []),
  ];
  if (lines.length === 0) {
    return { syncStatus: SYNC_STATUS.succeeded, reason: REASON.inSync, message: 'the host is as the spec wants it' };
  }
  if (isPatient && !isUndone && isOnlyBlocked(converged)) return applying(lines);
  if (!isUndone && isOnlyUnplanned(converged)) return notPlanned(lines);
  const failed = { syncStatus: SYNC_STATUS.failed, reason: reasonOf(converged), message: lines.join('\n') };
  return { ...failed, failures: findFailures(converged) };
}

/**
 * Where the host cannot even be looked at, that is the status: not the fault of the spec or of a PF. What failed before
 * that in the same pass stands behind it.
 */
export function unreadable(cause: unknown, failures: readonly StepFailure[]): Verdict {
  const reason = cause instanceof KernelBlockedError ? REASON.blocked : REASON.hostUnreadable;
  const lines = groupAlike(failures).map(({ first, others }) => `${first.message}${others}`);
  return { syncStatus: SYNC_STATUS.failed, reason, message: [messageOf(cause), ...lines].join('\n') };
}

function isOnlyBlocked({ rest, failures, journalProblems }: Converged): boolean {
  return (
    journalProblems.length === 0 &&
    failures.every(({ cause }) => cause instanceof KernelBlockedError) &&
    rest.problems.every(({ reason }) => reason === 'BlockedInKernel')
  );
}

/** What is right is in place; what else shall be, nobody knows yet. */
function isOnlyUnplanned({ rest, failures, journalProblems }: Converged): boolean {
  const others = rest.problems.filter(({ reason }) => reason !== 'NotPlannedYet');
  return failures.length === 0 && journalProblems.length === 0 && others.length === 0;
}

function notPlanned(lines: readonly string[]): Verdict {
  return { syncStatus: SYNC_STATUS.inProgress, reason: REASON.notPlannedYet, message: lines.join('\n') };
}

function reasonOf({ rest, failures, journalProblems }: Omit<Converged, 'observed'>): Verdict['reason'] {
  if (failures.some(({ cause }) => cause instanceof KernelBlockedError)) return REASON.blocked;
  if (failures.length > 0) return REASON.applyFailed;
  const first = rest.problems.find(({ reason }) => reason !== 'NotPlannedYet');
  if (first) return PROBLEM_REASONS[first.reason];
  return journalProblems.length > 0 ? REASON.stateDamaged : REASON.undone;
}
