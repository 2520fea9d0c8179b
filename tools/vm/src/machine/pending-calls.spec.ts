import { describe, expect, it } from '@jest/globals';
import { PendingCalls } from './pending-calls.ts';

describe('PendingCalls', () => {
  it('brings each answer to who asked', async () => {
    const calls = new PendingCalls();
    const ids: number[] = [];
    const first = calls.call('first', 60_000, (id) => ids.push(id));
    const second = calls.call('second', 60_000, (id) => ids.push(id));
    calls.succeed(ids[1] ?? 0, 'b');
    calls.succeed(ids[0] ?? 0, 'a');
    expect([await first, await second]).toEqual(['a', 'b']);
  });

  it('names the call that failed, was never answered, or lost its other end', async () => {
    const calls = new PendingCalls();
    const refused = calls.call('pull the card', 60_000, (id) => calls.fail(id, 'no such device'));
    await expect(refused).rejects.toThrow('pull the card: no such device');
    await expect(calls.call('wait', 1, () => undefined)).rejects.toThrow('wait: no answer after 0.001 s');
    const lost = calls.call('boot', 60_000, () => undefined);
    calls.failAll('QEMU has ended');
    await expect(lost).rejects.toThrow('boot: QEMU has ended');
  });

  it('is not troubled by an answer that nobody waits for', () => {
    expect(() => new PendingCalls().succeed(7, 'late')).not.toThrow();
  });
});
