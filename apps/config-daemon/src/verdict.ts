import { REASON, SYNC_STATUS } from '@sriov/api';
import { describePlan, type PlanProblemReason } from '@sriov/node-plan';
import { type Converged } from './converge.ts';
import { type Verdict } from './node-status.ts';

/** Reasons of the planner as the reasons of conditions. */
const REASONS: Readonly<Record<PlanProblemReason, Verdict['reason']>> = {
  InterfaceNotFound: REASON.interfaceNotFound,
  VirtualFunctionInUse: REASON.vfInUse,
  HostInterface: REASON.hostInterface,
  Unsupported: REASON.unsupported,
  SpecInvalid: REASON.specInvalid,
};

/** What the last look at the host says: it is as wanted, or every single thing that is not. */
export function verdictOf({ rest, failures, journalProblems }: Converged): Verdict {
  if (failures.length > 0)
    return failed(REASON.applyFailed, [...failures.map(({ message }) => message), ...journalProblems]);
  const [first] = rest.problems;
  if (first)
    return failed(
      REASONS[first.reason],
      rest.problems.map(({ message }) => message),
    );
  if (journalProblems.length > 0) return failed(REASON.stateDamaged, journalProblems);
  if (rest.pfs.length > 0) {
    return failed(REASON.undone, ['the host keeps changing back; still to do:', ...describePlan(rest)]);
  }
  return { syncStatus: SYNC_STATUS.succeeded, reason: REASON.inSync, message: 'the host is as the spec wants it' };
}

function failed(reason: Verdict['reason'], lines: readonly string[]): Verdict {
  return { syncStatus: SYNC_STATUS.failed, reason, message: lines.join('\n') };
}
