import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { type Readable, type Writable } from 'node:stream';
import { hasCode } from '@sriov/errors';
import { z } from 'zod';

/** A program to run. */
export interface ProgramRun {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
}

/** The end of a program that nobody stopped. */
export interface ProgramEnd {
  readonly name: string;
  /** Exit code, signal, or why it never ran. */
  readonly how: string;
}

/** What `supervisor.mjs` says, line by line. */
const messageSchema = z.union([
  z.object({ started: z.string(), pid: z.number() }),
  z.object({ ended: z.string(), how: z.string() }),
]);

const LOG_LINES = 8;
const LOG_LINE_LENGTH = 400;

/** The programs of one control plane, in a process of their own that ends with ours. */
export class Supervisor {
  readonly #child: ChildProcessByStdio<Writable, Readable, null>;
  readonly #folder: string;
  readonly #onEnd: (end: ProgramEnd) => void;
  readonly #running = new Set<string>();
  readonly #pids = new Map<string, number>();
  readonly #stopping = new Map<string, () => void>();
  #isClosed = false;

  /** `folder` holds the logs and is removed when all is over. `onEnd` hears of each program that ends unasked. */
  constructor(folder: string, onEnd: (end: ProgramEnd) => void) {
    this.#folder = folder;
    this.#onEnd = onEnd;
    const script = join(import.meta.dirname, 'supervisor.mjs');
    // A session of its own: Ctrl-C in the terminal does not reach the programs before we have had our say.
    this.#child = spawn(process.execPath, [script, folder], { stdio: ['pipe', 'pipe', 'inherit'], detached: true });
    // What is sent to a supervisor that died is lost; its exit tells us.
    this.#child.stdin.on('error', () => undefined);
    this.#child.once('exit', (code, signal) => this.#bury(signal ?? `exit code ${code}`));
    createInterface({ input: this.#child.stdout }).on('line', (line) => {
      const message = messageSchema.parse(JSON.parse(line));
      if ('started' in message) this.#pids.set(message.started, message.pid);
      else this.#markEnded({ name: message.ended, how: message.how });
    });
    // It must not keep our process alive: it watches over us, not we over it.
    this.#child.unref();
    (this.#child.stdout as unknown as { unref(): void }).unref();
    (this.#child.stdin as unknown as { unref(): void }).unref();
  }

  start(run: ProgramRun): void {
    this.#running.add(run.name);
    this.#send({ start: { ...run, log: this.#logPath(run.name) } });
  }

  /** Process id of a program that runs. */
  pidOf(name: string): number | undefined {
    return this.#pids.get(name);
  }

  /**
   * Stops one program and waits for its end. Killed, not asked to leave, unless a signal is given: an API server that
   * says goodbye waits for its watchers, and a test wants it away now.
   */
  async stop(name: string, signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    if (!this.#running.has(name)) return;
    const ended = new Promise<void>((resolve) => this.#stopping.set(name, resolve));
    this.#send({ stop: name, signal });
    // Someone waits now: without this, a process with nothing else to do would end here.
    this.#child.ref();
    await ended;
    this.#child.unref();
  }

  /** A file that has to be removed as well in the end. */
  removeAtEnd(path: string): void {
    this.#send({ remove: path });
  }

  /** Last lines of what the program printed. */
  async logTail(name: string): Promise<string> {
    const text = await readFile(this.#logPath(name), 'utf8').catch(() => '');
    const lines = text.trim().split('\n').slice(-LOG_LINES);
    return lines.map((line) => line.slice(0, LOG_LINE_LENGTH)).join('\n');
  }

  /** Ends everything and removes the folder. */
  async close(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    this.#isClosed = true;
    this.#child.ref();
    const exit = once(this.#child, 'exit');
    this.#child.stdin.end();
    await exit;
  }

  #markEnded(end: ProgramEnd): void {
    this.#running.delete(end.name);
    this.#pids.delete(end.name);
    const stopped = this.#stopping.get(end.name);
    this.#stopping.delete(end.name);
    if (stopped) stopped();
    else if (!this.#isClosed) this.#onEnd(end);
  }

  /** Something killed the supervisor: we do its duty, the programs being of its process group. */
  #bury(how: string): void {
    const group = this.#child.pid;
    if (this.#isClosed || group === undefined) return;
    try {
      process.kill(-group, 'SIGKILL');
    } catch (error) {
      if (!hasCode(error, 'ESRCH')) throw error;
    }
    rmSync(this.#folder, { recursive: true, force: true });
    for (const name of [...this.#running]) this.#markEnded({ name, how: `its supervisor ended: ${how}` });
  }

  #send(message: object): void {
    this.#child.stdin.write(`${JSON.stringify(message)}\n`);
  }

  #logPath(name: string): string {
    return join(this.#folder, `${name}.log`);
  }
}
