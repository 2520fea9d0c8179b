import { describe, expect, it } from '@jest/globals';
import { FakeClock } from '@sriov/testing';
import { Looks } from './looks.ts';

/** How a pass ends: the kubelet knows all resources, has refused one, has not answered yet; or an error. */
type End = 'fine' | 'refused' | 'silent' | Error;

/** Looks whose passes end as a test says, the last of these for all further ones. */
class Bench {
  readonly clock = new FakeClock();
  /** When passes began, in seconds. */
  readonly begun: number[] = [];
  readonly metrics: string[] = [];
  readonly warnings: unknown[][] = [];
  answered = 0;
  /** Why it cannot be told that the kubelet has answered. */
  disk: Error | undefined;
  readonly stop = new AbortController();
  readonly looks: Looks;
  readonly #start = this.clock.elapsed();
  #end: End = 'fine';

  constructor(...ends: End[]) {
    this.looks = new Looks({
      passes: { request: () => this.#pass(ends) },
      isComplete: () => this.#end === 'fine',
      isAnswered: () => this.#end === 'fine' || this.#end === 'refused',
      onAnswered: () => {
        this.answered += 1;
        return this.disk === undefined ? Promise.resolve() : Promise.reject(this.disk);
      },
      clock: this.clock,
      log: { warn: (...args: unknown[]) => this.warnings.push(args) },
      metrics: { passed: (outcome) => this.metrics.push(outcome) },
      signal: this.stop.signal,
    });
  }

  /** The seconds at which passes have begun after so many more. */
  async after(seconds: number): Promise<number[]> {
    await this.clock.advance(seconds * 1000);
    return this.begun;
  }

  #pass(ends: End[]): Promise<void> {
    this.begun.push((this.clock.elapsed() - this.#start) / 1000);
    this.#end = ends.length > 1 ? ends.shift()! : (ends[0] ?? 'fine');
    return this.#end instanceof Error ? Promise.reject(this.#end) : Promise.resolve();
  }
}

const BROKEN = new Error('no devices');

describe('a look', () => {
  it('is made after the time that was asked for, and is not repeated when all is well', async () => {
    const bench = new Bench('fine');
    bench.looks.wake(500);
    expect(await bench.after(0.4)).toEqual([]);
    expect(await bench.after(600)).toEqual([0.5]);
    expect([bench.looks.problem, bench.metrics, bench.warnings]).toEqual([undefined, ['done'], []]);
  });

  it('is not made once the process is to end', async () => {
    const bench = new Bench('fine');
    bench.looks.wake(500);
    bench.stop.abort();
    expect(await bench.after(600)).toEqual([]);
  });

  it.each<[string, End]>([
    ['it fails', BROKEN],
    ['the kubelet refuses a resource', 'refused'],
    ['the kubelet does not answer about a resource', 'silent'],
  ])(
    'is repeated when %s: after two seconds, then twice as long each time, and at last once a minute',
    async (_, end) => {
      const bench = new Bench(end);
      await bench.looks.look();
      expect(await bench.after(250)).toEqual([0, 2, 6, 14, 30, 62, 122, 182, 242]);
    },
  );

  it('is repeated after two seconds again once all was well', async () => {
    const bench = new Bench(BROKEN, BROKEN, BROKEN, 'fine', BROKEN, 'fine');
    await bench.looks.look();
    expect(await bench.after(100)).toEqual([0, 2, 6, 14]);
    await bench.looks.look();
    expect(await bench.after(100)).toEqual([0, 2, 6, 14, 100, 102]);
  });

  it('is repeated once, however many others fail meanwhile', async () => {
    const bench = new Bench(BROKEN, BROKEN, BROKEN, 'fine');
    for (let count = 0; count < 3; count += 1) await bench.looks.look();
    expect(await bench.after(100)).toEqual([0, 0, 0, 2]);
  });

  it('is not repeated once the process is to end, and its failure then is none', async () => {
    const bench = new Bench(BROKEN);
    await bench.looks.look();
    bench.stop.abort();
    await bench.looks.look();
    expect(await bench.after(100)).toEqual([0, 0]);
    expect([bench.metrics, bench.warnings.length]).toEqual([['failed'], 1]);
  });
});

describe('what is known of the kubelet', () => {
  it('is not known before a look has ended', () => {
    expect(new Bench().looks.problem).toBe('no look at the host has ended yet');
  });

  it('is known when it has refused a resource, and not while it has not answered', async () => {
    const bench = new Bench('silent', 'refused');
    await bench.looks.look();
    expect([bench.looks.problem, bench.answered]).toEqual(['the kubelet has not answered about all resources', 0]);
    await bench.looks.look();
    expect([bench.looks.problem, bench.answered]).toEqual([undefined, 1]);
  });

  it('is told once, the first time that it has answered about all resources', async () => {
    const bench = new Bench('refused', 'silent', 'fine');
    for (let count = 0; count < 3; count += 1) await bench.looks.look();
    expect(bench.answered).toBe(1);
  });

  it('is told again when that could not be passed on, which does not keep the daemon from an answer', async () => {
    const bench = new Bench('fine');
    bench.disk = new Error('the disk is full');
    await expect(bench.looks.pass()).resolves.toBeUndefined();
    await bench.looks.look();
    const problem = 'nobody can be told that the device plugin has started: the disk is full';
    expect([bench.looks.problem, bench.metrics]).toEqual([problem, ['done', 'done']]);
    expect(bench.warnings).toEqual([[{ err: bench.disk }, problem]]);
    bench.disk = undefined;
    await bench.clock.advance(2_000);
    expect([bench.looks.problem, bench.answered]).toEqual([undefined, 3]);
  });

  it('is not known after a look that failed, which the one who asked hears of', async () => {
    const bench = new Bench('fine', BROKEN);
    await bench.looks.pass();
    await expect(bench.looks.pass()).rejects.toThrow('no devices');
    expect([bench.looks.problem, bench.metrics]).toEqual(['no devices', ['done', 'failed']]);
  });

  it('gets one line for each cause, not one for each look', async () => {
    const bench = new Bench(BROKEN, BROKEN, new Error('no kernel'), 'fine', BROKEN);
    for (let count = 0; count < 5; count += 1) await bench.looks.look();
    const sentence = 'what is offered cannot be decided: the kubelet keeps what it knows';
    expect(bench.warnings).toEqual([BROKEN, new Error('no kernel'), BROKEN].map((err) => [{ err }, sentence]));
  });
});
