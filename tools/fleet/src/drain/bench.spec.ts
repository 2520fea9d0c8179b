import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { type ControlPlane, startControlPlane } from '@sriov/control-plane';
import { tableOf } from '../report.ts';
import { type DrainFigures, runDrainBench } from './bench.ts';
import { readDrainFlags } from './flags.ts';
import { drainRowsOf } from './report.ts';

jest.setTimeout(300_000);

const NODES = 12;
let plane: ControlPlane;
let figures: DrainFigures;

const requests = (asked: ReadonlyMap<string, number>): number =>
  [...asked.values()].reduce((sum, count) => sum + count, 0);

// A control plane of its own: the other bench counts the requests of the one that specs share.
describe('the bench of drains with a small fleet', () => {
  beforeAll(async () => {
    plane = await startControlPlane();
    const flags = { nodes: NODES, maxUnavailable: 2, workMs: 50, nics: 1, vfs: 1 };
    figures = await runDrainBench(plane, flags, () => undefined);
  });
  afterAll(() => plane.stop());

  it('sees every node drained and given back, and never more at once than the pool allows', () => {
    expect([figures.granted, figures.most, figures.leftCordoned]).toEqual([NODES, 2, 0]);
    expect(figures.waits).toHaveLength(NODES - 2);
  });

  it('sees no read beside watches and one list of pods per node that is drained', () => {
    const reads = (asked: ReadonlyMap<string, number>): string[] =>
      [...asked].flatMap(([key, count]) => (/^(GET|LIST)/.test(key) ? `${count} ${key}` : []));
    expect(reads(figures.asking)).toEqual(['2 LIST pods']);
    expect(reads(figures.draining)).toEqual([`${NODES - 2} LIST pods`]);
  });

  it('sees so few requests that a node that waits costs no more when others come and go', () => {
    expect(figures.draining.get('APPLY sriovnetworknodestates/status')).toBeLessThanOrEqual(9 * NODES);
    expect(requests(figures.draining) + requests(figures.asking)).toBeLessThanOrEqual(30 * NODES);
  });

  it('prints a row for each figure', () => {
    const lines = tableOf(drainRowsOf(figures)).split('\n');
    expect(lines).toHaveLength(drainRowsOf(figures).length + 2);
  });
});

describe('the flags', () => {
  it('are those of the bars unless told otherwise', () => {
    expect(readDrainFlags([])).toMatchObject({ nodes: 1_000, maxUnavailable: 50 });
  });

  it('refuse a fleet in which nobody waits', () => {
    expect(() => readDrainFlags(['--nodes', '5', '--max-unavailable', '5'])).toThrow('or nobody waits');
  });
});
