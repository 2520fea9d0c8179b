import { beforeEach, describe, expect, it } from '@jest/globals';
import { KernelBlockedError } from './kernel.ts';
import { UnansweredCalls } from './unanswered-calls.ts';

let calls: UnansweredCalls;
let made: string[];

beforeEach(() => {
  calls = new UnansweredCalls();
  made = [];
});

/** A call that was given up waiting for, and how it comes back. */
function blocked(): { readonly error: KernelBlockedError; readonly release: () => void } {
  let release = (): void => undefined;
  const released = new Promise<void>((resolve) => (release = resolve));
  return { error: new KernelBlockedError({ verb: 'read', path: '/x', since: 0, waitedMs: 1, released }), release };
}
const make = (key: string, error?: Error): Promise<string> =>
  calls.make(key, () => {
    made.push(key);
    return error === undefined ? Promise.resolve(`made ${key}`) : Promise.reject(error);
  });

describe('a call', () => {
  it('is made again when it came back, well or badly', async () => {
    const refusal = new Error('refused');
    expect(await make('a')).toBe('made a');
    await expect(make('a', refusal)).rejects.toBe(refusal);
    expect(await make('a')).toBe('made a');
    expect(made).toEqual(['a', 'a', 'a']);
  });

  it('that has not come back is not made again, and others are', async () => {
    const { error } = blocked();
    await expect(make('a', error)).rejects.toBe(error);
    await expect(make('a')).rejects.toBe(error);
    expect(await make('b')).toBe('made b');
    expect(made).toEqual(['a', 'b']);
  });

  it('is made again once it has come back', async () => {
    const { error, release } = blocked();
    await expect(make('a', error)).rejects.toBe(error);
    release();
    await error.released;
    expect(await make('a')).toBe('made a');
  });

  it('that was begun twice is made again when the later one has come back', async () => {
    const [first, second] = [blocked(), blocked()];
    const both = await Promise.allSettled([make('a', first.error), make('a', second.error)]);
    expect(both.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    first.release();
    await first.error.released;
    await expect(make('a')).rejects.toBe(second.error);
    second.release();
    await second.error.released;
    expect(await make('a')).toBe('made a');
  });
});
