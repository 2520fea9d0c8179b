import { REASON } from '@sriov/api';
import { done, type Outcome, stalled, wait } from '@sriov/controller';
import { decideRollout, nodeWrites, planNodeState, type RolloutDecision, unmanagedWrites } from '@sriov/policy';
import { type EventRecorder } from '@sriov/kube';
import { configHash } from '@sriov/runtime';
import { apply, type WritePorts } from './apply.ts';
import { ConfigMapFullError } from './config-map/config-map-writer.ts';
import { gather, type GatheredNode, type GatherSources } from './gather.ts';
import { type PoolCanaries } from './holds/pool-canaries.ts';
import { reportRolledOut } from './holds/report-rolled-out.ts';
import { findingsOf, withoutRoom } from './status/findings-of.ts';
import { type Findings } from './status/node-findings.ts';

/** What a reconcile of a node works with. */
export interface NodeContext extends WritePorts, GatherSources {
  readonly now: () => number;
  readonly recorder: EventRecorder;
  /** How far the canaries of pools are, and the places in them that were given out a moment ago. */
  readonly canaries: PoolCanaries;
  /** Called with the findings of the plan; `undefined` for a node that is not managed. */
  readonly onFindings: (node: string, findings: Findings | undefined) => void;
}

/** The event that ends this wait comes within moments; the time is for when it does not. */
const STALE_CACHE_MS = 2_000;

/** Brings what is written for one node in line with the policies. */
export async function reconcileNode(context: NodeContext, name: string): Promise<Outcome> {
  const gathered = gather(context, name);
  if (gathered.operatorConfig === undefined) {
    return done(REASON.noOperatorConfig, 'there is no SriovOperatorConfig named default: nothing is managed');
  }
  if (gathered.fleet.nodeSelector === undefined) {
    return done(REASON.operatorConfigInvalid, 'the SriovOperatorConfig cannot be read: all stays as it is');
  }
  if (gathered.isBehind) return wait(STALE_CACHE_MS, REASON.inSync, 'what was written is not seen yet');
  return gathered.isManaged ? reconcileManaged(context, gathered) : reconcileUnmanaged(context, gathered);
}

async function reconcileUnmanaged(context: NodeContext, gathered: GatheredNode): Promise<Outcome> {
  const { name } = gathered.facts;
  context.canaries.settle(name);
  context.onFindings(name, undefined);
  const keepMs = context.settings.staleNodeStateCleanupDelayMinutes * 60_000;
  const { writes, lookAgainMs } = unmanagedWrites(gathered.present, { now: context.now(), keepMs });
  await apply(context, gathered, writes);
  const message = 'the node is not managed';
  return lookAgainMs === undefined ? done(REASON.notManaged, message) : wait(lookAgainMs, REASON.notManaged, message);
}

async function reconcileManaged(context: NodeContext, gathered: GatheredNode): Promise<Outcome> {
  const { fleet, facts, present, lookAgainMs } = gathered;
  const { canaries } = context;
  const planned = planNodeState(fleet, facts);
  // The caches show what was written last: a place that was given out for it is in them, or was not taken.
  canaries.settle(facts.name);
  const decision = decideRollout({
    ...{ fleet, present, node: facts, plan: planned, hash: configHash, now: context.now() },
    canaryOf: (pool) => canaries.of(pool),
  });
  const { plan, hold, takesPlaceIn } = decision;
  const writes = nodeWrites(plan, present, configHash);
  const isSettled = writes.length === 0 && hold === undefined;
  const findings = findingsOf(plan, { generations: context.view.generations, isSettled, ...(hold && { hold }) });
  context.onFindings(facts.name, findings);
  if (takesPlaceIn !== undefined) canaries.grant(facts.name);
  try {
    await apply(context, gathered, writes);
  } catch (error) {
    // Nobody knows what of it was written: the place stays taken, and the next attempt goes on with it.
    if (!(error instanceof ConfigMapFullError)) throw error;
    canaries.giveBack(facts.name);
    context.onFindings(facts.name, withoutRoom(findings, plan, error.message));
    // A change of the ConfigMap enqueues the node. Trying earlier would be in vain.
    return stalled(REASON.configMapFull, error.message);
  }
  await reportRolledOut(context, gathered, hold);
  return outcomeOf(decision, { lookAgainMs, now: context.now() });
}

function outcomeOf(
  { plan, hold }: RolloutDecision,
  { lookAgainMs, now }: { readonly lookAgainMs: number | undefined; readonly now: number },
): Outcome {
  const holdEndsMs = Math.max(0, (hold?.lookAt ?? Infinity) - now);
  const ms = Math.min(lookAgainMs ?? Infinity, holdEndsMs);
  const undecided = 'the node has not reported its PFs: nothing is planned for it';
  const settled = plan.undecided.length > 0 ? undecided : 'the node state is as the policies want it';
  const { reason, message } = hold ?? { reason: REASON.inSync, message: settled };
  return ms === Infinity ? done(reason, message) : wait(ms, reason, message);
}
