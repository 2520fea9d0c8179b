import { describe, expect, it } from '@jest/globals';
import { type Verdict } from '@sriov/node-plan';
import { type ObservedHost } from '@sriov/observed-host';
import { Metrics } from '@sriov/runtime';
import { createNodeMetrics, type NodeMetrics } from './metrics.ts';

const NOW = Date.UTC(2026, 0, 1) + 999;
const fine: Verdict = { syncStatus: 'Succeeded', reason: 'InSync', message: 'all is well' };
const failed: Verdict = {
  syncStatus: 'Failed',
  reason: 'ApplyFailed',
  message: 'EIO',
  failures: [
    { pciAddress: 'a', reason: 'ApplyFailed', message: 'EIO' },
    { pciAddress: 'a', reason: 'ApplyFailed', message: 'EBUSY' },
    { reason: 'ApplyFailed', message: 'no module' },
  ],
};

/** A host with so many VFs on each PF; `undefined` for a PF that cannot have VFs. */
const hostWith = (vfs: Record<string, number | undefined>): ObservedHost => ({
  problems: [],
  interfaces: Object.entries(vfs).map(([pciAddress, count]) => ({
    pciAddress,
    vendor: '8086',
    deviceId: '1592',
    linkType: 'ETH',
    ...(count !== undefined && {
      sriov: {
        totalVfs: 64,
        autoprobe: true,
        vfs: Array.from({ length: count }, (_, id) => ({ id, pciAddress: `v${id}`, vendor: '8086', deviceId: '1889' })),
      },
    }),
  })),
});

/** What stands in `/metrics` after the work, but for drift, which no pass here has looked for: the value by name and labels. */
async function samplesAfter(work: (metrics: NodeMetrics) => void): Promise<Record<string, number>> {
  const registry = new Metrics();
  work(createNodeMetrics(registry));
  const lines = (await registry.text()).split('\n').filter((line) => /^sriov_node_(?!drift)/.test(line));
  return Object.fromEntries(
    lines.map((line) => {
      const at = line.lastIndexOf(' ');
      return [line.slice('sriov_node_'.length, at), Number(line.slice(at + 1))];
    }),
  );
}

describe('the steps', () => {
  it('are counted by PF, step and outcome, and timed by step', async () => {
    const about = { pf: 'ens1 (a)', pciAddress: 'a', kind: 'set-num-vfs', step: 'create 4 VFs' } as const;
    const samples = await samplesAfter((metrics) => {
      metrics.stepEnded(about, { seconds: 2, failure: undefined });
      metrics.stepEnded(about, { seconds: 3, failure: { ...about, outcome: 'blocked', message: 'EBLOCKED' } });
    });
    expect(samples).toMatchObject({
      'steps_total{pf="a",step="set-num-vfs",outcome="done"}': 1,
      'steps_total{pf="a",step="set-num-vfs",outcome="blocked"}': 1,
      'step_duration_seconds_sum{step="set-num-vfs"}': 5,
      'step_duration_seconds_count{step="set-num-vfs"}': 2,
    });
  });
});

describe('a pass after which the host', () => {
  it('is as it should be is a success, with its time in whole seconds', async () => {
    const samples = await samplesAfter((metrics) => metrics.judged(hostWith({}), fine, NOW));
    expect(samples).toEqual({ in_sync: 1, last_success_timestamp_seconds: Math.floor(NOW / 1000) });
  });

  it('is not as it should be is a failure: what fails is counted by PF, and the time of the success stays', async () => {
    const samples = await samplesAfter((metrics) => {
      metrics.judged(hostWith({}), fine, NOW);
      metrics.judged(hostWith({}), failed, NOW + 60_000);
      metrics.judged(hostWith({}), failed, NOW + 120_000);
    });
    expect(samples).toEqual({
      in_sync: 0,
      last_success_timestamp_seconds: Math.floor(NOW / 1000),
      'failures_total{reason="ApplyFailed"}': 2,
      'failing{pf="a",reason="ApplyFailed"}': 2,
      'failing{pf="",reason="ApplyFailed"}': 1,
    });
  });

  it('is being changed is neither', async () => {
    const verdict: Verdict = { syncStatus: 'InProgress', reason: 'Applying', message: 'create 4 VFs' };
    const samples = await samplesAfter((metrics) => metrics.judged(hostWith({}), verdict, NOW));
    expect(samples).toEqual({ in_sync: 0, last_success_timestamp_seconds: 0 });
  });

  it('is right again fails no more', async () => {
    const samples = await samplesAfter((metrics) => {
      metrics.judged(hostWith({}), failed, NOW);
      metrics.judged(hostWith({}), fine, NOW);
    });
    expect(Object.keys(samples).filter((name) => name.startsWith('failing'))).toEqual([]);
  });
});

describe('the VFs', () => {
  it('are counted on each PF that can have some, and no more on a PF that is gone', async () => {
    const samples = await samplesAfter((metrics) => {
      metrics.judged(hostWith({ a: 4, gone: 2 }), fine, NOW);
      metrics.judged(hostWith({ a: 3, b: 0, c: undefined }), fine, NOW);
    });
    expect(Object.entries(samples).filter(([name]) => name.startsWith('virtual'))).toEqual([
      ['virtual_functions{pf="a"}', 3],
      ['virtual_functions{pf="b"}', 0],
      ['virtual_functions_possible{pf="a"}', 64],
      ['virtual_functions_possible{pf="b"}', 64],
    ]);
  });

  it('are those of the last look where there could be none', async () => {
    const samples = await samplesAfter((metrics) => {
      metrics.judged(hostWith({ a: 4 }), fine, NOW);
      metrics.judged(undefined, failed, NOW);
    });
    expect(samples).toMatchObject({ 'virtual_functions{pf="a"}': 4, in_sync: 0 });
  });
});

it('an eSwitch is shown with what devlink and ethtool tell of it; where nobody looked, a label is empty', async () => {
  const [one, two, none] = hostWith({ a: 1, b: 1, c: 1 }).interfaces;
  const interfaces = [
    {
      ...one!,
      eSwitchMode: 'switchdev' as const,
      eSwitchHeaders: { inlineMode: 'none', encapMode: 'basic' },
      offload: { tc: 'on' as const, steering: { mode: 'smfs', cmode: 'runtime' } },
    },
    { ...two!, eSwitchMode: 'legacy' as const },
    none!,
  ];
  const samples = await samplesAfter((metrics) => metrics.judged({ problems: [], interfaces }, fine, NOW));
  expect(Object.keys(samples).filter((name) => name.startsWith('eswitch_info'))).toEqual([
    'eswitch_info{pf="a",mode="switchdev",inline_mode="none",encap_mode="basic",hw_tc_offload="on",flow_steering_mode="smfs"}',
    'eswitch_info{pf="b",mode="legacy",inline_mode="",encap_mode="",hw_tc_offload="",flow_steering_mode=""}',
  ]);
});

it('what waits for a reboot is shown by PF and kind, until it waits no more', async () => {
  const firmware = { kind: 'firmware', pciAddress: 'a', why: '8 VFs are wanted, and the firmware allows 4' } as const;
  const words = { kind: 'kernel-arguments', why: 'the kernel runs without iommu=pt' } as const;
  const waiting = (...passes: Parameters<NodeMetrics['waitsForReboot']>[0][]): Promise<Record<string, number>> =>
    samplesAfter((metrics) => passes.forEach((reasons) => metrics.waitsForReboot(reasons)));
  expect(await waiting([firmware, words])).toMatchObject({
    'reboot_needed{pf="a",kind="firmware"}': 1,
    'reboot_needed{pf="",kind="kernel-arguments"}': 1,
  });
  const last = await waiting([firmware, words], [words]);
  expect(Object.keys(last).filter((name) => name.startsWith('reboot'))).toEqual([
    'reboot_needed{pf="",kind="kernel-arguments"}',
  ]);
});
