import { messageOf } from '@sriov/errors';
import { type Clock, type Logger } from '@sriov/runtime';
import { type Passes } from './passes.ts';
import { type PluginMetrics } from './metrics.ts';

/** What passes are made and told of with. */
export interface LookPorts {
  readonly passes: Pick<Passes, 'request'>;
  /** Whether a pass needs no repetition: the kubelet knows all resources, and everything could be read. */
  readonly isComplete: () => boolean;
  /** Whether it has taken or refused each of them. */
  readonly isAnswered: () => boolean;
  /** Is called when it has for the first time, and again at the next look when that failed. */
  readonly onAnswered: () => Promise<void>;
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
  #wasAnswered = false;
  #isFine = false;
  #isRetrying = false;
  #retryMs = RETRY_MS.first;

  constructor(ports: LookPorts) {
    this.#ports = ports;
  }

  /** Why it is not known how the kubelet stands to all that there is; absent when it is. */
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
    const { passes, isComplete, isAnswered, metrics } = this.#ports;
    try {
      await passes.request();
      const problem = isAnswered() ? await this.#answered() : 'the kubelet has not answered about all resources';
      this.#problem = problem;
      this.#isFine = isComplete() && problem === undefined;
      metrics.passed('done');
    } catch (err) {
      this.#failed(err);
      throw err;
    } finally {
      this.#retryUnlessFine();
    }
  }

  /** What is offered does not depend on who hears of it. @returns why it could not be passed on */
  async #answered(): Promise<string | undefined> {
    if (this.#wasAnswered) return undefined;
    try {
      await this.#ports.onAnswered();
      this.#wasAnswered = true;
      return undefined;
    } catch (err) {
      const problem = `nobody can be told that the device plugin has started: ${messageOf(err)}`;
      if (this.#problem !== problem) this.#ports.log.warn({ err }, problem);
      return problem;
    }
  }

  #failed(err: unknown): void {
    const { log, metrics, signal } = this.#ports;
    this.#isFine = false;
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
    if (this.#isFine) this.#retryMs = RETRY_MS.first;
    if (this.#isFine || this.#isRetrying || signal.aborted) return;
    this.#isRetrying = true;
    void clock.sleep(this.#retryMs, signal).then(() => {
      this.#isRetrying = false;
      return signal.aborted ? undefined : this.look();
    });
    this.#retryMs = Math.min(this.#retryMs * 2, RETRY_MS.longest);
  }
}
