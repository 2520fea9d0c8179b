import { describe, expect, it } from '@jest/globals';
import { type SriovNetworkNodeState } from '@sriov/api';
import { KernelBlockedError } from '@sriov/host';
import { type GoneDevice, type HostPlan, type Pass, type PlanProblem } from '@sriov/node-plan';
import { createLogger, Metrics } from '@sriov/runtime';
import { FakeClock, readLogLine } from '@sriov/testing';
import { type Converged } from './converge.ts';
import { HostUnreadableError } from './host-unreadable-error.ts';
import { type JudgePorts, judgePass, judgeUnreadable } from './judge-pass.ts';
import { createNodeMetrics } from './metrics.ts';
import { failedStep, type FailedStep } from './steps/failed-step.ts';

const nodeState: SriovNetworkNodeState = { metadata: { name: 'node-1', generation: 1 } };
const rest: HostPlan = { modules: [], pfs: [], problems: [], taken: [], released: [] };
const observed = { interfaces: [], problems: [] };
const about = { pf: 'ens1', pciAddress: '0000:01:00.0', kind: 'set-link-up', step: 'set the link up' } as const;
const broken = failedStep(about, new Error('EIO'));
const problem = { pciAddress: about.pciAddress, reason: 'InterfaceNotFound', message: 'ens1: no such PF' } as const;

const passWith = (change: Partial<Converged> = {}, isPatient = false): Converged & { isPatient: boolean } => ({
  observed,
  owned: new Map(),
  hasActed: false,
  rest,
  failures: [],
  journalProblems: [],
  plugin: { before: {}, now: {}, hasChangedVfs: false, told: { kind: 'absent' } },
  isPatient,
  ...change,
});

const toldBy = (told: Converged['plugin']['told']): Pick<Converged, 'plugin'> => ({
  plugin: { ...passWith().plugin, told },
});

interface Rig {
  readonly ports: JudgePorts;
  readonly reports: Pass[];
  /** Lines of the log as `level: message`. */
  readonly lines: string[];
  readonly registry: Metrics;
  readonly heldUp: unknown[];
  wakes: number;
}

interface Conditions {
  readonly pluginProblem?: string;
  readonly delays?: readonly PlanProblem[];
  /** `'unknown'` where nobody can know. */
  readonly found?: readonly GoneDevice[] | 'unknown';
  readonly write?: () => Promise<boolean>;
}

function rigWith(conditions: Conditions = {}): Rig {
  const { pluginProblem, delays = [], found = [], write = () => Promise.resolve(true) } = conditions;
  const gone = found === 'unknown' ? undefined : [...found];
  const lines: string[] = [];
  const stream = {
    write(line: string) {
      const { level, msg, ['reason']: reason } = readLogLine(line);
      lines.push([level, reason, msg].filter(Boolean).join(' '));
    },
  };
  const registry = new Metrics();
  const reports: Pass[] = [];
  const heldUp: unknown[] = [];
  const rig: Rig = {
    reports,
    lines,
    registry,
    heldUp,
    wakes: 0,
    ports: {
      status: {
        isOurs: () => true,
        write(_, pass) {
          reports.push(pass);
          return write();
        },
      },
      restartPlugin: () => Promise.resolve({ delays, ...(pluginProblem !== undefined && { problem: pluginProblem }) }),
      findGone: () => Promise.resolve(gone),
      clock: new FakeClock(),
      log: createLogger({ service: 'spec', level: 'debug' }, stream),
      metrics: createNodeMetrics(registry),
      wake: () => (rig.wakes += 1),
      onHeldUp: (call) => void heldUp.push(call),
    },
  };
  return rig;
}

describe('a pass', () => {
  it.each<[string, Partial<Converged>, boolean, string, boolean]>([
    ['that leaves nothing to do has succeeded', {}, false, 'Succeeded', false],
    ['in which a step failed has failed', { failures: [broken] }, false, 'Failed', true],
    [
      'that could not begin has failed, but has tried nothing',
      { rest: { ...rest, problems: [problem] } },
      false,
      'Failed',
      false,
    ],
  ])('%s', async (_, change, isPatient, syncStatus, hasFailed) => {
    const { ports, reports, registry } = rigWith();
    const judged = await judgePass(ports, nodeState, passWith(change, isPatient));
    expect(judged).toMatchObject({ verdict: { syncStatus }, hasFailed });
    expect(reports).toEqual([{ observed, verdict: judged.verdict, resources: null }]);
    expect(await registry.text()).toContain(`sriov_node_in_sync ${syncStatus === 'Succeeded' ? 1 : 0}\n`);
  });

  it('whose only failure is a call in the kernel goes on as long as there is patience', async () => {
    const call = { verb: 'write', path: '/x', since: 0, waitedMs: 10_000, released: Promise.resolve() };
    const failures: FailedStep[] = [failedStep(about, new KernelBlockedError(call))];
    const { ports } = rigWith();
    const statuses = [];
    for (const isPatient of [true, false]) {
      const { verdict, hasFailed } = await judgePass(ports, nodeState, passWith({ failures }, isPatient));
      statuses.push([verdict.syncStatus, hasFailed]);
    }
    expect(statuses).toEqual([
      ['InProgress', false],
      ['Failed', true],
    ]);
  });

  it('after which the device plugin could not be restarted has succeeded, and is tried again', async () => {
    const { ports } = rigWith({ pluginProblem: 'the device plugin could not be restarted' });
    const { verdict, hasFailed } = await judgePass(ports, nodeState, passWith());
    expect(verdict.message).toBe('the host is as the spec wants it, but the device plugin could not be restarted');
    expect([verdict.syncStatus, hasFailed]).toEqual(['Succeeded', true]);
  });

  it('after which a pod delays the restart of the device plugin has failed, and has tried nothing', async () => {
    const { ports } = rigWith({ delays: [{ ...problem, reason: 'VirtualFunctionInUse', message: 'held by a pod' }] });
    const { verdict, hasFailed } = await judgePass(ports, nodeState, passWith());
    expect([verdict.syncStatus, verdict.message, hasFailed]).toEqual(['Failed', 'held by a pod', false]);
    expect(verdict.failures).toMatchObject([{ pciAddress: about.pciAddress, reason: 'VirtualFunctionInUse' }]);
  });

  it.each<[string, Conditions['found'], string | null | undefined]>([
    ['a pod has a device that is gone says so', [{ resource: 'a/b', device: '1', holder: 'pod n/p' }], 'DeviceGone'],
    ['no device is gone says that nothing is known of resources', [], null],
    ['nobody can know that leaves what it said', 'unknown', undefined],
  ])('beside the device plugin of somebody else, after which %s', async (_, found = [], expected) => {
    const { ports, reports } = rigWith({ found });
    await judgePass(ports, nodeState, passWith());
    expect(reports.map(({ resources }) => (resources ? resources.reason : resources))).toEqual([expected]);
  });

  it('after which the device plugin says what it holds back reports that', async () => {
    const { ports, reports } = rigWith();
    const heldBack = [
      { resource: 'a/b', devices: ['1'], reason: 'PfDown' as const, message: 'a/b: 1: its PF is down' },
    ];
    const answer = { resources: [], heldBack, configProblems: [], held: [], allocating: [] };
    const told = { kind: 'answered' as const, answer };
    const { verdict, hasFailed } = await judgePass(ports, nodeState, passWith(toldBy(told)));
    expect([verdict.syncStatus, hasFailed]).toEqual(['Succeeded', false]);
    expect(reports[0]?.resources).toMatchObject({ reason: 'DevicesHeldBack', message: 'a/b: 1: its PF is down' });
  });

  it('after which a device plugin that knows what it should does not answer has succeeded, and is tried again', async () => {
    const { ports, reports } = rigWith();
    const cause = 'the device plugin does not answer (no answer)';
    const told = { kind: 'silent' as const, reason: 'DevicePluginNotResponding' as const, cause, isInformed: true };
    const { verdict, hasFailed } = await judgePass(ports, nodeState, passWith(toldBy(told)));
    expect(verdict.message).toBe('the host is as the spec wants it, but the device plugin does not answer (no answer)');
    expect([verdict.syncStatus, hasFailed]).toEqual(['Succeeded', true]);
    expect(reports[0]?.resources).toMatchObject({ status: 'Unknown', reason: 'DevicePluginNotResponding' });
  });

  it('is told to the log when it was news, a failure as a warning', async () => {
    const fine = rigWith();
    await judgePass(fine.ports, nodeState, passWith());
    expect(fine.lines).toEqual(['info InSync the host is as the spec wants it']);
    const bad = rigWith();
    await judgePass(bad.ports, nodeState, passWith({ failures: [broken] }));
    expect(bad.lines).toEqual(['warn ApplyFailed ens1: set the link up: EIO']);
    const old = rigWith({ write: () => Promise.resolve(false) });
    await judgePass(old.ports, nodeState, passWith({ failures: [broken] }));
    expect(old.lines).toEqual([]);
  });

  it('whose verdict cannot be written ends with the cause', async () => {
    const { ports } = rigWith({ write: () => Promise.reject(new Error('no API server')) });
    await expect(judgePass(ports, nodeState, passWith())).rejects.toThrow('no API server');
  });
});

describe('a host that could not be looked at', () => {
  it('is reported, and ends the pass with the cause', async () => {
    const { ports, reports, registry, lines } = rigWith();
    const cause = new Error('ip: not found');
    await expect(judgeUnreadable(ports, nodeState, new HostUnreadableError(cause, []))).rejects.toBe(cause);
    expect(reports).toEqual([
      { verdict: { syncStatus: 'Failed', reason: 'HostUnreadable', message: 'ip: not found' } },
    ]);
    expect(await registry.text()).toContain('sriov_node_failures_total{reason="HostUnreadable"} 1');
    expect(lines).toEqual([]);
  });

  it('ends the pass with the cause as well when it cannot be reported', async () => {
    const { ports, lines } = rigWith({ write: () => Promise.reject(new Error('no API server')) });
    const cause = new Error('ip: not found');
    await expect(judgeUnreadable(ports, nodeState, new HostUnreadableError(cause, []))).rejects.toBe(cause);
    expect(lines).toEqual(['debug could not report a failure']);
  });

  it('does not bring steps that failed before to be tried sooner', async () => {
    const { ports, lines, heldUp } = rigWith();
    const judged = await judgeUnreadable(
      ports,
      nodeState,
      new HostUnreadableError(new Error('ip: not found'), [broken]),
    );
    const message = 'ip: not found\nens1: set the link up: EIO';
    expect(judged).toEqual({ verdict: { syncStatus: 'Failed', reason: 'HostUnreadable', message }, hasFailed: true });
    expect(lines).toEqual([`warn HostUnreadable ${message}`]);
    expect(heldUp).toEqual([]);
  });

  it('because a call is still in the kernel is looked at again as soon as that is back', async () => {
    let release = (): void => undefined;
    const released = new Promise<void>((resolve) => (release = resolve));
    const blocked = new KernelBlockedError({ verb: 'read', path: '/sys/x', since: 0, waitedMs: 10_000, released });
    const rig = rigWith();
    const judged = await judgeUnreadable(rig.ports, nodeState, new HostUnreadableError(blocked, []));
    expect(judged).toMatchObject({ verdict: { syncStatus: 'Failed', reason: 'BlockedInKernel' }, hasFailed: false });
    expect(rig.heldUp).toEqual([blocked]);
    expect(rig.wakes).toBe(0);
    release();
    await released;
    expect(rig.wakes).toBe(1);
  });
});
