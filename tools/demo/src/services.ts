import { setTimeout as delay } from 'node:timers/promises';
import { type ServiceName } from '@sriov/api';
import { findFreePort, type ProgramEnd, Supervisor } from '@sriov/control-plane';
import { DemoError } from './demo-error.ts';

/** A service as a process of its own. */
export interface ServiceRun {
  readonly name: ServiceName;
  /** Behind its bundle; the address of its health endpoint is added. */
  readonly args: readonly string[];
  /** Bundle of the service. */
  readonly bundle: string;
}

/** A kubelet waits before it starts a container again; so do we. */
const RESTART_MS = 1_000;
/** A service that keeps ending is broken. */
const MAX_RESTARTS = 5;
const READY_MS = 60_000;

/** The services as processes that are started again when they end, as a kubelet would, and that end with us. */
export class Services {
  readonly #supervisor: Supervisor;
  readonly #say: (line: string) => void;
  readonly #runs = new Map<string, ServiceRun & { readonly port: number }>();
  readonly #restarts = new Map<string, number>();
  #fail: (error: DemoError) => void = () => undefined;
  /** Rejects when a service keeps ending. */
  readonly failed = new Promise<never>((_, reject) => {
    this.#fail = reject;
  });

  /** `folder` holds the logs; it goes with all that is in it when we end, in whatever way. */
  constructor(folder: string, say: (line: string) => void) {
    this.#supervisor = new Supervisor(folder, (end) => void this.#restart(end));
    this.#say = say;
    // Someone may wait for it later, or never.
    this.failed.catch(() => undefined);
  }

  /** Starts a service and waits until it is ready. @throws {DemoError} when it does not become so. */
  async start(run: ServiceRun): Promise<void> {
    const port = await findFreePort();
    this.#runs.set(run.name, { ...run, port });
    this.#launch(run.name);
    await Promise.race([this.waitReady(run.name), this.failed]);
  }

  /** Waits until a service says that it is ready. @throws {DemoError} with the end of its log. */
  async waitReady(name: ServiceName): Promise<void> {
    const deadline = Date.now() + READY_MS;
    while (!(await isReady(`${this.urlOf(name)}/readyz`))) {
      if (Date.now() > deadline) throw await this.#failure(name, `is not ready after ${READY_MS / 1000} s`);
      await delay(50);
    }
  }

  /** Where a service answers for its health and metrics. */
  urlOf(name: ServiceName): string {
    return `http://127.0.0.1:${this.#runs.get(name)?.port}`;
  }

  /** Process id of a service that runs. */
  pidOf(name: ServiceName): number | undefined {
    return this.#supervisor.pidOf(name);
  }

  /** Asks a service to end, as a kubelet does with a pod that is replaced, and waits until it has ended. */
  async stop(name: ServiceName): Promise<void> {
    await this.#supervisor.stop(name, 'SIGTERM');
  }

  /** Starts a service that was stopped, and waits until it is ready. @throws {DemoError} when it does not become so. */
  async startAgain(name: ServiceName): Promise<void> {
    this.#launch(name);
    await Promise.race([this.waitReady(name), this.failed]);
  }

  /** Stops all, in order: each is asked to. */
  async close(): Promise<void> {
    await Promise.all([...this.#runs.keys()].map((name) => this.#supervisor.stop(name, 'SIGTERM')));
    await this.#supervisor.close();
  }

  #launch(name: string): void {
    const run = this.#runs.get(name);
    if (!run) return;
    const args = [run.bundle, '--listen', `127.0.0.1:${run.port}`, ...run.args];
    this.#supervisor.start({ name, command: process.execPath, args });
  }

  async #restart({ name, how }: ProgramEnd): Promise<void> {
    const count = (this.#restarts.get(name) ?? 0) + 1;
    this.#restarts.set(name, count);
    if (count > MAX_RESTARTS) {
      this.#fail(await this.#failure(name, `ended ${count} times, at last by ${how}`));
      return;
    }
    this.#say(`${name} ended (${how}) and starts again`);
    await delay(RESTART_MS);
    this.#launch(name);
  }

  /** Last lines of the log of each service. */
  async logTails(): Promise<string[]> {
    const names = [...this.#runs.keys()];
    return Promise.all(names.map(async (name) => `${name}:\n${await this.#supervisor.logTail(name)}`));
  }

  async #failure(name: string, what: string): Promise<DemoError> {
    return new DemoError(`${name} ${what}; the last lines of its log:\n${await this.#supervisor.logTail(name)}`);
  }
}

async function isReady(url: string): Promise<boolean> {
  try {
    return (await fetch(url, { signal: AbortSignal.timeout(2_000) })).ok;
  } catch {
    return false;
  }
}
