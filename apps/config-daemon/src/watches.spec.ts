import { describe, expect, it } from '@jest/globals';
import { type KernelEvent } from '@sriov/host';
import { createLogger } from '@sriov/runtime';
import { FakeClock } from '@sriov/testing';
import { testKernel } from './test-host.ts';
import { watchHost } from './watches.ts';

type Watch = (onEvent: (event: KernelEvent) => void, signal: AbortSignal) => Promise<void>;

const untilAborted: Watch = (_, signal) =>
  new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));

/** Follows a host whose events come from the sources, one after the other. */
function follow(...sources: Watch[]): {
  clock: FakeClock;
  wakes: number[];
  opened: () => number;
  stop: () => Promise<void>;
} {
  const clock = new FakeClock();
  const kernel = testKernel(clock);
  const wakes: number[] = [];
  let opened = 0;
  kernel.watch = (onEvent, signal) => {
    opened += 1;
    return (sources[opened - 1] ?? untilAborted)(onEvent, signal);
  };
  const log = createLogger({ service: 'test', level: 'silent' });
  const abort = new AbortController();
  const running = watchHost({ kernel, clock, log, auditMs: 300_000 }, (ms) => void wakes.push(ms), abort.signal);
  return {
    clock,
    wakes,
    opened: () => opened,
    stop: () => {
      abort.abort();
      return running;
    },
  };
}

describe('the host is looked at again', () => {
  it('when it tells of a change, once the burst is over', async () => {
    const { wakes, stop } = follow((onEvent, signal) => {
      onEvent({ kind: 'link' });
      return untilAborted(onEvent, signal);
    });
    expect(wakes).toEqual([500]);
    await stop();
  });

  it('by the clock, in case it told nothing', async () => {
    const { clock, wakes, stop } = follow();
    await clock.advance(299_999);
    expect(wakes).toEqual([]);
    await clock.advance(300_001);
    expect(wakes).toEqual([0, 0]);
    await stop();
  });

  it('also when its events fail: they are followed anew, and not at once', async () => {
    const fail: Watch = () => Promise.reject(new Error('ip monitor ended with exit code 1'));
    const { clock, wakes, opened, stop } = follow(fail, fail);
    await clock.advance(9_999);
    expect(opened()).toBe(1);
    await clock.advance(10_001);
    expect(opened()).toBe(3);
    await clock.advance(280_000);
    expect(wakes).toEqual([0]);
    await stop();
  });

  it('when its events are followed anew after they ended, in case some were lost', async () => {
    const burst: Watch = (onEvent) => {
      onEvent({ kind: 'link' });
      return Promise.reject(new Error('ip monitor ended with exit code 2'));
    };
    const { clock, wakes, stop } = follow(burst);
    await clock.advance(9_999);
    expect(wakes).toEqual([500]);
    await clock.advance(1);
    expect(wakes).toEqual([500, 500]);
    await stop();
  });
});
