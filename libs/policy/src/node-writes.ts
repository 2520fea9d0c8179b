import { ANNOTATION, type NodeStateSpec, nodeStateSpecSchema, type SriovNetworkNodeState, wireText } from '@sriov/api';
import { type NodePlan } from './plan-node.ts';

/** What stands in the cluster for a node now. */
export interface NodePresent {
  readonly state: SriovNetworkNodeState | undefined;
  readonly devicePluginConfig: string | undefined;
  /** Value of the device-plugin label; absent when the Node has none, or is gone. */
  readonly devicePluginLabel: string | undefined;
  /** The Node exists. */
  readonly exists: boolean;
}

/** One write for a node. They are carried out in order, and each can be repeated. */
export type NodeWrite =
  /** `undefined` removes the node's key. */
  | { readonly kind: 'device-plugin-config'; readonly text: string | undefined }
  /** `undefined` removes the label. */
  | { readonly kind: 'device-plugin-label'; readonly value: string | undefined }
  | { readonly kind: 'create-state'; readonly spec: NodeStateSpec }
  | { readonly kind: 'update-spec'; readonly spec: NodeStateSpec }
  /** Time of removal as RFC 3339; `undefined` takes the announcement back. */
  | { readonly kind: 'keep-state-until'; readonly time: string | undefined }
  | { readonly kind: 'delete-state' };

/**
 * The writes that bring the cluster from what stands there to the plan, and no others. The device plugin's
 * configuration comes first: the daemon restarts the plugin when the state changes, and it must then find the new one.
 */
export function nodeWrites(plan: NodePlan, present: NodePresent): NodeWrite[] {
  const writes: NodeWrite[] = [];
  if (present.devicePluginConfig !== plan.devicePluginConfig) {
    writes.push({ kind: 'device-plugin-config', text: plan.devicePluginConfig });
  }
  if (present.devicePluginLabel !== plan.devicePluginLabel) {
    writes.push({ kind: 'device-plugin-label', value: plan.devicePluginLabel });
  }
  return [...writes, ...stateWrites(plan, present.state)];
}

function stateWrites(plan: NodePlan, state: SriovNetworkNodeState | undefined): NodeWrite[] {
  if (state === undefined) return [{ kind: 'create-state', spec: plan.spec }];
  const isAnnounced = state.metadata.annotations?.[ANNOTATION.keepStateUntil] !== undefined;
  return [
    ...(isAnnounced ? [{ kind: 'keep-state-until' as const, time: undefined }] : []),
    ...(isSameSpec(state.spec ?? {}, plan.spec) ? [] : [{ kind: 'update-spec' as const, spec: plan.spec }]),
  ];
}

function isSameSpec(a: NodeStateSpec, b: NodeStateSpec): boolean {
  return wireText(nodeStateSpecSchema, a) === wireText(nodeStateSpecSchema, b);
}

/** What becomes of a node that is no longer managed, and when to look again (milliseconds), if at all. */
export interface UnmanagedPlan {
  readonly writes: readonly NodeWrite[];
  readonly lookAgainMs?: number;
}

/**
 * A node that is no longer managed loses label and configuration at once, and its state after a delay: nodes come
 * back, and with their state they come back as they were.
 */
export function unmanagedWrites(
  present: NodePresent,
  time: { readonly now: number; readonly keepMs: number },
): UnmanagedPlan {
  const writes: NodeWrite[] = [];
  if (present.devicePluginConfig !== undefined) writes.push({ kind: 'device-plugin-config', text: undefined });
  if (present.exists && present.devicePluginLabel !== undefined) {
    writes.push({ kind: 'device-plugin-label', value: undefined });
  }
  if (present.state === undefined) return { writes };
  if (time.keepMs === 0) return { writes: [...writes, { kind: 'delete-state' }] };
  const announced = Date.parse(present.state.metadata.annotations?.[ANNOTATION.keepStateUntil] ?? '');
  if (Number.isNaN(announced)) {
    const until = new Date(time.now + time.keepMs).toISOString().replace(/\.\d{3}Z$/, 'Z');
    return { writes: [...writes, { kind: 'keep-state-until', time: until }], lookAgainMs: time.keepMs };
  }
  if (time.now < announced) return { writes, lookAgainMs: announced - time.now };
  return { writes: [...writes, { kind: 'delete-state' }] };
}
