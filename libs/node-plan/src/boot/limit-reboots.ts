import { REASON } from '@sriov/api';
import { type HostPlan, type NodePlan, type NodeStep, type PlanProblem, type RebootReason } from '../planning/steps.ts';
import { isRebootRecord, isSameReason, type RebootFacts, type RebootRecord } from './reboot-record.ts';

/**
 * Takes those reboots out of a plan that have been done in vain, and what prepares them. A kernel argument that is
 * missing after a reboot will be missing after the next one as well, and so will an RDMA mode.
 */
export function limitReboots(plan: HostPlan, facts: RebootFacts): HostPlan {
  const { needsReboot, beforeReboot, problems, ...rest } = plan;
  if (needsReboot === undefined) return plan;
  const judged = needsReboot.map((reason) => ({ reason, problem: refuse(reason, facts) }));
  const left = judged.filter(({ problem }) => problem === undefined).map(({ reason }) => reason);
  const refused = judged.flatMap(({ problem }) => problem ?? []);
  const preparation = beforeReboot && preparationFor(beforeReboot, left);
  return {
    ...rest,
    problems: [...problems, ...refused],
    ...(left.length > 0 && { needsReboot: left }),
    ...(preparation && { beforeReboot: preparation }),
  };
}

/** What is left of the steps that prepare a reboot: those for the reasons for which the node is rebooted. */
function preparationFor({ because, steps }: NodePlan, reasons: readonly RebootReason[]): NodePlan | undefined {
  const kept = steps.flatMap((step, index) =>
    reasons.some((reason) => isPreparedBy(reason, step)) ? [{ step, why: because[index] ?? '' }] : [],
  );
  if (kept.length === 0) return undefined;
  return { because: kept.map(({ why }) => why), steps: kept.map(({ step }) => step) };
}

function isPreparedBy({ kind, pciAddress }: RebootReason, step: NodeStep): boolean {
  switch (step.kind) {
    case 'write-firmware':
      return kind === 'firmware' && step.pciAddress === pciAddress;
    case 'add-kernel-arguments':
      return kind === 'kernel-arguments';
    default:
      return false;
  }
}

function refuse(reason: RebootReason, { record, bootId, maxReboots }: RebootFacts): PlanProblem | undefined {
  const about = reason.pciAddress === undefined ? {} : { pciAddress: reason.pciAddress };
  const because = reason.pciAddress === undefined ? reason.why : `${reason.pciAddress}: ${reason.why}`;
  if (!isRebootRecord(record)) {
    const message = `the node needs a reboot (${because}), and is not rebooted, because nobody knows how often it was: ${record.message}`;
    return { ...about, reason: record.reason, message };
  }
  if (maxReboots === 0) {
    const message = `the node needs a reboot (${because}), and the daemon may not reboot it (--max-reboots 0): reboot it by hand`;
    return { ...about, reason: REASON.rebootRequired, message };
  }
  const done = rebootsFor(reason, record, bootId);
  const [last] = done.slice(-1);
  if (last === undefined || (done.length < maxReboots && !isHopeless(reason, last.reasons))) return undefined;
  const times = done.length === 1 ? 'once' : `${done.length} times`;
  const message = `the node was rebooted ${times} for this, the last time at ${last.at}, and still: ${because}; it is not rebooted for this again${CURE[reason.kind]}`;
  return { ...about, reason: REASON.rebootLoop, message };
}

const CURE: Readonly<Record<RebootReason['kind'], string>> = {
  firmware: ': see what the firmware says of its next boot (mstconfig query), or reset it',
  'kernel-arguments':
    ': the boot loader was told, so the host boots by something else, or with a configuration of its own; add the arguments there and reboot the node',
  'rdma-mode':
    ': ib_core comes from an initramfs that was made without the file; make that anew (update-initramfs -u, or dracut -f), and reboot the node',
};

/** The reboots that have happened for the reason: those that were asked for in an earlier boot. */
function rebootsFor(reason: RebootReason, record: RebootRecord, bootId: string | undefined): RebootRecord {
  return record.filter(
    (attempt) => attempt.bootId !== bootId && attempt.reasons.some((each) => isSameReason(each, reason)),
  );
}

/** The same was missing before the last reboot, and no other start of the host would bring it. */
function isHopeless(reason: RebootReason, before: readonly RebootReason[]): boolean {
  return reason.kind !== 'firmware' && before.some((each) => isSameReason(each, reason) && each.why === reason.why);
}
