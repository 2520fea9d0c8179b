import { z } from 'zod';

/** What the parent asks of a simulated host: what was asked of it so far, or a change from outside. */
export const askSchema = z.union([
  z.object({ ask: z.literal('count') }),
  z.object({ ask: z.literal('write'), path: z.string(), value: z.string() }),
  z.object({ ask: z.literal('exec'), command: z.string(), args: z.array(z.string()) }),
]);

/** A message of the parent. */
export type Ask = z.input<typeof askSchema>;

/** Calls of the kernel port since the start, the commands among them, and all changes of the host. */
export const countsSchema = z.object({ calls: z.number(), processes: z.number(), writes: z.number() });

/** What was counted. */
export type Counts = z.output<typeof countsSchema>;
