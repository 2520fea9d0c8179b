import { EventEmitter } from 'node:events';
import { describe, expect, it } from '@jest/globals';
import { type Clock } from './clock.ts';
import { stopOnSignals } from './stop-signals.ts';

/** A process that records how it ends, with a timer that the test fires. */
function createProcess(deadlineMs?: number): {
  signalled: EventEmitter;
  said: string[];
  signal: AbortSignal;
  timers: { ms: number; fire: () => void }[];
} {
  const said: string[] = [];
  const timers: { ms: number; fire: () => void }[] = [];
  const signalled = Object.assign(new EventEmitter(), {
    exit: (code: number) => void said.push(`exit ${code}`),
    stderr: { write: (text: string) => void said.push(text.trim()) },
  });
  const clock: Clock = {
    now: () => 0,
    elapsed: () => 0,
    setTimer(ms, fire) {
      timers.push({ ms, fire });
      return () => undefined;
    },
    sleep: () => Promise.resolve(),
  };
  return { signalled, said, timers, signal: stopOnSignals(signalled, clock, deadlineMs) };
}

describe('a process', () => {
  it.each(['SIGTERM', 'SIGINT'])('is told to stop by %s, and ends by itself', (name) => {
    const { signalled, said, signal } = createProcess();
    expect(signal.aborted).toBe(false);
    signalled.emit(name);
    expect([signal.aborted, said]).toEqual([true, []]);
  });

  it('ends at once on a second signal', () => {
    const { signalled, said } = createProcess();
    signalled.emit('SIGINT');
    signalled.emit('SIGTERM');
    expect(said).toEqual(['exit 1']);
  });

  it.each([
    ['25 s', undefined, 25_000],
    ['40 s where its service needs them', 40_000, 40_000],
  ])('ends after %s when it did not stop, and says so', (_, deadlineMs, expected) => {
    const { signalled, said, timers } = createProcess(deadlineMs);
    signalled.emit('SIGTERM');
    expect(timers.map(({ ms }) => ms)).toEqual([expected]);
    timers[0]?.fire();
    expect(said).toEqual([`did not stop within ${expected / 1000} s`, 'exit 1']);
  });
});
