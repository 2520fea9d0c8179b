import { describe, expect, it } from '@jest/globals';
import { FakeClock } from './fake-clock.ts';

describe('FakeClock', () => {
  it('fires timers in order, each at its time', async () => {
    const clock = new FakeClock(0);
    const fired: [string, number][] = [];
    clock.setTimer(20, () => fired.push(['b', clock.now()]));
    clock.setTimer(10, () => fired.push(['a', clock.now()]));
    clock.setTimer(31, () => fired.push(['c', clock.now()]));
    await clock.advance(30);
    expect(fired).toEqual([
      ['a', 10],
      ['b', 20],
    ]);
    expect([clock.now(), clock.pending, clock.untilNext]).toEqual([30, 1, 1]);
  });

  it('runs what a timer makes due within the same step', async () => {
    const clock = new FakeClock(0);
    const seen: number[] = [];
    const run = async (): Promise<void> => {
      for (;;) {
        await clock.sleep(10);
        seen.push(clock.now());
      }
    };
    void run();
    await clock.advance(35);
    expect(seen).toEqual([10, 20, 30]);
  });

  it('can be set to another time without time passing', async () => {
    const clock = new FakeClock(0);
    let fired = false;
    clock.setTimer(10, () => (fired = true));
    clock.jump(-3_600_000);
    expect([clock.now(), clock.elapsed(), clock.untilNext, fired]).toEqual([-3_600_000, 0, 10, false]);
    await clock.advance(10);
    expect([clock.now(), clock.elapsed(), fired]).toEqual([-3_599_990, 10, true]);
  });

  it('does not fire a timer that was cancelled, and ends a sleep that was aborted', async () => {
    const clock = new FakeClock(0);
    let fired = false;
    clock.setTimer(10, () => (fired = true))();
    const abort = new AbortController();
    const sleeping = clock.sleep(1_000, abort.signal);
    expect(clock.sleepers).toBe(1);
    abort.abort();
    await sleeping;
    await clock.advance(2_000);
    expect([fired, clock.pending, clock.sleepers]).toEqual([false, 0, 0]);
  });

  it('passes until a promise is settled, and says how', async () => {
    const clock = new FakeClock(0);
    const work = async (): Promise<string> => {
      await clock.sleep(1_000);
      await clock.sleep(500);
      return 'done';
    };
    await expect(clock.run(work())).resolves.toBe('done');
    expect(clock.elapsed()).toBe(1_500);
    await expect(clock.run(Promise.reject(new Error('no')))).rejects.toThrow('no');
  });
});
