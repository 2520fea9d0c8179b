import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { REASON } from '@sriov/api';
import { runCommand } from '@sriov/control-plane';
import { type MetricAbout } from '@sriov/runtime';
import { QUERY_CASES } from './dashboards.cases.ts';
import { dashboardFile } from './dashboards/build.ts';
import { FLEET } from './dashboards/fleet.ts';
import { NODE } from './dashboards/node.ts';
import { resolvePromtool } from './promtool.ts';
import { type Dashboard, readDashboards, withValues } from './test/dashboards.ts';
import { findStrangers, metricsIn } from './test/promql.ts';
import { readRegistries } from './test/registries.ts';

const ROOT = join(import.meta.dirname, '../../..');
const dashboards = readDashboards();
const panels = dashboards.flatMap((dashboard) =>
  dashboard.drawn.map((panel) => ({ ...panel, name: `${dashboard.uid}: ${panel.title}` })),
);
const queries = panels.flatMap((panel) => panel.targets.map((target) => ({ ...target, panel })));
/** Queries of variables, which are `label_values(series, label)`. */
const variables = dashboards.flatMap(({ templating }) =>
  templating.list.flatMap(({ name, type, query }) => {
    if (type !== 'query') return [];
    const [, series = '', label = ''] = /^label_values\((.+), (\w+)\)$/.exec(query) ?? [];
    return [{ name, series, label }];
  }),
);

/** Runs promtool on a file. @throws Error with what it objects to */
async function promtool(args: readonly string[], content: object): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'dashboards-'));
  const words: string[] = [];
  try {
    const path = join(folder, 'file.yaml');
    writeFileSync(path, JSON.stringify(content));
    const { path: program } = await resolvePromtool();
    return await runCommand(program, [...args, path], { onErrorLine: (line) => words.push(line) });
  } catch (error) {
    throw new Error(words.join('\n'), { cause: error });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const isBeside = (a: Dashboard['panels'][number]['gridPos'], b: Dashboard['panels'][number]['gridPos']): boolean =>
  a.x + a.w <= b.x || b.x + b.w <= a.x || a.y + a.h <= b.y || b.y + b.h <= a.y;

describe('the dashboards', () => {
  let registries: ReadonlyMap<string, readonly MetricAbout[]>;
  beforeAll(async () => {
    registries = await readRegistries();
  });

  it('are those that are written down', () => {
    const files = new Map([FLEET, NODE].map((spec) => [`${spec.uid}.json`, dashboardFile(spec)]));
    expect(new Map(dashboards.map(({ file, text }) => [file, text]))).toEqual(files);
  });

  it('have uids, titles and numbers of their own, and places that do not overlap', () => {
    for (const key of ['uid', 'title'] as const) expect(new Set(dashboards.map((each) => each[key])).size).toBe(2);
    for (const { panels: all, drawn } of dashboards) {
      expect(new Set(all.map(({ id }) => id)).size).toBe(all.length);
      expect(new Set(drawn.map(({ title }) => title)).size).toBe(drawn.length);
      for (const { gridPos } of all) expect(gridPos.x + gridPos.w).toBeLessThanOrEqual(24);
      const pairs = all.flatMap((a, at) => all.slice(at + 1).map((b) => [a.gridPos, b.gridPos] as const));
      expect(pairs.filter(([a, b]) => !isBeside(a, b))).toEqual([]);
    }
  });

  it('say of each panel what it shows and what to do, with a heading in the documents that is there', () => {
    for (const { name, description } of panels) {
      const [, text = '', path = '', anchor = ''] = /^(.+) See (docs\/\S+\.md)#(\S+)$/.exec(description) ?? [];
      expect([name, text.split('. ').length > 1]).toEqual([name, true]);
      const headings = readFileSync(join(ROOT, path), 'utf8').matchAll(/^#+ (.+)$/gm);
      const anchors = [...headings].map(([, heading = '']) => heading.toLowerCase().replaceAll(' ', '-'));
      expect([name, anchors]).toEqual([name, expect.arrayContaining([anchor])]);
    }
  });

  it('use no metric and no label that is not there', () => {
    const strangers = [
      ...queries.map(({ expr, panel }) => [panel.name, findStrangers(withValues(expr), registries)] as const),
      ...variables.map(({ name, series, label }) => {
        const expr = `sum by (${label}) (${withValues(series)})`;
        return [name, findStrangers(expr, registries)] as const;
      }),
    ];
    expect(strangers.filter(([, found]) => found.length > 0)).toEqual([]);
    expect(variables.map(({ name }) => name)).toEqual(['namespace', 'namespace', 'node']);
  });

  it('have queries to which promtool has no objection', async () => {
    const rules = queries.map(({ expr }, index) => ({ record: `query:${index}`, expr: withValues(expr) }));
    const groups = [{ name: 'dashboards', rules }];
    expect(await promtool(['check', 'rules', '--lint=none'], { groups })).toContain(`${queries.length} rules found`);
  });

  it('name series by labels that their queries keep', () => {
    for (const { expr, legendFormat, panel } of queries) {
      const kept = [...expr.matchAll(/ by \(([^)]*)\)/g)].flatMap(([, labels = '']) => labels.split(', '));
      const named = [...legendFormat.matchAll(/\{\{(\w+)\}\}/g)].map(([, label = '']) => label);
      expect([panel.name, named.filter((label) => !kept.includes(label))]).toEqual([panel.name, []]);
    }
  });

  it('ask only for the namespaces that are chosen, and the one of a node only for that node', () => {
    for (const { expr, panel } of queries) {
      const selectors = expr.match(/\w+\{[^}]*\}/g) ?? [];
      expect([panel.name, selectors.length]).toEqual([panel.name, metricsIn(withValues(expr)).length]);
      const wanted = panel.name.startsWith(NODE.uid)
        ? /namespace=~"\$namespace".*node="\$node"/
        : /namespace=~"\$namespace[|"]/;
      expect([panel.name, selectors.filter((each) => !wanted.test(each))]).toEqual([panel.name, []]);
    }
  });

  it('compare reasons that there are', () => {
    const named = queries.flatMap(({ expr }) =>
      [...expr.matchAll(/reason=~?"([^"]+)"/g)].flatMap(([, text = '']) => text.split('|')),
    );
    expect(named.length).toBeGreaterThan(0);
    expect(Object.values(REASON)).toEqual(expect.arrayContaining(named));
  });
});

describe('a query', () => {
  it.each(QUERY_CASES.map((each) => [each.panel, each.gives, each] as const))('%s: %s', async (panel, _, each) => {
    const query = queries.find(({ panel: { name }, legendFormat }) => name === panel && legendFormat === each.legend);
    if (query === undefined) throw new Error(`no query ${each.legend} in ${panel}`);
    const test = {
      rule_files: [],
      evaluation_interval: '1m',
      tests: [
        {
          interval: '1m',
          input_series: Object.entries(each.series).map(([series, values]) => ({ series, values })),
          promql_expr_test: [{ expr: withValues(query.expr), eval_time: `${each.at}m`, exp_samples: each.samples }],
        },
      ],
    };
    expect(await promtool(['test', 'rules'], test)).toContain('SUCCESS');
  });
});
