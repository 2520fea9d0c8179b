import { z } from 'zod';

/** What one service writes for others, or for the next version of itself. */
export interface Exchange {
  /** Name of its file in the recording of a release. */
  readonly name: string;
  /** What it is, for people: an object with its field, or a file. */
  readonly what: string;
  readonly writer: string;
  readonly readers: readonly string[];
  /** What the writer of this version writes on the recorded occasions, by their names. */
  write(): Promise<Documents>;
  /** What the readers of this version make of a document: decisions and never sentences, because words may change. */
  understand(document: unknown): Promise<unknown>;
  /** What a reader checks before it reads on; absent where it takes any text as it comes. */
  readonly checked?: {
    readonly schema: z.ZodType;
    /** The part of a document that is checked. */
    part(document: unknown): unknown;
  };
}

/** Documents as JSON, by the occasion on which they were written. */
export type Documents = Readonly<Record<string, unknown>>;

/** The form in which an exchange is kept for a release. */
export const recordingSchema = z.object({
  /** What was written. */
  written: z.record(z.string(), z.unknown()),
  /** What the readers of the same release made of it. */
  understood: z.record(z.string(), z.unknown()),
  /** The JSON schema by which these readers checked it. */
  checked: z.record(z.string(), z.unknown()).optional(),
});
export type Recording = z.output<typeof recordingSchema>;

/** Records an exchange as it is in this version. */
export async function record(exchange: Exchange): Promise<Recording> {
  const written = asJson(await exchange.write());
  const understood = await understandAll(exchange, written);
  const schema = exchange.checked?.schema;
  return { written, understood, ...(schema && { checked: asJson(z.toJSONSchema(schema, { io: 'input' })) }) };
}

/** What the readers of this version make of recorded documents. */
export async function understandAll(exchange: Exchange, written: Documents): Promise<Documents> {
  const understood: Record<string, unknown> = {};
  for (const [occasion, document] of Object.entries(written))
    understood[occasion] = await exchange.understand(document);
  return asJson(understood);
}

const jsonObject = z.record(z.string(), z.unknown());

/** The value as it is when it has been written and read. */
export function asJson(value: unknown): Record<string, unknown> {
  return jsonObject.parse(JSON.parse(JSON.stringify(value)));
}
