import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { CHART_FOLDER } from '@sriov/chart';
import { z } from 'zod';

const placeSchema = z.strictObject({ x: z.number(), y: z.number(), w: z.number(), h: z.number() });
const sourceSchema = z.strictObject({ type: z.literal('prometheus'), uid: z.literal('${datasource}') });
const querySchema = z.strictObject({
  refId: z.string().regex(/^[A-Z]$/),
  datasource: sourceSchema,
  expr: z.string().min(1),
  legendFormat: z.string().min(1),
  instant: z.boolean(),
  range: z.boolean(),
  format: z.enum(['table']).optional(),
});
const rowSchema = z.strictObject({
  type: z.literal('row'),
  id: z.int().positive(),
  title: z.string().min(1),
  collapsed: z.boolean(),
  panels: z.array(z.never()),
  gridPos: placeSchema,
});
const panelSchema = z.strictObject({
  type: z.enum(['stat', 'timeseries', 'table']),
  id: z.int().positive(),
  title: z.string().min(1),
  description: z.string(),
  datasource: sourceSchema,
  gridPos: placeSchema,
  targets: z.array(querySchema).min(1),
  transparent: z.boolean(),
  repeatDirection: z.literal('h'),
  options: z.looseObject({}),
  fieldConfig: z.strictObject({
    defaults: z.looseObject({ unit: z.string().min(1) }),
    overrides: z.array(z.strictObject({ matcher: z.looseObject({}), properties: z.array(z.looseObject({})) })),
  }),
  transformations: z.array(z.strictObject({ id: z.string(), options: z.looseObject({}) })).optional(),
});
const variableSchema = z.looseObject({
  name: z.string(),
  type: z.enum(['datasource', 'query']),
  query: z.string().min(1),
});
const dashboardSchema = z.strictObject({
  uid: z.string().max(40),
  title: z.string().min(1),
  description: z.string().min(1),
  tags: z.array(z.string()),
  schemaVersion: z.int(),
  timezone: z.literal('browser'),
  editable: z.boolean(),
  graphTooltip: z.int(),
  fiscalYearStartMonth: z.literal(0),
  refresh: z.string(),
  time: z.strictObject({ from: z.string(), to: z.string() }),
  annotations: z.strictObject({}),
  links: z.array(z.looseObject({ type: z.literal('dashboards') })),
  templating: z.strictObject({ list: z.array(variableSchema) }),
  panels: z.array(z.discriminatedUnion('type', [rowSchema, panelSchema])),
});

/** A dashboard of the chart. */
export interface Dashboard extends z.infer<typeof dashboardSchema> {
  /** Name of its file. */
  readonly file: string;
  /** As it is in the file. */
  readonly text: string;
  /** The panels without the rows. */
  readonly drawn: readonly z.infer<typeof panelSchema>[];
}

const FOLDER = join(CHART_FOLDER, 'files/dashboards');

/** All dashboards of the chart. @throws {z.ZodError} when a file has another form */
export function readDashboards(): Dashboard[] {
  return readdirSync(FOLDER).map((name) => {
    const text = readFileSync(join(FOLDER, name), 'utf8');
    const dashboard = dashboardSchema.parse(JSON.parse(text));
    const drawn = dashboard.panels.filter((panel) => panel.type !== 'row');
    return { ...dashboard, file: basename(name), text, drawn };
  });
}

/** PromQL with values for the variables that Grafana puts in. */
export function withValues(expr: string): string {
  return expr.replaceAll('$__rate_interval', '5m').replaceAll('$namespace', 'sriov').replaceAll('$node', 'a');
}
