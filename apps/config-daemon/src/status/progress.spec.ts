import { describe, expect, it } from '@jest/globals';
import { type HostPlan, type Pass } from '@sriov/node-plan';
import { createLogger, Metrics } from '@sriov/runtime';
import { FakeClock } from '@sriov/testing';
import { createNodeMetrics } from '../metrics.ts';
import { failedStep, type FailedStep } from '../steps/failed-step.ts';
import { Progress, type ProgressPorts } from './progress.ts';

const PF = '0000:01:00.0';
const PLAN: HostPlan = {
  modules: ['igbvf'],
  pfs: [{ pciAddress: PF, name: 'ens1', because: [], before: [], vfs: [], after: [] }],
  problems: [],
  taken: [],
  released: [],
};
const OBSERVED = { interfaces: [], problems: [] };

/** Progress of a pass, and everything that it reports. */
function testProgress(change: Partial<ProgressPorts> = {}): {
  readonly progress: Progress;
  readonly clock: FakeClock;
  readonly registry: Metrics;
  readonly reports: Pass[];
  readonly failures: FailedStep[];
} {
  const clock = new FakeClock();
  const registry = new Metrics();
  const reports: Pass[] = [];
  const failures: FailedStep[] = [];
  const progress = new Progress({
    clock,
    log: createLogger({ service: 'test', level: 'silent' }),
    metrics: createNodeMetrics(registry),
    report: (pass) => Promise.resolve(reports.push(pass)),
    isRetry: false,
    onFailure: (failure) => void failures.push(failure),
    ...change,
  });
  return { progress, clock, registry, reports, failures };
}

describe('what is about to be done', () => {
  it('stands in the status', async () => {
    const { progress, reports } = testProgress();
    await progress.onPlan(PLAN, OBSERVED);
    await progress.end();
    const message = `load kernel module igbvf unless it is loaded\nens1 (${PF}):`;
    expect(reports).toEqual([
      { observed: OBSERVED, verdict: { syncStatus: 'InProgress', reason: 'Applying', message } },
    ]);
  });

  it('is told to be withdrawn from pods before it is done', async () => {
    const { progress, reports } = testProgress();
    const pfs = PLAN.pfs.map((pf) => ({ ...pf, before: [{ kind: 'set-num-vfs' as const, numVfs: 2 }] }));
    progress.onWithdraw({ ...PLAN, pfs }, OBSERVED);
    await progress.onPlan(PLAN, OBSERVED);
    await progress.end();
    expect(reports.map(({ verdict }) => verdict.message.split('\n')[0])).toEqual([
      'the device plugin withdraws from pods, until they have changed:',
      'load kernel module igbvf unless it is loaded',
    ]);
  });

  it('does not take the place of a failure that it tries again', async () => {
    const { progress, reports } = testProgress({ isRetry: true });
    progress.onWithdraw(PLAN, OBSERVED);
    await progress.onPlan(PLAN, OBSERVED);
    await progress.end();
    expect(reports).toEqual([]);
  });

  it('is done although it cannot be reported', async () => {
    const { progress } = testProgress({ report: () => Promise.reject(new Error('no API server')) });
    await progress.onPlan(PLAN, OBSERVED);
    await expect(progress.end()).resolves.toBeUndefined();
  });
});

describe('a step', () => {
  const about = { pf: 'ens1', pciAddress: PF, kind: 'set-link-up', step: 'set the link up' } as const;

  it('is counted with its outcome and its duration', async () => {
    const { progress, clock, registry, failures } = testProgress();
    const onEnd = progress.onStep(about);
    await clock.advance(2_000);
    onEnd(undefined);
    const text = await registry.text();
    expect(text).toContain(`sriov_node_steps_total{pf="${PF}",step="set-link-up",outcome="done"} 1`);
    expect(text).toContain('sriov_node_step_duration_seconds_sum{step="set-link-up"} 2');
    expect(failures).toEqual([]);
  });

  it('that fails is passed on at once', () => {
    const { progress, failures } = testProgress();
    const failure = failedStep(about, new Error('EIO'));
    progress.onStep(about)(failure);
    expect(failures).toEqual([failure]);
  });
});
