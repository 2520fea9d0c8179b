import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { type Readable, type Writable } from 'node:stream';

/** A program to run. */
export interface ProgramRun {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
}

/** The programs of one control plane, in a process of their own that ends with ours. */
export class Supervisor {
  readonly #child: ChildProcessByStdio<Writable, Readable, null>;
  readonly #folder: string;
  readonly #ended = new Map<string, number | null>();
  readonly #waiting = new Map<string, () => void>();

  /** `folder` holds the logs and is removed when all is over. */
  constructor(folder: string) {
    this.#folder = folder;
    const script = join(import.meta.dirname, 'supervisor.mjs');
    this.#child = spawn(process.execPath, [script, folder], { stdio: ['pipe', 'pipe', 'inherit'], detached: true });
    // A supervisor that died has taken the programs with it; what is sent to it then is lost, and no error of ours.
    this.#child.stdin.on('error', () => undefined);
    createInterface({ input: this.#child.stdout }).on('line', (line) => {
      const { ended, code } = JSON.parse(line) as { ended: string; code: number | null };
      this.#ended.set(ended, code);
      this.#waiting.get(ended)?.();
    });
    // It shall not keep our process alive: it watches over us, not we over it.
    this.#child.unref();
    (this.#child.stdout as unknown as { unref(): void }).unref();
    (this.#child.stdin as unknown as { unref(): void }).unref();
  }

  start(run: ProgramRun): void {
    this.#ended.delete(run.name);
    this.#send({ start: { ...run, log: this.#logPath(run.name) } });
  }

  /** True when the program ended since it was started. */
  hasEnded(name: string): boolean {
    return this.#ended.has(name);
  }

  /** Stops one program and waits for its end. */
  async stop(name: string): Promise<void> {
    if (this.#ended.has(name)) return;
    const ended = new Promise<void>((resolve) => this.#waiting.set(name, resolve));
    this.#send({ stop: name });
    await ended;
    this.#waiting.delete(name);
  }

  /** Last lines of what the program printed. */
  async logTail(name: string): Promise<string> {
    const text = await readFile(this.#logPath(name), 'utf8').catch(() => '');
    return text.trim().split('\n').slice(-8).join('\n');
  }

  /** Ends everything and removes the folder. */
  async close(): Promise<void> {
    this.#child.ref();
    const exit = this.#child.exitCode === null ? once(this.#child, 'exit') : undefined;
    this.#child.stdin.end();
    await exit;
  }

  #send(message: object): void {
    this.#child.stdin.write(`${JSON.stringify(message)}\n`);
  }

  #logPath(name: string): string {
    return join(this.#folder, `${name}.log`);
  }
}
