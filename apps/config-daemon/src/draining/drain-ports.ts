import { type SriovNetworkNodeState } from '@sriov/api';
import { type Expectations } from '@sriov/controller';
import { type EventRecorder, type KubeClient, type Node } from '@sriov/kube';
import { type Clock, type Logger } from '@sriov/runtime';
import { type DrainMetrics } from './drain-metrics.ts';

/** What asking for drains works with. */
export interface DrainPorts {
  readonly client: Pick<KubeClient, 'get' | 'mergePatch'>;
  /** The daemon's own Node and node state from the caches. */
  readonly getNode: () => Node | undefined;
  readonly getNodeState: () => SriovNetworkNodeState | undefined;
  /** `disableDrain` of the SriovOperatorConfig. */
  readonly isDrainDisabled: () => boolean;
  /** Ask for a drain before VFs change that nobody has, as upstream does. */
  readonly asksAlways: boolean;
  /** Another controller than ours is to drain the node. */
  readonly wantsExternal: boolean;
  /** Our own writes that the caches do not show yet. */
  readonly expectations: Expectations;
  readonly recorder: EventRecorder;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: DrainMetrics;
  /** Has another pass made. */
  readonly wake: () => void;
}

/** Names of the two objects of a node among what is expected. */
export const WRITTEN = { node: 'Node', nodeState: 'SriovNetworkNodeState' } as const;
/** The one key of what is expected. */
export const OWN_NODE = 'own';

/** Whether the caches do not show yet what the daemon wrote last: they could show a grant that it has given back. */
export function isBehind({ expectations, getNode, getNodeState }: DrainPorts): boolean {
  return expectations.isUnmet(
    OWN_NODE,
    (object) => (object === WRITTEN.node ? getNode() : getNodeState())?.metadata.resourceVersion,
  );
}
