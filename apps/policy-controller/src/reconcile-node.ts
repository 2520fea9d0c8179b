import { REASON } from '@sriov/api';
import { done, type Outcome, wait } from '@sriov/controller';
import { nodeWrites, planNode, unmanagedWrites } from '@sriov/policy';
import { apply, type WritePorts } from './apply.ts';
import { type Caches } from './caches.ts';
import { type FleetView } from './fleet-view.ts';
import { gather } from './gather.ts';
import { type Findings } from './node-findings.ts';
import { type Settings } from './settings.ts';

/** What a reconcile of a node works with. */
export interface NodeContext extends WritePorts {
  readonly caches: Caches;
  readonly view: FleetView;
  readonly settings: Settings;
  readonly now: () => number;
  /** Hears what planning the node brought to light; `undefined` for a node that is not managed. */
  readonly onFindings: (node: string, findings: Findings | undefined) => void;
}

/** Brings what is written for one node in line with the policies. */
export async function reconcileNode(context: NodeContext, name: string): Promise<Outcome> {
  const { namespace, staleNodeStateCleanupDelayMinutes } = context.settings;
  const gathered = gather(context.caches, context.view, { name, namespace });
  const { fleet, facts, present, operatorConfig, isManaged } = gathered;
  if (operatorConfig === undefined) {
    return done(REASON.noOperatorConfig, 'there is no SriovOperatorConfig named default: nothing is managed');
  }
  const target = { name, namespace, operatorConfig };
  if (!isManaged) {
    context.onFindings(name, undefined);
    const keepMs = staleNodeStateCleanupDelayMinutes * 60_000;
    const { writes, lookAgainMs } = unmanagedWrites(present, { now: context.now(), keepMs });
    await apply(context, target, writes);
    const message = 'the node is not managed';
    return lookAgainMs === undefined ? done(REASON.notManaged, message) : wait(lookAgainMs, REASON.notManaged, message);
  }
  const plan = planNode(fleet, facts);
  context.onFindings(name, { policies: new Set(plan.matches.keys()), problems: plan.problems });
  await apply(context, target, nodeWrites(plan, present));
  return done(REASON.inSync, 'the node state is as the policies want it');
}
