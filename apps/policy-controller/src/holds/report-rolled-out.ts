import { type Condition, CONDITION, REASON, SRIOV_NETWORK_NODE_STATE, type SriovNetworkNodeState } from '@sriov/api';
import { mergeConditions, type NewCondition, transitionEvents } from '@sriov/conditions';
import { type EventRecorder } from '@sriov/kube';
import { type Hold } from '@sriov/policy';
import { type WritePorts } from '../apply.ts';
import { type GatheredNode, WRITTEN } from '../gather.ts';

/** What the condition of a node state is written through. */
export interface RolledOutPorts extends Pick<WritePorts, 'client' | 'expectations'> {
  readonly recorder: EventRecorder;
  readonly now: () => number;
}

/**
 * Says on the node state whether its spec is what the policies want, and why not. A node that was never held back says
 * nothing: its fleet would cost a write per node for no news.
 */
export async function reportRolledOut(
  { client, expectations, recorder, now }: RolledOutPorts,
  { facts, present }: Pick<GatheredNode, 'facts' | 'present'>,
  hold: Hold | undefined,
): Promise<void> {
  const { state } = present;
  if (state === undefined) return;
  const before = state.status?.conditions ?? [];
  if (hold === undefined && !isHeldBack(before)) return;
  const { generation, name, namespace } = state.metadata;
  const merged = mergeConditions(before, [conditionOf(hold)], { generation, now: now() });
  if (merged.changed.length === 0) return;
  const metadata = { name, ...(namespace !== undefined && { namespace }) };
  const status: SriovNetworkNodeState = { metadata, status: { conditions: [...merged.changed] } };
  const written = await client.apply(SRIOV_NETWORK_NODE_STATE, status, { subresource: 'status', metadataOnly: true });
  expectations.expect(facts.name, WRITTEN.state, written.metadata.resourceVersion ?? '');
  for (const event of transitionEvents(merged.transitions, 'each')) {
    recorder.record(SRIOV_NETWORK_NODE_STATE, state, event);
  }
}

function isHeldBack(conditions: readonly Condition[]): boolean {
  return conditions.some(({ type, status }) => type === CONDITION.rolledOut && status !== 'True');
}

function conditionOf(hold: Hold | undefined): NewCondition {
  const type = CONDITION.rolledOut;
  return hold === undefined
    ? { type, status: 'True', reason: REASON.rolledOut, message: 'the spec is what the policies want' }
    : { type, status: 'False', reason: hold.reason, message: hold.message };
}
