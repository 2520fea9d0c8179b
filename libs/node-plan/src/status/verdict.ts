import { type Reason, REASON, SYNC_STATUS, type SyncStatus } from '@sriov/api';
import { describeDrains } from '../words/describe-drains.ts';
import { describeReboots } from '../words/describe-reboots.ts';
import { type DescribedPlan, describePlan } from '../words/describe-plan.ts';
import { findFailures, type FoundFailure, groupAlike } from './node-failures.ts';
import { type Remainder } from './remainder.ts';
import { type HostPlan, isIdle } from '../planning/steps.ts';
import { type StepFailure } from './step-failure.ts';

/** What a pass has to say about the node. */
export interface Verdict {
  readonly syncStatus: SyncStatus;
  readonly reason: Reason;
  readonly message: string;
  /** What could not be done; absent when nothing is known about single PFs. */
  readonly failures?: readonly FoundFailure[];
}

/** The verdict while something is being done; the lines say what. */
export function applying(lines: readonly string[]): Verdict {
  return inProgress(REASON.applying, lines);
}

/**
 * What the last look at the host says: it is as wanted, or every single thing that is not, the gravest first. With
 * `isPatient`, calls that are still in the kernel are work in progress as long as nothing else is wrong.
 */
export function verdictOf(remainder: Remainder, isPatient = false): Verdict {
  const isUndone = remainder.failures.length === 0 && !isIdle(remainder.rest);
  const lines = linesOf(remainder, isUndone);
  if (lines.length === 0) {
    return { syncStatus: SYNC_STATUS.succeeded, reason: REASON.inSync, message: 'the host is as the spec wants it' };
  }
  if (isPatient && !isUndone && isOnlyBlocked(remainder)) return applying(lines);
  const awaited = isUndone ? undefined : awaitedReason(remainder);
  if (awaited !== undefined) return inProgress(awaited, lines);
  const failed = { syncStatus: SYNC_STATUS.failed, reason: reasonOf(remainder), message: lines.join('\n') };
  return { ...failed, failures: findFailures(remainder) };
}

function linesOf({ rest, failures, journalProblems, waits }: Remainder, isUndone: boolean): string[] {
  return [
    ...failureLines(failures),
    ...(waits === undefined ? [] : [waits.message]),
    ...rest.problems.map(({ message }) => message),
    ...describeDrains(rest),
    ...describeReboots(rest),
    ...journalProblems.map(({ message }) => message),
    ...(isUndone ? ['the host keeps changing back; still to do:', ...describePlan(changesOf(rest))] : []),
  ];
}

/** What will bring the rest, where nothing is wrong, and nothing is waited for in vain. */
function awaitedReason(remainder: Remainder): Reason | undefined {
  const { waits } = remainder;
  if (waits?.isInVain === true) return undefined;
  if (isOnlyUnplanned(remainder)) return onlyReasonOf(remainder);
  return isOnlyHeld(remainder) ? waits?.reason : undefined;
}

function changesOf({ needsDrain: _, needsReboot: __, remarks: ___, ...plan }: HostPlan): DescribedPlan {
  return { ...plan, problems: [] };
}

/**
 * The host is right all the same: only the message tells what else is wrong, such as that pods will not get what it has.
 */
export function withRemarks(verdict: Verdict, remarks: readonly (string | undefined)[]): Verdict {
  const known = remarks.filter((remark) => remark !== undefined);
  if (known.length === 0 || verdict.syncStatus !== SYNC_STATUS.succeeded) return verdict;
  return { ...verdict, message: `${verdict.message}, but ${known.join('; ')}` };
}

/** Why the host could not be looked at. */
export interface LookFailure {
  readonly message: string;
  /** A call that the look cannot do without is still in the kernel. */
  readonly isBlocked: boolean;
}

/**
 * The verdict where the host could not even be looked at: neither the spec nor a PF is to blame. The steps that failed
 * earlier in the same pass stand behind it.
 */
export function unreadableVerdict({ message, isBlocked }: LookFailure, failures: readonly StepFailure[]): Verdict {
  const reason = isBlocked ? REASON.blocked : REASON.hostUnreadable;
  const lines = [message, ...failureLines(failures)];
  return { syncStatus: SYNC_STATUS.failed, reason, message: lines.join('\n') };
}

function failureLines(failures: readonly StepFailure[]): string[] {
  return groupAlike(failures).map(({ first, others }) => `${first.message}${others}`);
}

function isOnlyBlocked({ rest, failures, journalProblems }: Remainder): boolean {
  return (
    journalProblems.length === 0 &&
    failures.every(({ outcome }) => outcome === 'blocked') &&
    rest.problems.every(({ reason }) => reason === REASON.blocked)
  );
}

/** Nothing is wrong, but the rest of the spec is not planned yet, or comes with a reboot. */
function isOnlyUnplanned({ rest, failures, journalProblems }: Remainder): boolean {
  const others = rest.problems.filter(({ reason }) => reason !== REASON.notPlannedYet);
  return failures.length === 0 && journalProblems.length === 0 && others.length === 0;
}

/** Why a host with which nothing is wrong is not as wanted yet. */
function onlyReasonOf({ rest: { problems }, waits }: Remainder): Reason {
  if (problems.length > 0) return REASON.notPlannedYet;
  return waits?.reason ?? REASON.rebootRequired;
}

/** Nothing is wrong, but VFs are in use, and a drain will make way. */
function isOnlyHeld({ rest, failures, journalProblems }: Remainder): boolean {
  const drained = new Set((rest.needsDrain ?? []).map(({ pciAddress }) => pciAddress));
  const others = rest.problems.filter(
    ({ reason, pciAddress = '' }) =>
      reason !== REASON.notPlannedYet && !(reason === REASON.vfInUse && drained.has(pciAddress)),
  );
  return failures.length === 0 && journalProblems.length === 0 && others.length === 0;
}

function inProgress(reason: Reason, lines: readonly string[]): Verdict {
  return { syncStatus: SYNC_STATUS.inProgress, reason, message: lines.join('\n') };
}

function reasonOf(remainder: Remainder): Reason {
  const { rest, failures, journalProblems, waits } = remainder;
  if (failures.some(({ outcome }) => outcome === 'blocked')) return REASON.blocked;
  if (failures.length > 0) return REASON.applyFailed;
  if (waits?.isInVain === true && isOnlyHeld(remainder)) return waits.reason;
  const first = rest.problems.find(({ reason }) => reason !== REASON.notPlannedYet);
  if (first) return first.reason;
  return journalProblems.length > 0 ? REASON.stateDamaged : REASON.undone;
}
