import { type NodeStateSpec, type PlannedFrom } from '@sriov/api';
import { type Problem } from '@sriov/selection';

/** Everything that is written for a node. */
export interface NodeStatePlan {
  readonly name: string;
  /** As it stands in the SriovNetworkNodeState, byte for byte. */
  readonly spec: NodeStateSpec;
  /**
   * The reported PFs that the spec is planned from. Absent: what the node state says of its present spec stays true.
   */
  readonly plannedFrom: PlannedFrom | undefined;
  /** As it stands in the ConfigMap of the device plugin, byte for byte. Absent: it stays as it is. */
  readonly devicePluginConfig: string | undefined;
  /** `Enabled` where a resource can exist. Absent: it stays as it is. */
  readonly devicePluginLabel: 'Enabled' | 'Disabled' | undefined;
  readonly problems: readonly Problem[];
  /** The policies that configure something on the node, and the PCI addresses of their PFs. */
  readonly matches: ReadonlyMap<string, readonly string[]>;
  /** Names of the policies about the node whose effect there nobody can tell before its daemon reports. */
  readonly undecided: readonly string[];
  /**
   * What the node state is to say of the roll-out in which it gets this spec, see `RolloutRecord`; `null` when it is to
   * say nothing. Absent: what it says stays.
   */
  readonly rollout?: string | null;
  /** The pool of the node; absent when it is in none, or in several. */
  readonly pool: string | undefined;
}
