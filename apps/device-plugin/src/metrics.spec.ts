import { describe, expect, it } from '@jest/globals';
import { Metrics } from '@sriov/runtime';
import { createPluginMetrics, type PluginMetrics } from './metrics.ts';

const NICS = 'openshift.io/nics';

/** The values of the counters after `use`, by name, outcome and resource. */
async function countersAfter(use: (these: PluginMetrics) => void): Promise<Record<string, number>> {
  const metrics = new Metrics();
  use(createPluginMetrics(metrics));
  const lines = (await metrics.text()).split('\n').filter((line) => line.includes('outcome=') && !line.includes('le='));
  return Object.fromEntries(
    lines.flatMap((line) => {
      const [, name = '', labels = '', value = ''] = /^sriov_device_plugin_(\w+)\{(.*)\} (\S+)$/.exec(line) ?? [];
      const [, outcome = ''] = /outcome="(\w+)"/.exec(labels) ?? [];
      return name.endsWith('_sum') ? [] : [[`${name} ${outcome}`, Number(value)] as const];
    }),
  );
}

const offer = (these: PluginMetrics): void => {
  const resource = { name: NICS, healthy: [], unhealthy: [] };
  const rest = { heldBack: [], held: [], allocating: [], configProblems: [] };
  these.offered({ resources: [resource], ...rest }, undefined);
};

describe('the counters of the device plugin', () => {
  it('begin at 0 with a resource: a rise from nothing is none to Prometheus, and alerts are about rises', async () => {
    expect(await countersAfter(offer)).toEqual({
      'allocation_seconds_count given': 0,
      'allocation_seconds_count refused': 0,
      'registrations_total registered': 0,
      'registrations_total refused': 0,
      'registrations_total unanswered': 0,
      'passes_total done': 0,
      'passes_total failed': 0,
    });
  });

  it('keep what they counted before and after', async () => {
    const counters = await countersAfter((these) => {
      these.registered(NICS, 'registered');
      these.allocated(NICS, 'refused', 5);
      offer(these);
      these.allocated(NICS, 'refused', 5);
      offer(these);
    });
    expect(counters).toMatchObject({
      'allocation_seconds_count given': 0,
      'allocation_seconds_count refused': 2,
      'registrations_total registered': 1,
    });
  });
});
