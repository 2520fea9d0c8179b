import { describe, expect, it } from '@jest/globals';
import { renderChart } from '@sriov/chart';
import { z } from 'zod';
import { type Alert, readAlerts } from './test/alerts.ts';

const ruleSchema = z.looseObject({
  kind: z.string(),
  metadata: z.looseObject({ labels: z.record(z.string(), z.string()).optional() }),
  spec: z.looseObject({
    groups: z.array(z.object({ rules: z.array(z.looseObject({ alert: z.string() })) })).optional(),
  }),
});

const renderRules = async (values: object): Promise<z.infer<typeof ruleSchema>[]> =>
  (await renderChart({ values }))
    .filter(({ kind }) => kind === 'PrometheusRule')
    .map((object) => ruleSchema.parse(object));
const alertsIn = (rules: readonly z.infer<typeof ruleSchema>[]): unknown[] =>
  rules.flatMap(({ spec }) => (spec.groups ?? []).flatMap((group) => group.rules));

describe('the chart', () => {
  it('has no alerts unless asked: not every cluster knows the kind', async () => {
    expect(await renderRules({})).toEqual([]);
  });

  it('has all alerts as they are in its files, with the labels by which Prometheus selects them', async () => {
    const rules = await renderRules({ metrics: { rules: { enabled: true, labels: { release: 'prometheus' } } } });
    expect(rules).toMatchObject([{ metadata: { labels: { release: 'prometheus' } } }]);
    const alerts = alertsIn(rules);
    expect(alerts).toHaveLength(readAlerts().length);
    expect(alerts).toEqual(expect.arrayContaining(readAlerts()));
  });

  it('links each alert to its runbook where the values say where that can be read', async () => {
    const runbooks = 'https://example.org/operator/';
    const alerts = alertsIn(await renderRules({ metrics: { rules: { enabled: true, runbooks } } })) as Alert[];
    const links = alerts.map(({ annotations }) => annotations.runbook_url);
    expect(links.filter((link) => !link.startsWith(`${runbooks}docs/runbooks.md#sriov`))).toEqual([]);
  });

  it('has no alert about a webhook that it does not run', async () => {
    const operator = { admissionControllers: { enabled: false } };
    const text = JSON.stringify(await renderRules({ operator, metrics: { rules: { enabled: true } } }));
    expect([text.includes('SriovNodeConfigStuck'), text.includes('admission-webhook')]).toEqual([true, false]);
  });
});
