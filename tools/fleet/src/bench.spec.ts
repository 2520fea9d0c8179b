import { beforeAll, describe, expect, it, jest } from '@jest/globals';
import { testControlPlane } from '@sriov/testing';
import { type Figures, runBench } from './bench.ts';
import { rowsOf, tableOf } from './report.ts';

jest.setTimeout(300_000);

const NODES = 12;
let figures: Figures;

// How long things take says nothing on a machine that runs tests; how often the API server is asked says everything.
describe('the bench with a small fleet', () => {
  beforeAll(async () => {
    const flags = { nodes: NODES, nics: 2, vfs: 2, policies: 5, changes: 3, rounds: 1, json: false };
    figures = await runBench(testControlPlane(), flags, () => undefined);
  });

  it('sees one write a node state for a change of all, and few of the ConfigMap', () => {
    const { writes } = figures.changeOfAll;
    expect(writes.get('sriovnetworknodestates')).toBe(NODES);
    expect(writes.get('configmaps')).toBeLessThanOrEqual(3);
    expect(writes.has('nodes')).toBe(false);
  });

  it('sees one write a change of one node', () => {
    const { writes } = figures.changesOfOne;
    expect(writes.get('sriovnetworknodestates')).toBe(3);
    expect([writes.has('configmaps'), writes.has('nodes')]).toEqual([false, false]);
  });

  it.each(['resync', 'restart', 'leaderChange'] as const)('sees no write at all for a %s', (what) => {
    expect([...figures[what].writes]).toEqual([]);
  });

  it('sees what the bare client wrote as what the controller would write', () => {
    // Had they differed, the controller would have written them again when it came back.
    expect(figures.comparisons).toHaveLength(1);
    expect(
      rowsOf(figures)
        .filter(({ what }) => what.startsWith('writes of'))
        .every(({ isMet }) => isMet),
    ).toBe(true);
  });

  it('prints a row for each figure', () => {
    const lines = tableOf(rowsOf(figures)).split('\n');
    expect(lines).toHaveLength(rowsOf(figures).length + 2);
    expect(new Set(lines.map(({ length }) => length)).size).toBe(1);
  });
});
