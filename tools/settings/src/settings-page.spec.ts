import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { settingsPage } from './settings-page.ts';

const pump = {
  program: 'pump',
  summary: 'moves water',
  schema: z.object({
    nodeName: z.string().min(1).describe('Node that the pump stands on'),
    port: z.int().min(0).max(65_535).default(80).describe('Port of the pump'),
    days: z.number().positive().optional().describe('Days until the pump is looked at'),
    count: z.int().default(1).describe('Number of pumps'),
    dryRun: z.boolean().default(false).describe('Only say what would be done'),
    gear: z.enum(['low', 'high']).default('low').describe('Gear'),
    valves: z.array(z.string()).default([]).describe('Valves to open'),
  }),
};

describe('the page of the settings', () => {
  const lines = settingsPage([pump, { ...pump, program: 'mill', summary: 'grinds' }]).split('\n');

  it('has a section for each service, which says what it is for', () => {
    expect(lines.filter((line) => line.startsWith('## '))).toEqual(['## pump', '## mill']);
    expect(lines).toContain('It moves water.');
  });

  it.each([
    ['is required', '- `--node-name`, `NODE_NAME` (text, required): Node that the pump stands on.'],
    ['has bounds', '- `--port`, `PORT` (integer from 0 up to 65535, default `80`): Port of the pump.'],
    ['has an open bound and no default', '- `--days`, `DAYS` (number above 0): Days until the pump is looked at.'],
    ['is any integer', '- `--count`, `COUNT` (integer, default `1`): Number of pumps.'],
    ['is a switch', '- `--dry-run`, `DRY_RUN` (switch, default `false`): Only say what would be done.'],
    ['is a choice', '- `--gear`, `GEAR` (one of `low` `high`, default `"low"`): Gear.'],
    ['is a list', '- `--valves`, `VALVES` (list, default `[]`): Valves to open.'],
  ])('has a line for a setting that %s', (_, line) => {
    expect(lines.filter((each) => each === line)).toHaveLength(2);
  });
});
