import { describe, expect, it } from '@jest/globals';
import { renderChart } from '@sriov/chart';
import { z } from 'zod';
import { type Alert, readAlerts } from './test/alerts.ts';
import { readDashboards } from './test/dashboards.ts';

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

const configMapSchema = z.looseObject({
  apiVersion: z.string(),
  kind: z.string(),
  metadata: z.looseObject({
    name: z.string(),
    namespace: z.string(),
    labels: z.record(z.string(), z.string()),
    annotations: z.record(z.string(), z.string()).optional(),
  }),
  data: z.record(z.string(), z.string()),
});
type ConfigMap = z.infer<typeof configMapSchema>;

const renderDashboards = async (dashboards: object, rules = {}): Promise<ConfigMap[]> =>
  (await renderChart({ namespace: 'sriov', values: { metrics: { dashboards, rules } } }))
    .filter(({ kind, metadata }) => kind === 'ConfigMap' && metadata.name.endsWith('-dashboard'))
    .map((object) => configMapSchema.parse(object));

describe('the dashboards of the chart', () => {
  it('are not there unless asked: not every cluster has a Grafana', async () => {
    expect(await renderDashboards({})).toEqual([]);
  });

  it('are in ConfigMaps as they are in the files, byte by byte, with the label that the sidecar looks for', async () => {
    const found = await renderDashboards({ enabled: true });
    expect(found.map(({ data }) => data)).toEqual(readDashboards().map(({ file, text }) => ({ [file]: text })));
    // An object may have 1 MiB at most.
    for (const object of found) expect(JSON.stringify(object).length).toBeLessThan(256 * 1024);
    for (const { metadata } of found) {
      expect(metadata.namespace).toBe('sriov');
      expect(metadata.labels).toMatchObject({ grafana_dashboard: '1', 'app.kubernetes.io/component': 'monitoring' });
    }
  });

  it('have the namespace, labels and annotations of the values', async () => {
    const annotations = { grafana_folder: 'SR-IOV' };
    const found = await renderDashboards({ enabled: true, namespace: 'grafana', labels: { a: 'b' }, annotations });
    expect(found).toHaveLength(2);
    for (const { metadata } of found) {
      expect(metadata).toMatchObject({ namespace: 'grafana', annotations, labels: { a: 'b', grafana_dashboard: '1' } });
    }
  });

  it('link each panel to the documents where the values say where these can be read', async () => {
    const found = await renderDashboards({ enabled: true }, { runbooks: 'https://example.org/operator/' });
    const text = JSON.stringify(found);
    const links = text.match(/ See https:\/\/example.org\/operator\/docs\/[a-z]+\.md#/g);
    expect(links).toHaveLength(readDashboards().flatMap(({ drawn }) => drawn).length);
    expect(text).not.toContain(' See docs/');
  });
});

describe('the alerts of the chart', () => {
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
