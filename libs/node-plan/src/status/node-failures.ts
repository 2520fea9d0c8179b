import { type NodeFailure, REASON, type Reason } from '@sriov/api';
import { type BridgePlan, type NodePlan, type PfPlan, type PlanProblem, type UdevPlan } from '../planning/steps.ts';
import { pfTitle } from '../words/pf-title.ts';
import { formatVfIds } from '../words/format-vf-ids.ts';
import { type Remainder } from './remainder.ts';
import { type StepFailure } from './step-failure.ts';

/** A failure as a pass finds it. The status adds since when it is there, and the name of the PF. */
export type FoundFailure = Omit<NodeFailure, 'since' | 'name'> & { readonly reason: Reason };

/**
 * Everything that is not as wanted, the gravest first, with the PF that each is about: a PF that is not named is as it
 * should be.
 */
export function findFailures({ rest, failures, journalProblems }: Remainder): FoundFailure[] {
  const failed = new Set(failures.map(({ pciAddress }) => pciAddress));
  const left = failures.length === 0 ? CHANGED_BACK : LEFT_OVER;
  return [
    ...groupAlike(failures).map(ofStep),
    ...rest.problems.map(ofProblem),
    ...journalProblems.map((problem) => ({ ...problem, reason: REASON.stateDamaged })),
    ...(rest.node === undefined ? [] : [ofNode(rest.node, left)]),
    ...rest.pfs.filter(({ pciAddress }) => !failed.has(pciAddress)).map((plan) => ofPlan(plan, left)),
    ...(rest.bridges ?? []).filter(({ pf }) => !failed.has(pf.pciAddress)).map((plan) => ofBridge(plan, left)),
    ...(rest.udev ?? []).filter(({ pf }) => !failed.has(pf?.pciAddress ?? '')).map((plan) => ofUdev(plan, left)),
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
    const { pciAddress, vfId, kind, outcome, errno, message } = failure;
    const cause = outcome === 'blocked' ? outcome : errno;
    const why = vfId !== undefined && cause !== undefined ? `${kind} ${cause}` : message;
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

/**
 * The sentence without the moment since when a call is not back: `since` is the only time in a failure, and another one
 * would be news at each restart of the daemon.
 */
function withoutTime(message: string): string {
  return message.replace(/ since \d{4}-\d{2}-\d{2}T[\d:]+Z/, '');
}

function ofStep({ first, others }: AlikeFailures): FoundFailure {
  const { pciAddress, kind, outcome, errno, message } = first;
  const isBlocked = outcome === 'blocked';
  return {
    ...placed(pciAddress),
    step: kind,
    reason: isBlocked ? REASON.blocked : REASON.applyFailed,
    ...(errno !== undefined && { errno }),
    message: `${isBlocked ? withoutTime(message) : message}${others}`,
  };
}

function ofProblem({ pciAddress, reason, message }: PlanProblem): FoundFailure {
  return { ...placed(pciAddress), reason, message: reason === REASON.blocked ? withoutTime(message) : message };
}

/** Why something is still to be done when a pass ends. */
type Leftover = readonly [reason: Reason, what: string];

const CHANGED_BACK: Leftover = [REASON.undone, 'the host keeps changing back'];
/** A failure elsewhere has ended the pass before the PF was done. */
const LEFT_OVER: Leftover = [REASON.applying, 'still to be done'];

function ofPlan(plan: PfPlan, [reason, what]: Leftover): FoundFailure {
  const { pciAddress, before, vfs, after, because } = plan;
  const [step] = [...before, ...vfs.flatMap(({ steps }) => steps), ...after];
  const message = `${pfTitle(plan)}: ${what}: ${because.join(', ')}`;
  return { pciAddress, ...(step && { step: step.kind }), reason, message };
}

function ofBridge({ name, pf, because, step }: BridgePlan, [reason, what]: Leftover): FoundFailure {
  const message = `${pfTitle(pf)}: bridge ${name}: ${what}: ${because.join(', ')}`;
  return { pciAddress: pf.pciAddress, step: step.kind, reason, message };
}

function ofUdev({ pf, because, step }: UdevPlan, [reason, what]: Leftover): FoundFailure {
  const title = pf === undefined ? 'the node' : pfTitle(pf);
  const message = `${title}: udev: ${what}: ${because.join(', ')}`;
  return { ...placed(pf?.pciAddress), step: step.kind, reason, message };
}

function ofNode({ because, steps }: NodePlan, [reason, what]: Leftover): FoundFailure {
  const [step] = steps;
  return { ...(step && { step: step.kind }), reason, message: `the node: ${what}: ${because.join(', ')}` };
}

const placed = (pciAddress = ''): { pciAddress?: string } => (pciAddress === '' ? {} : { pciAddress });
