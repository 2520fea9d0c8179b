import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { request } from 'node:http';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { findFreePort } from '@sriov/control-plane';

const APPS = join(import.meta.dirname, '../../../apps');

/** Bundles a controller as it is shipped, into the file. */
export async function bundleController(app: 'policy-controller' | 'drain-controller', file: string): Promise<void> {
  const script = ['../../tools/scripts/bundle.mjs', '--executable', file];
  await promisify(execFile)(process.execPath, script, { cwd: join(APPS, app) });
}

/** How a controller is started. */
export interface ControllerOptions {
  /** The bundle. */
  readonly program: string;
  readonly kubeconfig: string;
  readonly namespace: string;
  /** Settings beside these, as environment. */
  readonly env?: Readonly<Record<string, string>>;
}

/** Memory of a process, in MB. */
export interface Memory {
  /** Resident, as the kernel counts it, before the collection. */
  readonly rss: number;
  /** The most that was ever resident. */
  readonly peakRss: number;
  /** Used by the heap after a forced garbage collection. */
  readonly heap: number;
}

/** Nothing happened for so long: longer than the controller lets statuses wait. */
const IDLE_MS = 2_500;
const POLL_MS = 250;
const MIB = 1_048_576;

/** A controller that runs as a process of its own. */
export class ControllerProcess {
  readonly #child: ChildProcess;
  readonly #port: number;
  #log = '';
  /** The longest time that its event loop did not turn, in ms, since this was last set to 0. */
  longestStall = 0;

  private constructor(child: ChildProcess, port: number) {
    this.#child = child;
    this.#port = port;
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => (this.#log = (this.#log + text).slice(-4_000)));
    }
  }

  /** Starts the bundle. It serves its metrics when this resolves. */
  static async start({ program, kubeconfig, namespace, env = {} }: ControllerOptions): Promise<ControllerProcess> {
    const port = await findFreePort();
    const flags = ['--expose-gc', '--import', join(import.meta.dirname, 'probe.mjs')];
    const child = spawn(process.execPath, [...flags, program], {
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      env: {
        PATH: process.env['PATH'],
        KUBECONFIG: kubeconfig,
        NAMESPACE: namespace,
        LISTEN: `127.0.0.1:${port}`,
        LOG_LEVEL: 'warn',
        ...env,
      },
    });
    const controller = new ControllerProcess(child, port);
    while ((await controller.#metrics()) === undefined) {
      controller.#assertRunning();
      await delay(POLL_MS / 5);
    }
    return controller;
  }

  /** Waits until it reconciles nothing any more. */
  async idle(): Promise<void> {
    let seen = '';
    let since = Date.now();
    while (Date.now() - since < IDLE_MS) {
      const { total, depth } = await this.#work();
      if (seen !== `${total}` || depth > 0 || total === 0) {
        seen = `${total}`;
        since = Date.now();
      }
      await delay(POLL_MS);
    }
  }

  /** CPU time that it has used, in ms. */
  async cpu(): Promise<number> {
    return sumOf((await this.#metrics()) ?? '', 'process_cpu_seconds_total') * 1_000;
  }

  /** Memory now. */
  async memory(): Promise<Memory> {
    const status = await readFile(`/proc/${this.#child.pid}/status`, 'utf8');
    const field = (name: string): number => Number(new RegExp(`^${name}:\\s*(\\d+) kB`, 'm').exec(status)?.[1]) / 1024;
    const answer = once(this.#child, 'message');
    this.#child.send('collect');
    const [{ heapUsed }] = (await answer) as [{ heapUsed: number }];
    return { rss: field('VmRSS'), peakRss: field('VmHWM'), heap: heapUsed / MIB };
  }

  /** Ends it as Kubernetes does, and waits. */
  async stop(): Promise<void> {
    if (this.#child.exitCode !== null) return;
    const exit = once(this.#child, 'exit');
    this.#child.kill('SIGTERM');
    await exit;
  }

  async #work(): Promise<{ total: number; depth: number }> {
    const text = await this.#metrics();
    if (text === undefined) this.#assertRunning();
    const stall = sumOf(text ?? '', 'nodejs_eventloop_lag_max_seconds') * 1_000;
    this.longestStall = Math.max(this.longestStall, stall);
    return { total: sumOf(text ?? '', 'sriov_reconcile_total'), depth: sumOf(text ?? '', 'sriov_workqueue_depth') };
  }

  #assertRunning(): void {
    if (this.#child.exitCode === null && this.#child.signalCode === null) return;
    throw new Error(`the controller ended; the end of what it said:\n${this.#log}`);
  }

  #metrics(): Promise<string | undefined> {
    return new Promise((resolve) => {
      request({ host: '127.0.0.1', port: this.#port, path: '/metrics', agent: false }, (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
        response.on('end', () => resolve(text));
      })
        .on('error', () => resolve(undefined))
        .end();
    });
  }
}

/** Sum over the labels of a metric in the Prometheus text format. */
function sumOf(metrics: string, name: string): number {
  const lines = metrics.matchAll(new RegExp(`^${name}(?:\\{.*\\})? (\\S+)$`, 'gm'));
  return [...lines].reduce((sum, [, value]) => sum + Number(value), 0);
}
