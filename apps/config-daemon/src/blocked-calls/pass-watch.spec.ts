import { describe, expect, it } from '@jest/globals';
import { type Kernel, KernelBlockedError } from '@sriov/host';
import { FakeClock } from '@sriov/testing';
import { followFolder, followKernel, followPods, followStatus } from './follow-calls.ts';
import { PassWatch } from './pass-watch.ts';
import { MemoryFolder, testKernel } from '../test/test-host.ts';

const LIST_LINKS = 'ip -j -d link show';

describe('a pass that does not end', () => {
  it('is reported with the call that holds it up, after the time that is set, until it has ended', async () => {
    const clock = new FakeClock();
    const watch = new PassWatch({ clock, limitMs: 60_000 });
    const simulated = testKernel(clock);
    const kernel = followKernel(simulated, watch);
    const release = simulated.addFault({ verb: 'exec', path: LIST_LINKS, hang: true });
    const look = (): Promise<unknown> => kernel.exec('ip', ['-j', '-d', 'link', 'show'], { deadlineMs: 3_600_000 });
    const passing = watch.pass(look)();
    await clock.advance(59_999);
    expect(watch.check()).toBe(true);
    // What somebody sets the clock of the machine to says nothing about how long it took.
    clock.jump(-3_600_000);
    await clock.advance(1);
    expect(watch.check()).toBe(
      `no pass has ended for 60 s: it waits for "exec ${LIST_LINKS}", which has not come back for 60 s`,
    );
    release();
    await passing;
    expect(watch.check()).toBe(true);
  });

  it('is not reported because somebody sets the clock forward', () => {
    const clock = new FakeClock();
    const watch = new PassWatch({ clock, limitMs: 60_000 });
    void watch.pass(() => new Promise(() => undefined))();
    clock.jump(3_600_000);
    expect(watch.check()).toBe(true);
  });

  it('has not ended when it is given up and tried again because one call hangs all the time', async () => {
    const clock = new FakeClock();
    const watch = new PassWatch({ clock, limitMs: 60_000 });
    const simulated = testKernel(clock);
    const kernel = followKernel(simulated, watch);
    const release = simulated.addFault({ verb: 'exec', path: LIST_LINKS, hang: true });
    const pass = watch.pass(async () => {
      try {
        await kernel.exec('ip', ['-j', '-d', 'link', 'show']);
      } catch (error) {
        if (error instanceof KernelBlockedError) watch.heldUp(error);
      }
    });
    const first = pass();
    await clock.advance(30_000);
    await first;
    await clock.advance(40_000);
    await pass();
    expect(watch.check()).toBe(
      `no pass has ended for 70 s: it waits for "exec ${LIST_LINKS}", which has not come back for 70 s`,
    );
    release();
    await clock.advance(0);
    expect(watch.check()).toMatch(/for 70 s: no call to the host or the API server is under way$/);
    await pass();
    expect(watch.check()).toBe(true);
  });

  it('is not blamed on a call of one PF without which passes end', async () => {
    const clock = new FakeClock();
    const watch = new PassWatch({ clock, limitMs: 60_000 });
    const simulated = testKernel(clock);
    const kernel = followKernel(simulated, watch);
    simulated.addFault({ verb: 'read', path: '/sys/class/net/ens1/mtu', hang: true });
    const first = watch.pass(() => kernel.read('/sys/class/net/ens1/mtu').catch(() => ''))();
    await clock.advance(3_600_000);
    await first;
    expect(watch.check()).toBe(true);
    void watch.pass(() => watch.call('read pci/a of the state folder', () => new Promise(() => undefined)))();
    await clock.advance(60_000);
    expect(watch.check()).toContain('it waits for "read pci/a of the state folder", which has not come back for 60 s');
  });

  it('has ended when it throws', async () => {
    const clock = new FakeClock();
    const watch = new PassWatch({ clock, limitMs: 60_000 });
    await expect(watch.pass(() => Promise.reject(new Error('no')))()).rejects.toThrow('no');
    await clock.advance(60_000);
    expect(watch.check()).toBe(true);
  });
});

describe('the call that holds a pass', () => {
  const never = (): Promise<never> => new Promise(() => undefined);
  const kernel: Kernel = {
    read: never,
    write: never,
    readlink: never,
    list: never,
    exec: never,
    call: never,
    callJson: never,
    watch: never,
  };
  const folder = Object.assign(new MemoryFolder(), { read: never, list: never, write: never, remove: never });
  const pods = { list: never, delete: never };
  const status = { write: never, isOurs: () => true };

  it.each<[string, (watch: PassWatch) => Promise<unknown>]>([
    ['read /sys/a', (watch) => followKernel(kernel, watch).read('/sys/a')],
    ['write /sys/a', (watch) => followKernel(kernel, watch).write('/sys/a', '4')],
    ['readlink /sys/a', (watch) => followKernel(kernel, watch).readlink('/sys/a')],
    ['list /sys', (watch) => followKernel(kernel, watch).list('/sys')],
    ['exec ip link', (watch) => followKernel(kernel, watch).exec('ip', ['link'])],
    [
      'call /run/a.sock /v1.A/List',
      (watch) => followKernel(kernel, watch).call({ socket: '/run/a.sock', method: '/v1.A/List' }, new Uint8Array()),
    ],
    [
      'call /run/a.sock transact',
      (watch) => followKernel(kernel, watch).callJson({ socket: '/run/a.sock', method: 'transact' }, []),
    ],
    ['read pci/a of the state folder', (watch) => followFolder(folder, watch).read('pci/a')],
    ['list pci of the state folder', (watch) => followFolder(folder, watch).list('pci')],
    ['write pci/a of the state folder', (watch) => followFolder(folder, watch).write('pci/a', '{}')],
    ['remove pci/a of the state folder', (watch) => followFolder(folder, watch).remove('pci/a')],
    ["list the device plugin's pods", (watch) => followPods(pods, watch).list()],
    ['delete the pod p', (watch) => followPods(pods, watch).delete({ name: 'p', uid: 'u' })],
    [
      'write the status of the node state',
      (watch) => {
        const verdict = { syncStatus: 'Succeeded', reason: 'InSync', message: '' } as const;
        return followStatus(status, watch).write({ metadata: { name: 'n' } }, { verdict });
      },
    ],
  ])('is named: %s', async (what, call) => {
    const clock = new FakeClock();
    const watch = new PassWatch({ clock, limitMs: 1_000 });
    void watch.pass(() => call(watch))();
    await clock.advance(1_000);
    expect(watch.check()).toContain(`it waits for "${what}", which has not come back for 1 s`);
  });

  it('is the one that has run longest', async () => {
    const clock = new FakeClock();
    const watch = new PassWatch({ clock, limitMs: 1_000 });
    void watch.pass(async () => {
      await Promise.all(
        ['first', 'second'].map((what, index) => clock.sleep(index * 500).then(() => watch.call(what, never))),
      );
    })();
    await clock.advance(1_000);
    expect(watch.check()).toContain('it waits for "first"');
  });
});
