import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import { type Kernel, type KernelEvent, StateFolder } from '@sriov/host';
import { type SimulatedKernel } from '@sriov/host-sim';
import { createLogger, LookPace } from '@sriov/runtime';
import { FakeClock } from '@sriov/testing';
import { PORTS, testKernel } from './test/test-host.ts';
import { watchHost } from './watch-host.ts';

type Watch = (onEvent: (event: KernelEvent) => void, signal: AbortSignal) => Promise<void>;

const untilAborted: Watch = (_, signal) =>
  new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));

/** Follows a host whose device events come from the sources, one after the other. */
function follow(...sources: Watch[]): {
  clock: FakeClock;
  wakes: number[];
  warnings: string[];
  opened: () => number;
  stop: () => Promise<void>;
} {
  const clock = new FakeClock();
  const wakes: number[] = [];
  let opened = 0;
  const watch: Kernel['watch'] = (source, onEvent, signal) => {
    if (source !== 'device') return untilAborted(onEvent, signal);
    opened += 1;
    return (sources[opened - 1] ?? untilAborted)(onEvent, signal);
  };
  const warnings: string[] = [];
  const log = createLogger({ service: 'test', level: 'warn' }, { write: (line) => void warnings.push(line) });
  const abort = new AbortController();
  const pace = new LookPace({ clock, leastMs: 750 });
  const ports = { kernel: { watch }, clock, pace, log, auditMs: 300_000 };
  const running = watchHost(ports, (ms) => void wakes.push(ms), abort.signal);
  return {
    clock,
    wakes,
    warnings,
    opened: () => opened,
    stop: () => {
      abort.abort();
      return running;
    },
  };
}

describe('the host is looked at again', () => {
  it('at once when it reports a change, and soon enough that a change shows within a second, however much it reports', async () => {
    let tell: (event: KernelEvent) => void = () => undefined;
    const { clock, wakes, stop } = follow((onEvent, signal) => {
      tell = onEvent;
      return untilAborted(onEvent, signal);
    });
    tell({ kind: 'device' });
    expect(wakes).toEqual([0]);
    for (let ms = 0; ms < 5_000; ms += 10) {
      await clock.advance(10);
      tell({ kind: 'device' });
    }
    // The last of them is yet to come.
    expect(wakes.length).toBeLessThanOrEqual(8);
    expect(wakes.every((ms) => ms <= 750)).toBe(true);
    await clock.advance(10_000);
    wakes.length = 0;
    tell({ kind: 'device' });
    expect(wakes).toEqual([0]);
    await stop();
  });

  it('when somebody unbinds the driver of a VF, which no link reports', async () => {
    const clock = new FakeClock();
    const kernel = testKernel(clock);
    await kernel.exec('modprobe', ['vfio-pci']);
    await kernel.write(`/sys/bus/pci/devices/${PORTS[0]}/sriov_drivers_autoprobe`, '0');
    await kernel.write(`/sys/bus/pci/devices/${PORTS[0]}/sriov_numvfs`, '1');
    const [vf = ''] = kernel.state.devices[PORTS[0]]?.pf?.vfs ?? [];
    await kernel.write(`/sys/bus/pci/devices/${vf ?? ''}/driver_override`, 'vfio-pci');
    await kernel.write('/sys/bus/pci/drivers_probe', vf ?? '');
    const abort = new AbortController();
    const wakes: number[] = [];
    const log = createLogger({ service: 'test', level: 'silent' });
    const running = watchHost(
      { kernel, clock, pace: new LookPace({ clock, leastMs: 750 }), log, auditMs: 300_000 },
      (ms) => void wakes.push(ms),
      abort.signal,
    );
    await kernel.write('/sys/bus/pci/drivers/vfio-pci/unbind', vf ?? '');
    expect(wakes[0]).toBe(0);
    abort.abort();
    await running;
  });

  it.each<[string, (kernel: SimulatedKernel) => unknown]>([
    ['the number of VFs', (kernel) => kernel.write(`/sys/bus/pci/devices/${PORTS[0]}/sriov_numvfs`, '2')],
    ['the MTU of a PF', (kernel) => kernel.exec('ip', ['link', 'set', 'dev', 'ens1', 'mtu', '1400'])],
    ['the link of a PF', (kernel) => kernel.exec('ip', ['link', 'set', 'dev', 'ens1', 'down'])],
    ['the network namespace of a PF', (kernel) => kernel.moveToNamespace('ens1')],
    ['the driver of a PF', (kernel) => kernel.write('/sys/bus/pci/drivers/igb/unbind', PORTS[0])],
    ['the cards', (kernel) => kernel.unplug(PORTS[0])],
  ])('when somebody changes %s', async (_, change) => {
    const clock = new FakeClock();
    const kernel = testKernel(clock);
    const abort = new AbortController();
    const wakes: number[] = [];
    const log = createLogger({ service: 'test', level: 'silent' });
    const running = watchHost(
      { kernel, clock, pace: new LookPace({ clock, leastMs: 750 }), log, auditMs: 300_000 },
      (ms) => void wakes.push(ms),
      abort.signal,
    );
    expect(wakes).toEqual([]);
    await change(kernel);
    expect(wakes[0]).toBe(0);
    abort.abort();
    await running;
  });

  it('when a pod ends that had a VF by VFIO, of which no link and no device tells', async () => {
    const clock = new FakeClock();
    const kernel = testKernel(clock);
    const end = kernel.users.allocate('0000:01:10.0');
    const abort = new AbortController();
    const wakes: number[] = [];
    const log = createLogger({ service: 'test', level: 'silent' });
    const running = watchHost(
      { kernel, clock, pace: new LookPace({ clock, leastMs: 750 }), log, auditMs: 300_000 },
      (ms) => void wakes.push(ms),
      abort.signal,
    );
    end();
    expect(wakes).toEqual([0]);
    abort.abort();
    await running;
  });

  it('when an administrator writes, changes or removes the file with GUIDs, whose folder need not be there', async () => {
    const root = mkdtempSync(join(tmpdir(), 'watch-'));
    const state = join(root, 'etc/sriov-operator');
    const abort = new AbortController();
    const clock = new FakeClock();
    let woken = 0;
    const watch: Kernel['watch'] = (_, onEvent, signal) => untilAborted(onEvent, signal);
    const kernel = { watch };
    const log = createLogger({ service: 'test', level: 'silent' });
    const guidEvents = new StateFolder(state).eventsOf('infiniband');
    const ports = { kernel, clock, pace: new LookPace({ clock, leastMs: 750 }), log, auditMs: 300_000, guidEvents };
    const running = watchHost(ports, () => void (woken += 1), abort.signal);
    const expectWake = async (change: () => void): Promise<void> => {
      await clock.advance(1_000);
      woken = 0;
      change();
      while (woken === 0) await setImmediate();
    };
    const file = join(state, 'infiniband/guids');
    await expectWake(() => mkdirSync(join(state, 'infiniband'), { recursive: true }));
    await expectWake(() =>
      writeFileSync(file, '[{"pciAddress": "0000:01:00.0", "guids": ["00:00:00:00:00:00:00:01"]}]'),
    );
    await expectWake(() =>
      writeFileSync(file, '[{"pci_address": "0000:01:00.0", "guids": ["00:00:00:00:00:00:00:02"]}]'),
    );
    await expectWake(() => rmSync(file));
    abort.abort();
    await running;
    rmSync(root, { recursive: true });
  });

  it('when Open vSwitch starts or stops, where its bridges are managed', async () => {
    for (const managesBridges of [true, false]) {
      const sources: string[] = [];
      const abort = new AbortController();
      const wakes: number[] = [];
      const watch: Kernel['watch'] = (source, onEvent, signal) => {
        sources.push(source);
        if (source === 'ovs') onEvent({ kind: source });
        return untilAborted(onEvent, signal);
      };
      const log = createLogger({ service: 'test', level: 'silent' });
      const clock = new FakeClock();
      const pace = new LookPace({ clock, leastMs: 750 });
      const ports = { kernel: { watch }, clock, pace, log, auditMs: 300_000, managesBridges };
      const running = watchHost(ports, (ms) => void wakes.push(ms), abort.signal);
      expect([sources.includes('ovs'), wakes]).toEqual([managesBridges, managesBridges ? [0] : []]);
      abort.abort();
      await running;
    }
  });

  it('by the clock, in case it reported nothing', async () => {
    const { clock, wakes, stop } = follow();
    await clock.advance(299_999);
    expect(wakes).toEqual([]);
    await clock.advance(300_001);
    expect(wakes).toEqual([0, 0]);
    await stop();
  });

  it('also when its events fail: they are followed again, less and less often, and that is said once', async () => {
    const fail: Watch = () => Promise.reject(new Error('spawn udevadm ENOENT'));
    const { clock, warnings, opened, stop } = follow(...Array<Watch>(20).fill(fail));
    await clock.advance(9_999);
    expect(opened()).toBe(1);
    await clock.advance(1);
    expect(opened()).toBe(2);
    await clock.advance(19_999);
    expect(opened()).toBe(2);
    await clock.advance(1);
    expect(opened()).toBe(3);
    await clock.advance(3_600_000);
    expect(opened()).toBeLessThan(20);
    expect(warnings).toEqual([expect.stringContaining('cannot follow the device events of the host')]);
    await stop();
  });

  it('when its events are followed again after they ended, in case some were lost', async () => {
    const burst: Watch = (onEvent) => {
      onEvent({ kind: 'device' });
      return Promise.reject(new Error('udevadm monitor ended with exit code 2'));
    };
    const { clock, wakes, stop } = follow(burst);
    await clock.advance(9_999);
    expect(wakes).toEqual([0]);
    await clock.advance(1);
    expect(wakes).toEqual([0, 0]);
    await stop();
  });
});
