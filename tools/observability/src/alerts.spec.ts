import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { runCommand } from '@sriov/control-plane';
import { ALERT_CASES, type AlertCase } from './alerts.cases.ts';
import { resolvePromtool } from './promtool.ts';
import { type Alert, alertFiles, readAlerts } from './test/alerts.ts';
import { findStrangers } from './test/promql.ts';
import { readRegistries } from './test/registries.ts';

const alerts = readAlerts();
const DOCS = join(import.meta.dirname, '../../../docs');

/** The rule that a case is about: some alerts have one for each service. */
function ruleOf({ alert, fires }: AlertCase): Alert {
  const rules = alerts.filter((rule) => rule.alert === alert);
  const rule = rules.find(({ labels }) => labels['service'] === fires?.labels['service']) ?? rules[0];
  if (rule === undefined) throw new Error(`no alert ${alert}`);
  return rule;
}

/** Runs promtool on the case. @throws Error with what it expected and got */
async function test(each: AlertCase): Promise<string> {
  const { when, alert, series, at, fires } = each;
  const { summary, runbook_url } = ruleOf(each).annotations;
  const expected = fires && {
    exp_labels: fires.labels,
    exp_annotations: { summary, runbook_url, description: fires.description },
  };
  const file = {
    rule_files: alertFiles(),
    evaluation_interval: '1m',
    tests: [
      {
        name: when,
        interval: '1m',
        input_series: Object.entries(series).map(([name, values]) => ({ series: name, values })),
        alert_rule_test: [{ alertname: alert, eval_time: `${at}m`, exp_alerts: expected ? [expected] : [] }],
      },
    ],
  };
  const folder = mkdtempSync(join(tmpdir(), 'alerts-'));
  const words: string[] = [];
  try {
    const path = join(folder, 'test.yaml');
    writeFileSync(path, JSON.stringify(file));
    const { path: promtool } = await resolvePromtool();
    return await runCommand(promtool, ['test', 'rules', path], { onErrorLine: (line) => words.push(line) });
  } catch (error) {
    throw new Error(words.join('\n'), { cause: error });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

describe('the alerts', () => {
  it('are rules to which promtool has no objection', async () => {
    const { path } = await resolvePromtool();
    const said = await runCommand(path, ['check', 'rules', '--lint=all', '--lint-fatal', ...alertFiles()], {});
    expect(said.match(/SUCCESS: \d+ rules found/g)).toHaveLength(alertFiles().length);
  });

  it('use no metric and no label that is not there', async () => {
    const registries = await readRegistries();
    expect(
      alerts.flatMap(({ alert, expr }) => findStrangers(expr, registries).map((each) => `${alert}: ${each}`)),
    ).toEqual([]);
  });

  it('have a section in the runbooks, which they link to, and no section is without an alert', () => {
    const text = readFileSync(join(DOCS, 'runbooks.md'), 'utf8');
    const sections = [...text.matchAll(/^## (Sriov\w+)$/gm)].map(([, name]) => name);
    expect([...sections].sort()).toEqual([...new Set(alerts.map(({ alert }) => alert))].sort());
    for (const { alert, annotations } of alerts) {
      expect(annotations.runbook_url).toBe(`docs/runbooks.md#${alert.toLowerCase()}`);
    }
  });

  it('have a severity', () => {
    for (const { alert, labels } of alerts) {
      expect([alert, ['info', 'warning', 'critical'].includes(labels['severity'] ?? '')]).toEqual([alert, true]);
    }
  });

  it('are each tested for when they fire and when they are silent', () => {
    const of = (isFiring: boolean): (readonly string[])[] =>
      ALERT_CASES.filter(({ fires }) => (fires !== undefined) === isFiring).map(({ alert }) => [alert]);
    const names = new Set(alerts.map(({ alert }) => alert));
    for (const isFiring of [true, false]) expect(new Set(of(isFiring).flat())).toEqual(names);
    const services = alerts.flatMap(({ labels }) => labels['service'] ?? []);
    expect(ALERT_CASES.flatMap(({ fires }) => fires?.labels['service'] ?? [])).toEqual(
      expect.arrayContaining(services),
    );
  });
});

describe('an alert', () => {
  it.each(ALERT_CASES.map((each) => [each.alert, each.fires ? 'fires' : 'is silent', each.when, each] as const))(
    '%s %s when %s',
    async (_name, _verb, _when, each) => {
      expect(await test(each)).toContain('SUCCESS');
    },
  );
});
