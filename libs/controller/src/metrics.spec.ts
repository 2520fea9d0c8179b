import { describe, expect, it } from '@jest/globals';
import { type ControllerMetrics, createControllerMetrics } from './metrics.ts';

interface Registered {
  readonly type: string;
  readonly help: string;
  readonly labels: readonly string[];
}

const registered = new Map<string, Registered>();
const samples: [string, object, number | undefined][] = [];
const register = (type: string, name: string, [help, labels]: [string, readonly string[]]): void => {
  registered.set(name, { type, help, labels });
};
const metrics = createControllerMetrics({
  counter(name, ...about) {
    register('counter', name, about);
    return { inc: (labels, value) => void samples.push([name, labels, value]) };
  },
  gauge(name, ...about) {
    register('gauge', name, about);
    return { set: (labels, value) => void samples.push([name, labels, value]) };
  },
  histogram(name, ...about) {
    register('histogram', name, about);
    return { observe: (labels, value) => void samples.push([name, labels, value]) };
  },
});

describe('the metrics of controllers', () => {
  it('have the names, types and labels that dashboards and alerts rely on', () => {
    expect(Object.fromEntries([...registered].map(([name, { type, labels }]) => [name, [type, ...labels]]))).toEqual({
      sriov_reconcile_total: ['counter', 'controller', 'outcome'],
      sriov_reconcile_duration_seconds: ['histogram', 'controller'],
      sriov_workqueue_depth: ['gauge', 'controller'],
      sriov_workqueue_retries_total: ['counter', 'controller'],
      sriov_reconcile_failing: ['gauge', 'controller'],
      sriov_reconcile_unreported_total: ['counter', 'controller'],
    });
  });

  it('say what they count', () => {
    for (const [name, { help }] of registered) expect([name, help.length > 10]).toEqual([name, true]);
  });

  it.each<[string, (metrics: ControllerMetrics) => void, [string, object, number | undefined][]]>([
    [
      'a reconcile, by its outcome and duration',
      (these) => these.reconciled('pump', 'done', 0.5),
      [
        ['sriov_reconcile_total', { controller: 'pump', outcome: 'done' }, undefined],
        ['sriov_reconcile_duration_seconds', { controller: 'pump' }, 0.5],
      ],
    ],
    [
      'the depth of a queue',
      (these) => these.queueDepth('pump', 3),
      [['sriov_workqueue_depth', { controller: 'pump' }, 3]],
    ],
    [
      'a retry',
      (these) => these.retried('pump'),
      [['sriov_workqueue_retries_total', { controller: 'pump' }, undefined]],
    ],
    ['failing keys', (these) => these.failing('pump', 2), [['sriov_reconcile_failing', { controller: 'pump' }, 2]]],
    [
      'an unreported failure',
      (these) => these.unreported('pump'),
      [['sriov_reconcile_unreported_total', { controller: 'pump' }, undefined]],
    ],
    [
      'what they have not met yet as 0: a rise from nothing is none to Prometheus, and the alerts are about rises',
      (these) => these.begun('pump'),
      [
        ['sriov_workqueue_retries_total', { controller: 'pump' }, 0],
        ['sriov_reconcile_unreported_total', { controller: 'pump' }, 0],
      ],
    ],
  ])('count %s', (_, count, expected) => {
    samples.length = 0;
    count(metrics);
    expect(samples).toEqual(expected);
  });
});
