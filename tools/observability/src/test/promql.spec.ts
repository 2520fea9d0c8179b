import { describe, expect, it } from '@jest/globals';
import { findStrangers, metricsIn } from './promql.ts';

const registries = new Map([
  [
    'pump',
    [
      { name: 'pump_level', type: 'gauge', help: '', labels: ['tank'] },
      { name: 'pump_seconds', type: 'histogram', help: '', labels: ['step'] },
    ],
  ],
]);

describe('an expression', () => {
  it.each([
    ['names metrics and labels that are there', 'max by (tank, node) (pump_level{tank="a",pod=~"x.*"}) > 1', []],
    ['names the parts of a histogram', 'sum by (le, step) (rate(pump_seconds_bucket{le="1"}[5m]))', []],
    ['names a metric that nobody has', 'rate(pump_litres_total[5m])', ['no service has the metric pump_litres_total']],
    ['names a histogram without its part', 'pump_seconds', ['no service has the metric pump_seconds']],
    ['compares a label that is not there', 'pump_level{colour="red"}', ['the metric pump_level has no label colour']],
    [
      'groups by a label of the metric that others only choose among',
      'sum by (tank) (pump_level unless pump_seconds_count offset 1h and on (pod) (pump_seconds_sum > 3))',
      [],
    ],
    [
      'groups a choice by a label that is not there',
      'sum by (step) (pump_level unless pump_seconds_count)',
      ['the metric pump_level has no label step'],
    ],
    [
      'groups by a label that is not there',
      'sum(pump_level) / sum by (le) (pump_level)',
      ['the metric pump_level has no label le'],
    ],
  ])('%s', (_, expr, strangers) => {
    expect(findStrangers(expr, registries)).toEqual(strangers);
  });

  it('that is no PromQL is refused', () => {
    expect(() => metricsIn('sum by (pump_level')).toThrow('no PromQL: sum by (pump_level');
  });
});
