import { type SriovNetworkNodeState } from '@sriov/api';

/** A node of the fleet: what its plan depends on beside the objects that bear on every node. */
export interface FleetNode {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Absent for a node that has none yet. */
  readonly state: SriovNetworkNodeState | undefined;
  /** The node's device-plugin configuration as it stands now. */
  readonly devicePluginConfig?: string | undefined;
  /**
   * PCI addresses of PFs that are missed (`missedPfs`), for so short a time that they may come back: a driver is
   * reloaded, firmware is reset. They stay as they are.
   */
  readonly vanished?: ReadonlySet<string>;
}
