import { REASON } from '@sriov/api';
import { type Need } from '@sriov/drain-protocol';
import { type HostPlan, pfsThatNeedDrain, type PlanProblemReason, type StepFailure } from '@sriov/node-plan';
import { type ObservedHost } from '@sriov/observed-host';
import { type DrainInVain, isPausing, NODE, REBOOT } from './drain-in-vain.ts';

/** What is left at the end of a pass. */
export interface PassRest {
  readonly rest: HostPlan;
  readonly failures: readonly StepFailure[];
  readonly observed: ObservedHost;
  /** systemd of the host has taken a request for a reboot in this boot. */
  readonly isGoingDown?: boolean;
}

/** What is left, where the host could be looked at. */
export type DrainedEnd = PassRest | 'unreadable';

/**
 * How long a node stays drained for what does not come, in milliseconds. Steps that fail are tried again after 30 s, and
 * then after twice as long each time, up to 5 min: that makes six attempts.
 */
export const PATIENCE_MS = 15 * 60_000;

/**
 * What still needs the drain that the node has, or has asked for: PFs whose plan disturbs VFs that are there, which
 * users would have again, a reboot, and what could not be read, or withdrawn from the kubelet. What fails on a PF
 * without VFs needs none.
 */
export function holdersOf(end: DrainedEnd): string[] {
  if (end === 'unreadable') return [NODE];
  const { rest, observed } = end;
  return [...new Set([...needed(rest), ...pfsThatNeedDrain(rest, observed), ...undecidedOf(rest)])];
}

/** Problems that say nothing against what is wanted: what the next look shows may need a drain, and is not known yet. */
const UNDECIDED: readonly PlanProblemReason[] = [
  REASON.notPlannedYet,
  REASON.blocked,
  REASON.interfaceUnreadable,
  REASON.stateUnreadable,
  REASON.notWithdrawn,
  REASON.devicePluginSilent,
  REASON.handoverFailed,
];

function undecidedOf({ problems }: HostPlan): string[] {
  return problems.filter(({ reason }) => UNDECIDED.includes(reason)).map(({ pciAddress = NODE }) => pciAddress);
}

/** Those for which the node was not drained in vain lately. */
export function withoutGivenUp(holders: readonly string[], inVain: DrainInVain | undefined, now: number): string[] {
  const givenUp = inVain !== undefined && isPausing(inVain, now) ? inVain.of : [];
  return holders.filter((holder) => !givenUp.includes(holder));
}

/** What the rest of the work takes now, and whether something is left out for which the node was drained in vain. */
export interface NodeNeed {
  readonly now: Need;
  readonly isGivenUp: boolean;
}

/**
 * What the rest of the work takes. A node that has asked goes on asking for what would need a drain if somebody had the
 * VFs: users that are gone would come back. What is undecided, or has failed, is no reason to ask, and none to take a
 * request back: the next look may need it.
 */
export function needOf(
  end: PassRest,
  {
    isAsking,
    inVain,
    now,
  }: { readonly isAsking: boolean; readonly inVain?: DrainInVain | undefined; readonly now: number },
): NodeNeed {
  const all = isAsking ? holdersOf(end) : needed(end.rest);
  const left = withoutGivenUp(all, inVain, now);
  const isGivenUp = left.length === 0 && all.length > 0;
  if (left.length === 0) return { now: 'nothing', isGivenUp };
  return { now: left.includes(REBOOT) ? 'reboot' : 'drain', isGivenUp };
}

function needed({ needsReboot = [], needsDrain = [] }: HostPlan): string[] {
  return [...(needsReboot.length > 0 ? [REBOOT] : []), ...needsDrain.map(({ pciAddress }) => pciAddress)];
}
