import { z } from 'zod';

/** The calls of the kernel port that one process makes of another, a line of JSON each. */
export const CALLS = ['read', 'write', 'readlink', 'list', 'exec', 'call', 'callJson'] as const;

const errorSchema = z.object({ verb: z.string(), path: z.string(), code: z.string() });

/** A call. */
export const requestSchema = z.object({ id: z.number(), verb: z.enum(CALLS), args: z.array(z.unknown()) });

/** The end of a call, or an event. */
export const answerSchema = z.union([
  z.object({ id: z.number(), result: z.unknown() }),
  z.object({ id: z.number(), error: errorSchema }),
  z.object({ event: z.object({ kind: z.enum(['link', 'device', 'pod', 'ovs']), name: z.string().optional() }) }),
]);

/** A message to the other process. */
export type WireMessage = z.input<typeof requestSchema> | z.input<typeof answerSchema>;

/** Calls `onLine` with each line of a stream. */
export function eachLine(stream: NodeJS.ReadableStream, onLine: (line: string) => void): void {
  let rest = '';
  stream.setEncoding('utf8').on('data', (text: string) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) onLine(line);
  });
}
