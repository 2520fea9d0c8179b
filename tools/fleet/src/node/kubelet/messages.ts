import { z } from 'zod';

/** Method of the echo that calls are compared with. */
export const ECHO_METHOD = '/bench.Echo/Echo';

const deviceSchema = z.object({ resource: z.string(), id: z.string() });

/** What the bench asks of the kubelet that it plays: calls, one after the other. It answers with `took`. */
export const requestSchema = z.discriminatedUnion('ask', [
  /** An Allocate of each device. A pod has it from then on. */
  z.object({ ask: z.literal('allocate'), devices: z.array(deviceSchema) }),
  /** The same messages to an echo on this socket. */
  z.object({ ask: z.literal('echo'), socket: z.string(), ids: z.array(z.string()) }),
]);
/** What the bench asks. */
export type KubeletRequest = z.infer<typeof requestSchema>;

const ids = z.array(z.string());
const listSchema = z.object({
  tell: z.literal('list'),
  resource: z.string(),
  atMs: z.number(),
  healthy: ids,
  unhealthy: ids,
});
/** A list of devices as a device plugin sent it. */
export type List = z.infer<typeof listSchema>;

/** What the kubelet tells the bench. */
export const newsSchema = z.discriminatedUnion('tell', [
  z.object({ tell: z.literal('serves') }),
  /** A list came, at this time of {@link monotonicMs}. */
  listSchema,
  /** How long each call took, in ms. */
  z.object({ tell: z.literal('took'), ms: z.array(z.number()) }),
  z.object({ tell: z.literal('failed'), why: z.string() }),
]);
/** What the kubelet tells. */
export type KubeletNews = z.infer<typeof newsSchema>;

/** Milliseconds of the monotonic clock, which all processes of a machine share. */
export const monotonicMs = (): number => Number(process.hrtime.bigint()) / 1e6;
