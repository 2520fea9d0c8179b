import { type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile } from 'node:fs/promises';

/** Resident memory in MB as the kernel counts it. */
export interface Memory {
  readonly rss: number;
  /** The part of it that no other process shares: heaps, stacks, and what else was not read from a file. */
  readonly own: number;
  /** The most that ever was resident. */
  readonly peak: number;
}

/** A service in a process of its own, looked at from outside. */
export class MeasuredProcess {
  readonly #child: ChildProcess;
  #said = '';

  constructor(child: ChildProcess) {
    this.#child = child;
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => (this.#said = (this.#said + text).slice(-4_000)));
    }
  }

  /** Rejects with the end of what the process said when it ends. */
  async end(): Promise<never> {
    if (!this.#hasEnded) await once(this.#child, 'exit');
    const { exitCode, signalCode } = this.#child;
    throw new Error(`the process ended (${exitCode ?? signalCode}); the end of what it said:\n${this.#said}`);
  }

  async memory(): Promise<Memory> {
    const status = await readFile(`/proc/${this.#child.pid}/status`, 'utf8');
    const field = (name: string): number => Number(new RegExp(`^${name}:\\s*(\\d+) kB`, 'm').exec(status)?.[1]) / 1_024;
    return { rss: field('VmRSS'), own: field('RssAnon'), peak: field('VmHWM') };
  }

  /** Processor time until now in ms: of all its threads, and of the commands that it ran and that have ended. */
  async cpuMs(): Promise<number> {
    const proc = `/proc/${this.#child.pid}`;
    const threads = await readdir(`${proc}/task`);
    // The first number is nanoseconds on a processor (Documentation/scheduler/sched-stats.rst).
    const times = await Promise.all(threads.map((thread) => readFile(`${proc}/task/${thread}/schedstat`, 'utf8')));
    const own = times.reduce((sum, text) => sum + Number(text.split(' ')[0]) / 1e6, 0);
    // Fields 16 and 17 of proc_pid_stat(5), in ticks of 10 ms; the name of the program before them may hold blanks.
    const fields = (await readFile(`${proc}/stat`, 'utf8')).replace(/^.*\) /, '').split(' ');
    return own + (Number(fields[13]) + Number(fields[14])) * 10;
  }

  /** Ends it as Kubernetes does. */
  async stop(): Promise<void> {
    if (this.#hasEnded) return;
    const exit = once(this.#child, 'exit');
    this.#child.kill('SIGTERM');
    await exit;
  }

  get #hasEnded(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }
}
