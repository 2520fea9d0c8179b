import { describe, expect, it } from '@jest/globals';
import { Metrics } from './metrics.ts';

const namesOf = async (isQuiet: boolean): Promise<string[]> => {
  const metrics = new Metrics();
  metrics.collectProcess(isQuiet);
  return (await metrics.text()).split('\n').flatMap((line) => /^# TYPE (\S+)/.exec(line)?.[1] ?? []);
};

describe('the metrics of the process', () => {
  it('are the same for one that must not wake up without need, but for those that are sampled', async () => {
    const [all, quiet] = [await namesOf(false), await namesOf(true)];
    const left = all.filter((name) => !quiet.includes(name));
    expect(quiet.filter((name) => !all.includes(name))).toEqual([]);
    expect(left).toHaveLength(7);
    expect(left.filter((name) => !/^nodejs_eventloop_lag_\w+_seconds$/.test(name))).toEqual([]);
  });
});
