import { describe, expect, it } from '@jest/globals';
import { type SimulatedKernel } from '@sriov/host-sim';
import { FakeClock } from '@sriov/testing';
import { PORTS, testKernel } from '../test/test-host.ts';
import { type KubeletNotice, untilNoticed } from './kubelet-notice.ts';

/** A host with two VFs that the kubelet can give to pods, and what it knows of them in the end. */
async function notice(
  change: (host: { kernel: SimulatedKernel; clock: FakeClock; vfs: readonly string[] }) => unknown,
): Promise<{ end: KubeletNotice; ms: number; calls: number; vfs: readonly string[] }> {
  const clock = new FakeClock();
  const kernel = testKernel(clock);
  kernel.plugin.start();
  await kernel.write(`/sys/bus/pci/devices/${PORTS[0]}/sriov_numvfs`, '2');
  const vfs = kernel.plugin.allocatable;
  expect(vfs).toHaveLength(2);
  let calls = 0;
  const call = kernel.call.bind(kernel);
  kernel.call = (...args) => {
    calls += 1;
    return call(...args);
  };
  change({ kernel, clock, vfs });
  const since = clock.elapsed();
  const end = await clock.run(untilNoticed({ kernel, clock }, vfs));
  return { end, ms: clock.elapsed() - since, calls, vfs };
}

describe('a kubelet that is to give away no more of some devices', () => {
  it('is asked once where it knows already', async () => {
    const { end, ms, calls } = await notice(({ kernel }) => kernel.plugin.kill());
    expect([end, ms, calls]).toEqual([{ taken: new Map(), late: [] }, 0, 1]);
  });

  it('is asked again until it knows', async () => {
    const { end, ms } = await notice(({ kernel, clock }) => clock.setTimer(1_000, () => kernel.plugin.kill()));
    expect(end).toEqual({ taken: new Map(), late: [] });
    expect(ms).toBe(1_000);
  });

  it('is waited for until the time is over', async () => {
    const { end, ms, vfs } = await notice(() => undefined);
    expect([end, ms]).toEqual([{ taken: new Map(), late: vfs }, 15_000]);
  });

  it('says which of them pods have', async () => {
    const { end, vfs } = await notice(({ kernel, vfs: [first = ''] }) => kernel.users.allocate(first));
    expect(end).toEqual({ taken: new Map([[vfs[0], 'pod default/web']]), late: [vfs[1]] });
  });

  it('is waited for no longer when pods have all that it offers', async () => {
    const { end, ms, vfs } = await notice(({ kernel, vfs: both }) => both.forEach((vf) => kernel.users.allocate(vf)));
    expect([end.late, [...end.taken.keys()], ms]).toEqual([[], vfs, 0]);
  });

  it('may give away all of them as long as it does not answer', async () => {
    const { end, vfs } = await notice(({ kernel }) =>
      kernel.addFault({ verb: 'call', path: '*GetAllocatableResources', errno: 'RESOURCE_EXHAUSTED' }),
    );
    expect(end).toMatchObject({ late: vfs, unknown: expect.stringContaining('RESOURCE_EXHAUSTED') });
  });

  it('is not asked about nothing', async () => {
    const clock = new FakeClock();
    const kernel = testKernel(clock);
    kernel.addFault({ verb: 'list', path: '*', errno: 'EIO' });
    expect(await untilNoticed({ kernel, clock }, [])).toEqual({ taken: new Map(), late: [] });
  });
});
