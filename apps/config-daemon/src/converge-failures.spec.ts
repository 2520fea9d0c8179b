import { describe, expect, it } from '@jest/globals';
import { type NodeFailure, type NodeStateSpec, type NodeStateStatus } from '@sriov/api';
import { type SimulatedKernel } from '@sriov/host-sim';
import { Metrics, systemClock } from '@sriov/runtime';
import { converge, type Converged } from './converge.ts';
import { Journal } from './journal/journal.ts';
import { createNodeMetrics } from './metrics.ts';
import { hostPorts, MemoryFolder, PORTS, testKernel, testSpec } from './test/test-host.ts';
import { applying, nextStatus, type Verdict, verdictOf } from '@sriov/node-plan';

const [PF, OTHER] = PORTS;
const NOW = Date.UTC(2026, 10, 24, 10);
const GONE = '0000:09:00.0';

/** A daemon's passes over one simulated host, and the status that they leave. */
class Passes {
  readonly kernel: SimulatedKernel = testKernel(systemClock);
  readonly folder = new MemoryFolder();
  spec: NodeStateSpec = testSpec(4, 2, 1500);
  status: NodeStateStatus = {};

  async pass(now = NOW): Promise<readonly NodeFailure[]> {
    const { observed, verdict } = await this.look();
    return this.report(verdict, now, observed);
  }

  async look(): Promise<{ observed: Converged['observed']; verdict: Verdict }> {
    const ports = hostPorts({ kernel: this.kernel, journal: new Journal(this.folder) });
    const followers = { onPlan: () => Promise.resolve(), onStep: () => undefined };
    const plannedFrom = new Set([...PORTS, GONE]);
    const converged = await converge(ports, { spec: this.spec, plannedFrom, allowHostInterfaces: false }, followers);
    return { observed: converged.observed, verdict: verdictOf(converged) };
  }

  report(verdict: Verdict, now: number, observed?: Converged['observed']): readonly NodeFailure[] {
    const state = { metadata: { name: 'n', generation: 1 }, spec: this.spec, status: this.status };
    this.status = nextStatus(state, { verdict, ...(observed && { observed }) }, now).status;
    return this.status.failures ?? [];
  }
}

const busy = (passes: Passes): (() => void) =>
  passes.kernel.addFault({ verb: 'write', path: `/sys/bus/pci/devices/${PF}/sriov_numvfs`, errno: 'EBUSY' });

describe('the failures in the status', () => {
  it('name the PF, the step, the reason and the errno, and no PF that is as it should be', async () => {
    const passes = new Passes();
    busy(passes);
    expect(await passes.pass()).toEqual([
      {
        pciAddress: PF,
        name: 'ens1',
        step: 'set-num-vfs',
        reason: 'ApplyFailed',
        errno: 'EBUSY',
        message: expect.stringContaining(`ens1 (${PF}): create 4 VFs: `),
        since: '2026-11-24T10:00:00Z',
      },
    ]);
  });

  it('name a PF that the node does not have as the spec names it', async () => {
    const passes = new Passes();
    passes.spec = { interfaces: [...(passes.spec.interfaces ?? []), { pciAddress: GONE, name: 'ens9', numVfs: 1 }] };
    expect(await passes.pass()).toMatchObject([{ pciAddress: GONE, name: 'ens9', reason: 'InterfaceNotFound' }]);
  });

  it('stand there once for VFs that failed alike', async () => {
    const passes = new Passes();
    passes.kernel.addFault({ verb: 'write', path: '*/driver_override', errno: 'EINVAL' });
    const failures = await passes.pass();
    expect(failures.map(({ pciAddress, step }) => `${pciAddress} ${step}`)).toEqual([
      `${PF} bind-vf`,
      `${OTHER} bind-vf`,
    ]);
    expect(failures[0]?.message).toContain('(and likewise VF 1-3)');
  });

  it('keep the time since when they are there while passes find the same, and while work begins', async () => {
    const passes = new Passes();
    busy(passes);
    const first = await passes.pass();
    const text = JSON.stringify(first);
    expect(JSON.stringify(await passes.pass(NOW + 60_000))).toBe(text);
    expect(JSON.stringify(passes.report(applying(['a plan']), NOW + 61_000))).toBe(text);
    expect(JSON.stringify(await passes.pass(NOW + 62_000))).toBe(text);
  });

  it('are gone when the host is as it should be', async () => {
    const passes = new Passes();
    const end = busy(passes);
    expect(await passes.pass()).toHaveLength(1);
    end();
    expect(await passes.pass(NOW + 1_000)).toEqual([]);
    expect(passes.status.syncStatus).toBe('Succeeded');
  });

  it('have no PF where the host could not be looked at', () => {
    const verdict = { syncStatus: 'Failed', reason: 'HostUnreadable', message: 'ip: not found' } as const;
    expect(new Passes().report(verdict, NOW)).toEqual([
      { reason: 'HostUnreadable', message: 'ip: not found', since: '2026-11-24T10:00:00Z' },
    ]);
  });

  it('keep step and time of a call that is still in the kernel, of which later passes know no step', () => {
    const passes = new Passes();
    const verdict = (step?: string): Verdict => ({
      syncStatus: 'Failed',
      reason: 'BlockedInKernel',
      message: 'm',
      failures: [{ pciAddress: PF, reason: 'BlockedInKernel', ...(step !== undefined && { step }), message: 'm' }],
    });
    const text = JSON.stringify(passes.report(verdict('set-num-vfs'), NOW));
    expect(JSON.stringify(passes.report(verdict(), NOW + 60_000))).toBe(text);
  });

  it('are metrics under the PCI address of the PF', async () => {
    const passes = new Passes();
    busy(passes);
    const metrics = new Metrics();
    const nodeMetrics = createNodeMetrics(metrics);
    const { observed, verdict } = await passes.look();
    nodeMetrics.judged(observed, verdict, NOW);
    expect(await metrics.text()).toContain(`sriov_node_failing{pf="${PF}",reason="ApplyFailed"} 1`);
    nodeMetrics.judged(observed, { syncStatus: 'Succeeded', reason: 'InSync', message: '' }, NOW);
    expect(await metrics.text()).not.toContain('sriov_node_failing{');
  });
});
