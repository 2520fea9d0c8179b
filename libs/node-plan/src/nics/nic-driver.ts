/** What the planner must know of a PF's kernel driver. */
export interface NicDriver {
  /** Name of the PF's driver. */
  readonly pfDriver: string;
  /** Kernel driver of its VFs, bound by name: with autoprobe off, nothing else binds one. */
  readonly vfDriver: string;
  /** The device resets, and its link goes down, for another number of VFs as well as for another MTU. */
  readonly resets?: true;
  /** A write to `sriov_numvfs` succeeds and does nothing while the link is down. */
  readonly needsLinkUp?: true;
}
