import { REASON } from '@sriov/api';
import { done, type Outcome, stalled, wait } from '@sriov/controller';
import { type OperandName, type OperandWrite, planOperand, wantedOperand } from '@sriov/operands';
import { configHash } from '@sriov/runtime';
import { apply, type WritePorts } from './apply.ts';
import { type Caches } from './caches.ts';
import { type Finding } from './findings.ts';
import { gatherInputs, gatherPresent, isUnwatched, operatorConfigOf } from './gather.ts';
import { type RestoreLimit } from './restore-limit.ts';

/** What a reconcile of an operand works with. */
export interface OperandContext extends WritePorts {
  readonly caches: Caches;
  readonly namespace: string;
  readonly restores: RestoreLimit;
  readonly onFinding: (name: OperandName, finding: Finding) => void;
}

/** How often objects that nobody watches are compared. */
const UNWATCHED_MS = 600_000;
/** When an operand is looked at that was written, and whose objects have not changed by that. */
const WRITTEN_MS = 1_000;

/** Brings the objects of one operand in line with the SriovOperatorConfig and the settings of the chart. */
export async function reconcileOperand(context: OperandContext, name: OperandName): Promise<Outcome> {
  const { caches, namespace } = context;
  const gathered = gatherInputs(caches, namespace);
  const config = operatorConfigOf(caches, namespace);
  if (gathered.kind === 'none' || config === undefined) {
    return done(REASON.noOperatorConfig, 'nothing is managed, and nothing is touched');
  }
  if (gathered.kind === 'unreadable') return stalled(gathered.reason, gathered.message);
  const { inputs } = gathered;
  const plan = planOperand({
    name,
    operand: wantedOperand(inputs, name),
    present: await gatherPresent(context, name),
    owner: inputs.owner,
    hashOf: configHash,
    accepted: (key) => context.accepted.get(key),
  });
  const restoreMs = plan.writes.some(isRestore) ? context.restores.take(name) : 0;
  if (restoreMs > 0) return wait(restoreMs, REASON.undone, 'somebody changes the operand back again and again');
  await apply(context, config, plan.writes);
  const hasWritten = plan.writes.length > 0;
  const isWaiting = plan.isWaiting || hasWritten;
  context.onFinding(name, { foreign: plan.foreign, isWaiting, version: gathered.version });
  // The caches show what was written in a moment, and then the operand is planned again: only that says how it is.
  if (hasWritten) return wait(WRITTEN_MS, REASON.operandRollingOut, 'written, and to be looked at');
  return isUnwatched(name)
    ? wait(UNWATCHED_MS, REASON.operandDeployed, 'compared, and to be compared again')
    : done(REASON.operandDeployed, 'as it should be');
}

function isRestore(write: OperandWrite): boolean {
  return write.kind === 'replace' || (write.kind === 'apply' && write.differences.length > 0);
}
