import { describe, expect, it } from '@jest/globals';
import { FakeClock } from '@sriov/testing';
import fc from 'fast-check';
import { WorkQueue } from './workqueue.ts';

/** A queue whose keys stay in work until the test ends them. */
class Shop {
  readonly clock = new FakeClock(0);
  readonly depths: number[] = [];
  readonly queue = new WorkQueue({ timers: this.clock, onDepth: (depth) => this.depths.push(depth) });
  /** Keys taken in hand, in order, with the time. */
  readonly begun: [string, number][] = [];
  readonly #inHand = new Map<string, () => void>();
  readonly #stop = new AbortController();
  #running: Promise<void> | undefined;
  isEnded = false;

  open(workers = 1): void {
    this.#running = this.queue
      .run(workers, (key) => this.#handle(key), this.#stop.signal)
      .then(() => {
        this.isEnded = true;
      });
  }

  get inHand(): string[] {
    return [...this.#inHand.keys()];
  }

  async end(key: string): Promise<void> {
    this.#inHand.get(key)?.();
    this.#inHand.delete(key);
    await this.clock.advance(0);
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.clock.advance(0);
  }

  async close(): Promise<void> {
    await this.stop();
    for (const key of this.inHand) await this.end(key);
    await this.#running;
  }

  #handle(key: string): Promise<void> {
    if (this.#inHand.has(key)) throw new Error(`${key} is in hand twice`);
    this.begun.push([key, this.clock.now()]);
    return new Promise((resolve) => this.#inHand.set(key, resolve));
  }
}

const keysOf = (shop: Shop): string[] => shop.begun.map(([key]) => key);

describe('a work queue', () => {
  it('lets the event loop turn while it works off keys that wait for nothing', async () => {
    let time = 0;
    const queue = new WorkQueue({ timers: { elapsed: () => time, setTimer: () => () => undefined } });
    const stop = new AbortController();
    const turns: number[] = [];
    const keys = Array.from({ length: 100 }, (_, index) => `key-${index}`);
    for (const key of keys) queue.add(key);
    let done = 0;
    setImmediate(() => turns.push(done));
    const work = (): Promise<void> => {
      time += 1;
      done += 1;
      if (done === keys.length) stop.abort();
      return Promise.resolve();
    };
    await queue.run(4, work, stop.signal);
    expect(turns[0]).toBeLessThan(20);
  });

  it('works each key once, in the order of their coming, however often it was added', async () => {
    const shop = new Shop();
    for (const key of ['a', 'b', 'a', 'c', 'b']) shop.queue.add(key);
    shop.open();
    for (const key of ['a', 'b', 'c']) {
      await shop.clock.advance(0);
      await shop.end(key);
    }
    expect(keysOf(shop)).toEqual(['a', 'b', 'c']);
    await shop.close();
  });

  it('tells its depth while it is worked on: a process that does not lead is not behind', async () => {
    const shop = new Shop();
    for (const key of ['a', 'b', 'c']) shop.queue.add(key);
    expect(shop.depths).toEqual([]);
    shop.open();
    for (const key of ['a', 'b', 'c']) {
      await shop.clock.advance(0);
      await shop.end(key);
    }
    expect(shop.depths).toEqual([3, 2, 1, 0]);
    await shop.close();
    shop.queue.add('d');
    expect(shop.depths.at(-1)).toBe(0);
  });

  it('works a key that is added while it is in work once more, and not before that work is done', async () => {
    const shop = new Shop();
    shop.open(2);
    shop.queue.add('a');
    await shop.clock.advance(0);
    shop.queue.add('a');
    shop.queue.add('a');
    await shop.clock.advance(1_000);
    expect(keysOf(shop)).toEqual(['a']);
    await shop.end('a');
    expect(keysOf(shop)).toEqual(['a', 'a']);
    await shop.end('a');
    await shop.clock.advance(1_000);
    expect(keysOf(shop)).toEqual(['a', 'a']);
    await shop.close();
  });

  it('works as many keys at the same time as it has workers', async () => {
    const shop = new Shop();
    shop.open(2);
    for (const key of ['a', 'b', 'c']) shop.queue.add(key);
    await shop.clock.advance(0);
    expect(shop.inHand).toEqual(['a', 'b']);
    await shop.end('b');
    expect(shop.inHand).toEqual(['a', 'c']);
    await shop.close();
  });

  it('doubles the delay of a key with each failure in a row, from 5 ms to 1,000 s', () => {
    const { queue } = new Shop();
    const delays = Array.from({ length: 20 }, () => queue.addFailed('a'));
    expect(delays.slice(0, 4)).toEqual([5, 10, 20, 40]);
    expect(delays.slice(-3)).toEqual([655_360, 1_000_000, 1_000_000]);
    expect(queue.addFailed('b')).toBe(5);
    queue.forget('a');
    expect([queue.failures('a'), queue.addFailed('a')]).toEqual([0, 5]);
  });

  it('keeps to the bounds of a delay that are given', () => {
    const { queue } = new Shop();
    expect(queue.addFailed('a', { leastMs: 3_000 })).toBe(3_000);
    expect(queue.addFailed('a')).toBe(10);
    for (let n = 0; n < 30; n += 1) queue.addFailed('a');
    expect(queue.addFailed('a', { mostMs: 30_000 })).toBe(30_000);
  });

  it('makes a key due at the earliest of its times, once', async () => {
    const shop = new Shop();
    shop.open();
    shop.queue.addAfter('a', 300);
    shop.queue.addAfter('a', 100);
    shop.queue.addAfter('a', 200);
    await shop.clock.advance(1_000);
    await shop.end('a');
    await shop.clock.advance(1_000);
    expect(shop.begun).toEqual([['a', 100]]);
    await shop.close();
  });

  it('forgets a later time when the key is due now', async () => {
    const shop = new Shop();
    shop.open();
    shop.queue.addAfter('a', 300);
    shop.queue.add('a');
    await shop.clock.advance(0);
    await shop.end('a');
    expect([keysOf(shop), shop.clock.pending]).toEqual([['a'], 0]);
    await shop.close();
  });

  it('keeps a time that is set while the key is in work', async () => {
    const shop = new Shop();
    shop.open();
    shop.queue.add('a');
    await shop.clock.advance(0);
    shop.queue.addAfter('a', 100);
    await shop.end('a');
    await shop.clock.advance(100);
    expect(shop.begun).toEqual([
      ['a', 0],
      ['a', 100],
    ]);
    await shop.close();
  });

  it('ends when told: after the keys in work, and with nothing left to do', async () => {
    const shop = new Shop();
    shop.open();
    for (const key of ['a', 'b']) shop.queue.add(key);
    shop.queue.addAfter('c', 100);
    await shop.clock.advance(0);
    shop.queue.add('a');
    await shop.stop();
    await shop.clock.advance(1_000);
    expect([shop.isEnded, keysOf(shop)]).toEqual([false, ['a']]);
    await shop.end('a');
    expect([shop.isEnded, keysOf(shop), shop.queue.depth, shop.depths.at(-1)]).toEqual([true, ['a'], 0, 0]);
    expect(shop.clock.pending).toBe(0);
  });

  it('drops the keys that are not due yet when it ends', async () => {
    const shop = new Shop();
    shop.open();
    shop.queue.addAfter('a', 100);
    await shop.close();
    expect(shop.clock.pending).toBe(0);
  });

  it('makes a key that is added after no time due at once, and leaves one that waits where it is', () => {
    const { queue, clock } = new Shop();
    queue.addAfter('a', 0);
    queue.addAfter('a', 100);
    expect([queue.depth, clock.pending]).toEqual([1, 0]);
  });

  it('knows for how long a key has been failing', async () => {
    const { queue, clock } = new Shop();
    await clock.advance(1_000);
    expect(queue.failingMs('a')).toBe(0);
    queue.addFailed('a');
    await clock.advance(70);
    queue.addFailed('a');
    expect([queue.failingMs('a'), queue.failingMs('b')]).toEqual([70, 0]);
    queue.forget('a');
    expect(queue.failingMs('a')).toBe(0);
  });

  it('can be run again after its end', async () => {
    const { clock, queue } = new Shop();
    const worked: string[] = [];
    for (const key of ['a', 'b']) {
      const stop = new AbortController();
      const running = queue.run(1, () => Promise.resolve(void worked.push(key)), stop.signal);
      queue.add('x');
      await clock.advance(0);
      stop.abort();
      await running;
    }
    expect(worked).toEqual(['a', 'b']);
  });

  it('works every key after it was last added, never twice at a time, whatever happens in between', async () => {
    const key = fc.constantFrom('a', 'b', 'c');
    const step = fc.oneof(
      fc.record({ what: fc.constant('add' as const), key }),
      fc.record({ what: fc.constant('addAfter' as const), key, ms: fc.integer({ min: 0, max: 50 }) }),
      fc.record({ what: fc.constant('fail' as const), key }),
      fc.record({ what: fc.constant('end' as const), key }),
      fc.record({ what: fc.constant('pass' as const), key, ms: fc.integer({ min: 1, max: 50 }) }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), fc.integer({ min: 1, max: 3 }), async (steps, workers) => {
        const shop = new Shop();
        shop.open(workers);
        /** How many times the key had been begun when it was last added. */
        const added = new Map<string, number>();
        const count = (name: string): number => keysOf(shop).filter((begun) => begun === name).length;
        for (const each of steps) {
          if (each.what === 'end') await shop.end(each.key);
          else if (each.what === 'pass') await shop.clock.advance(each.ms);
          else {
            added.set(each.key, count(each.key));
            if (each.what === 'add') shop.queue.add(each.key);
            else if (each.what === 'fail') shop.queue.addFailed(each.key, { mostMs: 40 });
            else shop.queue.addAfter(each.key, each.ms);
          }
          expect(shop.inHand.length).toBeLessThanOrEqual(workers);
        }
        for (let n = 0; n < 10; n += 1) {
          await shop.clock.advance(100);
          for (const name of shop.inHand) await shop.end(name);
        }
        for (const [name, before] of added) expect(count(name)).toBeGreaterThan(before);
        expect([shop.inHand, shop.queue.depth]).toEqual([[], 0]);
        await shop.close();
      }),
      { numRuns: 60 },
    );
  });
});
