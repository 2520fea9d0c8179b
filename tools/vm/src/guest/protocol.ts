import { z } from 'zod';

const strings = z.array(z.string()).readonly();
const id = z.number();
const signals = z.custom<NodeJS.Signals>((value) => typeof value === 'string' && value.startsWith('SIG'));

const requestSchema = z.discriminatedUnion('op', [
  z.object({ op: z.literal('run'), command: z.string(), args: strings, timeoutMs: z.number() }).readonly(),
  z.object({ op: z.literal('follow'), command: z.string(), args: strings }).readonly(),
  z.object({ op: z.literal('start'), name: z.string(), command: z.string(), args: strings }).readonly(),
  z.object({ op: z.literal('signal'), name: z.string(), signal: signals }).readonly(),
  z.object({ op: z.enum(['read', 'list', 'readlink']), path: z.string() }).readonly(),
  z.object({ op: z.literal('write'), path: z.string(), text: z.string() }).readonly(),
  z.object({ op: z.literal('get'), url: z.string() }).readonly(),
]);

/** What the host asks of the agent in the guest; each request has one answer. Lines of JSON, both ways. */
export type AgentRequest = z.output<typeof requestSchema>;

/** A request as the host sends it, with the number of the call. */
export const agentCallSchema = z.intersection(z.object({ id }), requestSchema);

/** How a command ended; 137 when it was killed at its deadline. */
export interface Ended {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** An answer, or news that nobody asked for. */
export const agentMessageSchema = z.union([
  // The guest has booted: release of its kernel.
  z.object({ hello: z.string() }),
  z.object({ ended: z.object({ name: z.string(), how: z.string() }) }),
  z.object({ id, line: z.string() }),
  z.object({ id, error: z.string() }),
  z.object({ id, result: z.unknown() }),
]);
export type AgentMessage = z.output<typeof agentMessageSchema>;

/** Name of the virtio-serial port between the two. */
export const AGENT_PORT = 'sriov.agent';
