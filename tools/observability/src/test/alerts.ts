import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CHART_FOLDER } from '@sriov/chart';
import { parse } from 'yaml';
import { z } from 'zod';

const alertSchema = z.strictObject({
  alert: z.string(),
  expr: z.string(),
  for: z.string().optional(),
  labels: z.record(z.string(), z.string()),
  annotations: z.strictObject({ summary: z.string(), description: z.string(), runbook_url: z.string() }),
});
/** One alert of the chart. */
export type Alert = z.infer<typeof alertSchema>;

const fileSchema = z.strictObject({
  groups: z.array(z.strictObject({ name: z.string(), rules: z.array(alertSchema) })),
});

const FOLDER = join(CHART_FOLDER, 'files/alerts');

/** Paths of the chart's files of rules. */
export function alertFiles(): string[] {
  return readdirSync(FOLDER).map((name) => join(FOLDER, name));
}

/** All alerts of the chart. @throws {z.ZodError} when a file has another form */
export function readAlerts(): Alert[] {
  return alertFiles().flatMap((path) => {
    const { groups } = fileSchema.parse(parse(readFileSync(path, 'utf8')));
    return groups.flatMap(({ rules }) => rules);
  });
}
