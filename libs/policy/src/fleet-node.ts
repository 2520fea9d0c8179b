import { type SriovNetworkNodeState } from '@sriov/api';

/** A node of the fleet: what its plan depends on beside the objects that matter for every node. */
export interface FleetNode {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Absent for a node that has none yet. */
  readonly state: SriovNetworkNodeState | undefined;
  /** The present device-plugin configuration of the node. */
  readonly devicePluginConfig?: string | undefined;
  /**
   * PCI addresses of PFs that have been missing (`missedPfs`) for so short a time that they may come back: a driver is
   * being reloaded, or firmware reset. They stay as they are.
   */
  readonly vanished?: ReadonlySet<string>;
}
