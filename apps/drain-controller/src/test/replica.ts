import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { readLogLine } from '@sriov/testing';

const PROJECT = join(import.meta.dirname, '../..');

/** Bundles the drain controller as it is shipped, into the file. */
export async function bundle(file: string): Promise<void> {
  const script = ['../../tools/scripts/bundle.mjs', '--executable', file];
  await promisify(execFile)(process.execPath, script, { cwd: PROJECT });
}

/** A replica of the drain controller, a process of its own. */
export class Replica {
  readonly #child: ChildProcess;
  #output = '';

  constructor(program: string, { kubeconfig, namespace }: { readonly kubeconfig: string; readonly namespace: string }) {
    const args = [program, '--kubeconfig', kubeconfig, '--namespace', namespace];
    const own = ['--resource-prefix', 'example.org', '--listen', '127.0.0.1:0', '--log-level', 'info'];
    this.#child = spawn(process.execPath, [...args, ...own], { env: { PATH: process.env['PATH'] ?? '' } });
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.on('data', (chunk) => (this.#output += String(chunk)));
    }
  }

  /** Whether it has logged the message. @throws Error when it has ended by itself */
  hasSaid(message: string): boolean {
    const { exitCode } = this.#child;
    if (exitCode !== null) throw new Error(`the replica ended with ${exitCode}: ${this.#output}`);
    return this.#lines.some(({ msg }) => msg === message);
  }

  /** The text of its /metrics. */
  async metrics(): Promise<string> {
    return (await this.#ask('/metrics')).text();
  }

  /** Whether it has listed all that it follows. */
  async isReady(): Promise<boolean> {
    return (await this.#ask('/readyz')).ok;
  }

  #ask(path: string): Promise<Response> {
    const port = this.#lines.find(({ msg }) => msg === 'started')?.port;
    return fetch(`http://127.0.0.1:${port}${path}`);
  }

  get hasEnded(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  /** Ends it at once: it cannot do anything more. */
  kill(): void {
    this.#child.kill('SIGKILL');
  }

  /** Ends it as Kubernetes does, and waits. */
  async stop(): Promise<void> {
    if (this.hasEnded) return;
    const exit = once(this.#child, 'exit');
    this.#child.kill('SIGTERM');
    await exit;
  }

  /** Whole lines alone: the last may be half written. */
  get #lines(): ReturnType<typeof readLogLine>[] {
    const lines = this.#output.split('\n').slice(0, -1);
    return lines.filter((line) => line.startsWith('{')).map(readLogLine);
  }
}
