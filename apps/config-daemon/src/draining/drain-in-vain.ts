import { ANNOTATION, type SriovNetworkNodeState } from '@sriov/api';
import { z } from 'zod';

/** What a drain was for that did not come although the node was drained. It stands on the node state, as JSON. */
export interface DrainInVain {
  /** Of the node state: for another spec everything is tried anew. */
  readonly generation: number;
  /** RFC 3339 time at which the node was given back. */
  readonly at: string;
  /** How often in a row that has happened. */
  readonly times: number;
  /** PCI addresses of PFs, {@link REBOOT}, and {@link NODE}. */
  readonly of: readonly string[];
}

/** The node was drained to be rebooted. */
export const REBOOT = 'reboot';
/** What keeps a node drained concerns it as a whole. */
export const NODE = 'node';

const schema: z.ZodType<DrainInVain> = z.object({
  generation: z.number(),
  at: z.string(),
  times: z.number().int().positive(),
  of: z.array(z.string()),
});

/** Reads the record of the node state; nothing where there is none, it cannot be read, or another spec has come since. */
export function readDrainInVain({
  metadata: { generation, annotations },
}: Pick<SriovNetworkNodeState, 'metadata'>): DrainInVain | undefined {
  const text = annotations?.[ANNOTATION.drainInVain];
  if (text === undefined) return undefined;
  try {
    const record = schema.parse(JSON.parse(text));
    return record.generation === generation ? record : undefined;
  } catch {
    return undefined;
  }
}

const FIRST_MS = 60 * 60_000;
const LONGEST_MS = 24 * FIRST_MS;

/** When the node asks again for the same, in milliseconds since the epoch: after one hour, two, four, up to a day. */
export function asksAgainAt({ at, times }: DrainInVain): number {
  return Date.parse(at) + Math.min(FIRST_MS * 2 ** (times - 1), LONGEST_MS);
}

/** Whether the node does not ask yet. A time that is to come, or that nobody can read, holds nobody up: see the clock. */
export function isPausing(record: DrainInVain, now: number): boolean {
  return Date.parse(record.at) <= now && now < asksAgainAt(record);
}
