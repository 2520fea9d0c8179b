import { describe, expect, it } from '@jest/globals';
import { FakeClock } from '@sriov/testing';
import { LookPace } from './look-pace.ts';

/** A pace with 1,000 ms at least from one look to the next, and what it has woken. */
function pace(): { clock: FakeClock; pace: LookPace; wakes: number[]; event: () => void } {
  const clock = new FakeClock();
  const made = new LookPace({ clock, leastMs: 1_000 });
  const wakes: number[] = [];
  return { clock, pace: made, wakes, event: () => made.event((ms) => void wakes.push(ms)) };
}

/** A look that takes until `end` is called. */
function begin(made: LookPace): { end: () => Promise<void> } {
  let resolve: () => void = () => undefined;
  const looking = made.look(() => new Promise<void>((done) => (resolve = done)));
  return {
    end: () => {
      resolve();
      return looking;
    },
  };
}

describe('looks that events cause', () => {
  it('come at once, and then at most once in the least time', async () => {
    const { clock, pace: made, wakes, event } = pace();
    event();
    const look = begin(made);
    await clock.advance(100);
    await look.end();
    await clock.advance(200);
    event();
    event();
    expect(wakes).toEqual([0, 700]);
  });

  it('leave as much time to others as the last look took', async () => {
    const { clock, pace: made, wakes, event } = pace();
    const look = begin(made);
    await clock.advance(4_000);
    await look.end();
    event();
    expect(wakes).toEqual([4_000]);
  });

  it('do not wait for longer than 10 s, however slow a look was', async () => {
    const { clock, pace: made, wakes, event } = pace();
    const look = begin(made);
    await clock.advance(60_000);
    await look.end();
    event();
    expect(wakes).toEqual([10_000]);
  });

  it('come after the present look, which may have passed what the event tells of', async () => {
    const { clock, pace: made, wakes, event } = pace();
    const look = begin(made);
    await clock.advance(3_000);
    event();
    event();
    expect(wakes).toEqual([]);
    await look.end();
    expect(wakes).toEqual([3_000]);
  });

  it('also come after a look that fails', async () => {
    const { pace: made, wakes, event } = pace();
    await expect(
      made.look(() => {
        event();
        return Promise.reject(new Error('EIO'));
      }),
    ).rejects.toThrow('EIO');
    expect(wakes).toEqual([1_000]);
  });
});
