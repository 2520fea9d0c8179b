import { messageOf } from '@sriov/errors';
import { type Clock, type Logger } from '@sriov/runtime';
import { type Passes } from './passes.ts';
import { type PluginMetrics } from './metrics.ts';

/** What passes are made and told of with. */
export interface LookPorts {
  readonly passes: Pick<Passes, 'request'>;
  /** Whether the kubelet knows all resources after a pass. */
  readonly isComplete: () => boolean;
  /** Is called when it does for the first time. */
  readonly onComplete: () => Promise<void>;
  readonly clock: Pick<Clock, 'sleep'>;
  readonly log: Pick<Logger, 'warn'>;
  readonly metrics: Pick<PluginMetrics, 'passed'>;
  readonly signal: AbortSignal;
}

/** A pass that failed, or that left the kubelet without a resource, is repeated after so long, at first and at most. */
const RETRY_MS = { first: 2_000, longest: 60_000 };

/** Asks for passes, and repeats one that did not end well. */
export class Looks {
  readonly #ports: LookPorts;
  #problem: string | undefined = 'no look at the host has ended yet';
  #wasComplete = false;
  #isRetrying = false;
  #retryMs = RETRY_MS.first;

  constructor(ports: LookPorts) {
    this.#ports = ports;
  }

  /** Why the kubelet does not know all that there is; absent when it does. */
  get problem(): string | undefined {
    return this.#problem;
  }

  /** Looks in so many milliseconds, unless the process ends before that. */
  wake(delayMs: number): void {
    const { clock, signal } = this.#ports;
    void clock.sleep(delayMs, signal).then(() => (signal.aborted ? undefined : this.look()));
  }

  /** Makes a pass that begins after this call, and waits for its end. Never rejects. */
  async look(): Promise<void> {
    await this.pass().catch(() => undefined);
  }

  /** The same. @throws what the pass throws */
  async pass(): Promise<void> {
    const { passes, isComplete, metrics } = this.#ports;
    try {
      await passes.request();
      if (isComplete()) await this.#complete();
      this.#problem = isComplete() ? undefined : 'the kubelet does not know all resources';
      metrics.passed('done');
    } catch (err) {
      this.#failed(err);
      throw err;
    } finally {
      this.#retryUnlessFine();
    }
  }

  async #complete(): Promise<void> {
    if (!this.#wasComplete) await this.#ports.onComplete();
    this.#wasComplete = true;
  }

  #failed(err: unknown): void {
    const { log, metrics, signal } = this.#ports;
    if (signal.aborted) return;
    const message = messageOf(err);
    if (this.#problem !== message) {
      log.warn({ err }, 'what is offered cannot be decided: the kubelet keeps what it knows');
    }
    this.#problem = message;
    metrics.passed('failed');
  }

  #retryUnlessFine(): void {
    const { clock, signal } = this.#ports;
    if (this.#problem === undefined) this.#retryMs = RETRY_MS.first;
    if (this.#problem === undefined || this.#isRetrying || signal.aborted) return;
    this.#isRetrying = true;
    void clock.sleep(this.#retryMs, signal).then(() => {
      this.#isRetrying = false;
      return signal.aborted ? undefined : this.look();
    });
    this.#retryMs = Math.min(this.#retryMs * 2, RETRY_MS.longest);
  }
}
