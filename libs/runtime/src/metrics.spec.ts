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

describe('a gauge that is set when somebody asks', () => {
  it('says what is so then', async () => {
    const metrics = new Metrics();
    let level = 1;
    metrics.gauge('level', 'Height of the water', ['tank'], (gauge) => gauge.set({ tank: 'a' }, level));
    expect(await metrics.text()).toContain('level{tank="a"} 1');
    level = 2;
    expect(await metrics.text()).toContain('level{tank="a"} 2');
  });
});

describe('the list of what is registered', () => {
  it('has name, type, help and labels of each metric, also of one without samples', () => {
    const metrics = new Metrics();
    metrics.counter('pumped_total', 'Litres pumped', ['pump', 'outcome']);
    metrics.gauge('level', 'Height of the water');
    metrics.histogram('pump_seconds', 'Duration of a stroke', ['pump']);
    expect(metrics.list()).toEqual([
      { name: 'pumped_total', type: 'counter', help: 'Litres pumped', labels: ['pump', 'outcome'] },
      { name: 'level', type: 'gauge', help: 'Height of the water', labels: [] },
      { name: 'pump_seconds', type: 'histogram', help: 'Duration of a stroke', labels: ['pump'] },
    ]);
  });
});
