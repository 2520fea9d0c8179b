import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { findFreePort } from '@sriov/control-plane';

const APPS = join(import.meta.dirname, '../../../../apps');
const POLL_MS = 50;

/** How a service is started. */
export interface ServiceOptions {
  readonly app: string;
  /** Where its bundle is put. */
  readonly folder: string;
  readonly settings: Readonly<Record<string, string>>;
}

/** A service as it is shipped, in a process of its own. */
export class ServiceProcess {
  readonly #child: ChildProcess;
  readonly #port: number;
  #log = '';

  private constructor(child: ChildProcess, port: number) {
    this.#child = child;
    this.#port = port;
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => (this.#log = (this.#log + text).slice(-4_000)));
    }
  }

  /** Bundles and starts it. It is ready when this resolves. */
  static async start({ app, folder, settings }: ServiceOptions): Promise<ServiceProcess> {
    const program = join(folder, `${app}.mjs`);
    const bundler = ['../../tools/scripts/bundle.mjs', '--executable', program];
    await promisify(execFile)(process.execPath, bundler, { cwd: join(APPS, app) });
    const port = await findFreePort();
    const child = spawn(process.execPath, [program], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { PATH: process.env['PATH'], LOG_LEVEL: 'error', LISTEN: `127.0.0.1:${port}`, ...settings },
    });
    const service = new ServiceProcess(child, port);
    while (!(await service.#isReady())) {
      if (child.exitCode !== null) throw new Error(`${app} ended; the end of what it said:\n${service.#log}`);
      await delay(POLL_MS);
    }
    return service;
  }

  /** Resident memory in MB as the kernel counts it: now, and the most that ever was. */
  async memory(): Promise<{ readonly rss: number; readonly peak: number }> {
    const status = await readFile(`/proc/${this.#child.pid}/status`, 'utf8');
    const field = (name: string): number => Number(new RegExp(`^${name}:\\s*(\\d+) kB`, 'm').exec(status)?.[1]) / 1_024;
    return { rss: field('VmRSS'), peak: field('VmHWM') };
  }

  /** Ends it as Kubernetes does; resolves with the time that it took, in ms. */
  async stop(): Promise<number> {
    if (this.#child.exitCode !== null) return 0;
    const start = performance.now();
    const exit = once(this.#child, 'exit');
    this.#child.kill('SIGTERM');
    await exit;
    return performance.now() - start;
  }

  async #isReady(): Promise<boolean> {
    const answer = await fetch(`http://127.0.0.1:${this.#port}/readyz`).catch(() => undefined);
    return answer?.status === 200;
  }
}
