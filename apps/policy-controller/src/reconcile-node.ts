import { REASON } from '@sriov/api';
import { done, type Outcome, stalled, wait } from '@sriov/controller';
import { nodeWrites, planNodeState, unmanagedWrites } from '@sriov/policy';
import { configHash } from '@sriov/runtime';
import { apply, type WritePorts } from './apply.ts';
import { ConfigMapFullError } from './config-map/config-map-writer.ts';
import { gather, type GatheredNode, type GatherSources } from './gather.ts';
import { findingsOf, withoutRoom } from './status/findings-of.ts';
import { type Findings } from './status/node-findings.ts';

/** What a reconcile of a node works with. */
export interface NodeContext extends WritePorts, GatherSources {
  readonly now: () => number;
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
  context.onFindings(name, undefined);
  const keepMs = context.settings.staleNodeStateCleanupDelayMinutes * 60_000;
  const { writes, lookAgainMs } = unmanagedWrites(gathered.present, { now: context.now(), keepMs });
  await apply(context, gathered, writes);
  const message = 'the node is not managed';
  return lookAgainMs === undefined ? done(REASON.notManaged, message) : wait(lookAgainMs, REASON.notManaged, message);
}

async function reconcileManaged(context: NodeContext, gathered: GatheredNode): Promise<Outcome> {
  const { fleet, facts, present, lookAgainMs } = gathered;
  const plan = planNodeState(fleet, facts);
  const writes = nodeWrites(plan, present, configHash);
  const findings = findingsOf(plan, { generations: context.view.generations, isSettled: writes.length === 0 });
  context.onFindings(facts.name, findings);
  try {
    await apply(context, gathered, writes);
  } catch (error) {
    if (!(error instanceof ConfigMapFullError)) throw error;
    context.onFindings(facts.name, withoutRoom(findings, plan, error.message));
    // A change of the ConfigMap enqueues the node. Trying earlier would be in vain.
    return stalled(REASON.configMapFull, error.message);
  }
  const message =
    plan.undecided.length > 0
      ? 'the node has not reported its PFs: nothing is planned for it'
      : 'the node state is as the policies want it';
  return lookAgainMs === undefined ? done(REASON.inSync, message) : wait(lookAgainMs, REASON.inSync, message);
}
