import { REASON, SYNC_STATUS } from '@sriov/api';
import { KernelBlockedError, KernelError } from '@sriov/host';
import { describePlan, type PlanProblemReason } from '@sriov/node-plan';
import { type StepFailure } from './apply.ts';
import { type Converged } from './converge.ts';
import { formatVfIds } from './format-vf-ids.ts';
import { applying, type Verdict } from './node-status.ts';

/** Reasons of the planner as the reasons of conditions. */
const REASONS: Readonly<Record<PlanProblemReason, Verdict['reason']>> = {
  NotPlannedYet: REASON.notPlannedYet,
  InterfaceNotFound: REASON.interfaceNotFound,
  VirtualFunctionInUse: REASON.vfInUse,
  HostInterface: REASON.hostInterface,
  Unsupported: REASON.unsupported,
  SpecInvalid: REASON.specInvalid,
  BlockedInKernel: REASON.blocked,
};

/**
 * What the last look at the host says: it is as wanted, or every single thing that is not, the gravest first. With
 * `isPatient`, calls that are still in the kernel are work in progress as long as nothing else is wrong.
 */
export function verdictOf(converged: Converged, isPatient = false): Verdict {
  const { rest, failures, journalProblems } = converged;
  const isUndone = failures.length === 0 && rest.pfs.length > 0;
  const lines = [
    ...failureLines(failures),
    ...rest.problems.map(({ message }) => message),
    ...journalProblems,
    ...(isUndone ? ['the host keeps changing back; still to do:', ...describePlan({ ...rest, problems: [] })] : []),
  ];
  if (lines.length === 0) {
    return { syncStatus: SYNC_STATUS.succeeded, reason: REASON.inSync, message: 'the host is as the spec wants it' };
  }
  if (isPatient && !isUndone && isOnlyBlocked(converged)) return applying(lines);
  if (!isUndone && isOnlyUnplanned(converged)) return notPlanned(lines);
  return failed(reasonOf(converged), lines);
}

/** A line a failure. VFs of a PF that failed alike share one: 128 of them must not hide what else is wrong. */
function failureLines(failures: readonly StepFailure[]): string[] {
  const alike = new Map<string, StepFailure[]>();
  for (const failure of [...failures].sort((a, b) => (a.vfId ?? 0) - (b.vfId ?? 0))) {
    const { pciAddress, vfId, kind, cause, message } = failure;
    const why = vfId !== undefined && cause instanceof KernelError ? `${kind} ${cause.code}` : message;
    const key = `${pciAddress} ${why}`;
    alike.set(key, [...(alike.get(key) ?? []), failure]);
  }
  return [...alike.values()].map(([first, ...others]) => {
    const ids = others.flatMap(({ vfId }) => vfId ?? []);
    return `${first?.message}${ids.length > 0 ? ` (and likewise VF ${formatVfIds(ids)})` : ''}`;
  });
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
  if (first) return REASONS[first.reason];
  return journalProblems.length > 0 ? REASON.stateDamaged : REASON.undone;
}

function failed(reason: Verdict['reason'], lines: readonly string[]): Verdict {
  return { syncStatus: SYNC_STATUS.failed, reason, message: lines.join('\n') };
}
