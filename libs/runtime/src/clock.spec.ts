import { getEventListeners } from 'node:events';
import { describe, expect, it } from '@jest/globals';
import { systemClock } from './clock.ts';

const YEAR_MS = 365 * 24 * 3_600_000;

describe('the clock of the machine', () => {
  it('measures how long something takes', async () => {
    const start = systemClock.elapsed();
    await systemClock.sleep(5);
    expect(systemClock.elapsed() - start).toBeGreaterThan(4);
  });

  it('calls back in the order of the times, and not what was cancelled', async () => {
    const called: string[] = [];
    systemClock.setTimer(3, () => called.push('later'));
    systemClock.setTimer(1, () => called.push('sooner'));
    systemClock.setTimer(2, () => called.push('cancelled'))();
    await systemClock.sleep(5);
    expect(called).toEqual(['sooner', 'later']);
  });

  it('waits for a year where a timer of Node would fire at once', async () => {
    let isCalled = false;
    const cancel = systemClock.setTimer(YEAR_MS, () => (isCalled = true));
    await systemClock.sleep(5);
    cancel();
    expect(isCalled).toBe(false);
  });

  it('ends a sleep when its signal aborts, and lets go of the signal', async () => {
    const stop = new AbortController();
    await systemClock.sleep(1, stop.signal);
    expect(getEventListeners(stop.signal, 'abort')).toEqual([]);
    const sleeping = systemClock.sleep(YEAR_MS, stop.signal);
    stop.abort();
    await sleeping;
    await systemClock.sleep(YEAR_MS, stop.signal);
  });
});
