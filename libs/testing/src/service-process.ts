import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { testControlPlane } from './control-plane.ts';
import { type LogLine, readLogLine } from './read-json.ts';

/** A service as a process of its own, which can be stopped and continued. End it with {@link ServiceProcess.kill}. */
export class ServiceProcess {
  readonly #child: ChildProcess;
  #output = '';

  /**
   * @param main - Path of the program, in TypeScript.
   * @param flags - Beside those that every service of ours needs.
   */
  constructor(main: string, flags: readonly string[]) {
    const kubeconfig = `--kubeconfig=${testControlPlane().kubeconfigPath}`;
    const args = ['--import', 'tsx', main, '--listen=127.0.0.1:0', '--log-level=info', kubeconfig, ...flags];
    this.#child = spawn(process.execPath, args, { env: { PATH: process.env['PATH'] ?? '' } });
    this.#child.stdout?.on('data', (chunk) => (this.#output += String(chunk)));
    this.#child.stderr?.on('data', (chunk) => (this.#output += String(chunk)));
  }

  /** How often it has logged the message. @throws Error when the process has ended. */
  count(message: string): number {
    const { exitCode } = this.#child;
    if (exitCode !== null) throw new Error(`the process ended with ${exitCode}: ${this.#output}`);
    return this.#lines.filter(({ msg }) => msg === message).length;
  }

  /** The text of its /metrics. @throws Error when it does not serve yet. */
  async metrics(): Promise<string> {
    const port = this.#lines.find(({ msg }) => msg === 'started')?.port;
    return (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  }

  /** Sends a signal to this process and no other. */
  signal(signal: 'SIGSTOP' | 'SIGCONT' | 'SIGTERM'): void {
    this.#child.kill(signal);
  }

  /** Ends it, whether it is stopped or not. */
  async kill(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await ended;
  }

  /** Whole lines alone: the last may be half written. */
  get #lines(): LogLine[] {
    const lines = this.#output.split('\n').slice(0, -1);
    return lines.filter((line) => line.startsWith('{')).map(readLogLine);
  }
}
