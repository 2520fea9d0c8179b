import { z } from 'zod';

/** Why a node that we have cordoned was unschedulable, or was not, before we did. It stands on the Node. */
export interface CordonRecord {
  /** Somebody had made the node unschedulable before us: it stays so when we are done. */
  readonly wasUnschedulable: boolean;
}

const recordSchema = z.object({ wasUnschedulable: z.boolean() });

/** Writes the record as the value of an annotation. */
export function formatCordonRecord(record: CordonRecord): string {
  return JSON.stringify(record);
}

/**
 * Reads the record. One that cannot be read is ours, but does not tell what was before: the node then stays
 * unschedulable, because nobody may be surprised by pods on a node that an administrator had closed.
 */
export function readCordonRecord(value: string | undefined): CordonRecord | undefined {
  if (value === undefined) return undefined;
  try {
    return recordSchema.parse(JSON.parse(value));
  } catch {
    return { wasUnschedulable: true };
  }
}

/** What a Node has to become, as one write. `record` `null`: it is removed. */
export interface CordonChange {
  readonly unschedulable: boolean;
  readonly record: CordonRecord | null;
}

/** What is known of the cordon of a node. */
interface CordonFacts {
  readonly isUnschedulable: boolean;
  readonly cordon?: CordonRecord | undefined;
  /** The drain was granted by us. */
  readonly isOurGrant: boolean;
}

/** Makes the node unschedulable and remembers what it was; nothing when that is done. */
export function planCordon({ isUnschedulable, cordon, isOurGrant }: CordonFacts): CordonChange | undefined {
  if (cordon !== undefined) return isUnschedulable ? undefined : { unschedulable: true, record: cordon };
  // Another drainer has granted the drain and makes no notes: it was the one who made the node unschedulable.
  return { unschedulable: true, record: { wasUnschedulable: isUnschedulable && isOurGrant } };
}

/**
 * Gives the node back as it was; nothing when it is. Without a record the cordon is somebody else's, except where
 * another drainer, which makes no notes, had granted the drain that ends now: upstream's makes the node schedulable.
 */
export function planUncordon({ isUnschedulable, cordon, isOurGrant }: CordonFacts): CordonChange | undefined {
  if (cordon !== undefined) return { unschedulable: isUnschedulable && cordon.wasUnschedulable, record: null };
  return isUnschedulable && !isOurGrant ? { unschedulable: false, record: null } : undefined;
}
