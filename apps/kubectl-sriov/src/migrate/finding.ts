/** What a finding means for the move. */
export type FindingLevel =
  /** To be put right before the move. */
  | 'first'
  /** The move changes it, or takes it away. */
  | 'change'
  /** To be known; nobody is disturbed. */
  | 'note';

/** Something that matters to a move: an object, what is with it, and what to do. */
export interface MigrationFinding {
  readonly level: FindingLevel;
  readonly kind: string;
  readonly namespace?: string | undefined;
  readonly name: string;
  /** A sentence: field, value, cause. It may have several lines. */
  readonly message: string;
  /** What to do, where something is to be done. */
  readonly cure?: string | undefined;
}
