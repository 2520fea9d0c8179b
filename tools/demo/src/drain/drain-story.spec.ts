import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { DemoCluster } from '../cluster.ts';
import { readExamples } from '../examples.ts';
import { findFaults } from '../outcome.ts';
import { Stopwatch } from '../stopwatch.ts';
import { type DrainOutcome, findDrainFaults, showDrain } from './drain-story.ts';

jest.setTimeout(240_000);

const said: string[] = [];
let cluster: DemoCluster;
let outcome: DrainOutcome;

beforeAll(async () => {
  const quiet = (): void => undefined;
  const world = join(import.meta.dirname, '../../../worlds/demo.yaml');
  const options = { world, examples: await readExamples(), stopwatch: new Stopwatch(quiet), say: quiet };
  cluster = await DemoCluster.start(options);
  expect(findFaults(await cluster.applyExamples())).toEqual([]);
  outcome = await showDrain(cluster, (line) => said.push(line));
});
afterAll(() => cluster.stop());

describe('a drain in the demo, with all services as processes under their own accounts,', () => {
  it('is blocked by a budget, and ends with the change made and the node given back when the budget is lifted', () => {
    expect(findDrainFaults(outcome)).toEqual([]);
  });

  it('shows what an administrator sees: the plan, conditions and Events', () => {
    const text = said.join('\n');
    expect(text).toMatch(/drain: needed where pods have VF 0-3 of ens1/);
    expect(text).toMatch(/Drained +False +DrainBlocked +0 of 1 pod has left; cannot be evicted now: default\/database/);
    expect(text).toMatch(/Ready +False +Draining/);
    expect(text).toMatch(/Warning +DrainBlocked/);
    expect(text).toMatch(/Drained +False +NotDrained/);
    expect(text).toMatch(/demo-node +no +Drain_Required +Draining +20\n/);
    expect(text).toMatch(/demo-node +yes +Idle +Idle +18\n/);
  });

  it('finds what is not as it should be', () => {
    const { blocked, over } = outcome;
    const wrong = findDrainFaults({
      blocked: { ...blocked, isSchedulable: true, conditions: [] },
      over: { ...over, vfs: blocked.vfs, isSchedulable: false },
    });
    expect(wrong).toHaveLength(4);
  });
});
