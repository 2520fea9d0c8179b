/** One row of the plan for a node: the old value beside the new one. */
export interface ChangeRow {
  /** The PF, or another part of the node, that the row is about. */
  readonly subject: string;
  readonly setting: string;
  readonly before: string;
  readonly after: string;
}
