import { z } from 'zod';

/** Reads a JSON text. @throws Error that says in what the text differs from the schema. */
export function readJson<T>(schema: z.ZodType<T>, text: string): T {
  return schema.parse(JSON.parse(text));
}

const objectSchema = z.record(z.string(), z.unknown());

/** Reads a JSON text that is an object. @throws Error when it is anything else. */
export function readObject(text: string): Record<string, unknown> {
  return readJson(objectSchema, text);
}

const logLineSchema = z.looseObject({
  level: z.string(),
  msg: z.string(),
  port: z.number().optional(),
});

/** A line of a service's log, as far as specs read it. */
export type LogLine = z.output<typeof logLineSchema>;

/** Reads a line of a service's log. @throws Error when it is none. */
export function readLogLine(line: string): LogLine {
  return readJson(logLineSchema, line);
}
