import { CONDITION, messageOf, REASON } from '@sriov/api';
import { type NewCondition } from './conditions.ts';
import { type ControllerMetrics } from './metrics.ts';
import { type Outcome, stalled } from './outcome.ts';
import { isConflict, refusalOf, refusedWrite } from './refusal.ts';
import { type Timers } from './timers.ts';
import { WorkQueue } from './workqueue.ts';

/** The part of a logger that a controller needs. */
export interface ControllerLog {
  debug(fields: object, message: string): void;
  warn(fields: object, message: string): void;
}

/** A loop that brings one kind of key into its desired state. */
export interface ControllerOptions {
  /** Stands in logs and metrics. */
  readonly name: string;
  /** Brings the key into its desired state; ignorant of the event that woke it. */
  readonly reconcile: (key: string) => Promise<Outcome>;
  /** Makes the outcome visible on the object, if there is one. */
  readonly report?: (key: string, conditions: readonly NewCondition[]) => Promise<void>;
  readonly workers?: number;
  readonly timers: Timers;
  readonly log: ControllerLog;
  readonly metrics: ControllerMetrics;
}

/** Failures in a row after which a failing key is reported on its object: before, it may be a hiccup. */
const REPORT_AFTER_FAILURES = 3;
/**
 * Longest delay while the API server cannot be reached. That says nothing about the key: when the server is back, no
 * key may be asleep for another quarter of an hour.
 */
const UNREACHABLE_MAX_MS = 30_000;
/**
 * Time after which a write that was refused for what it says is tried again without an event: an admission policy, a
 * schema or a limit of the server may have changed, and no watch of ours tells.
 */
const REFUSED_AGAIN_MS = 900_000;

/**
 * Runs a reconciler over its queue. This is the one place where outcomes become conditions, metrics and requeues:
 * `done` forgets the failures, `wait` comes back, `stalled` waits for an event, a throw backs off, and a conflict
 * (an error with `status` 409: our cache was behind) backs off without a word. An error with `status` 413 or 422 is
 * stalled too: the server read the write and will not have it, however often it is sent.
 */
export class Controller {
  readonly #options: ControllerOptions;
  readonly #queue: WorkQueue;

  constructor(options: ControllerOptions) {
    this.#options = options;
    this.#queue = new WorkQueue({
      timers: options.timers,
      onDepth: (depth) => options.metrics.queueDepth(options.name, depth),
    });
  }

  /** Asks for a reconcile of the key, now or after `ms`. */
  enqueue(key: string, ms = 0): void {
    this.#queue.addAfter(key, ms);
  }

  /** Works until `signal` aborts, then ends when the keys in work are done. */
  run(signal: AbortSignal): Promise<void> {
    return this.#queue.run(this.#options.workers ?? 1, (key) => this.#handle(key), signal);
  }

  async #handle(key: string): Promise<void> {
    const { name, timers, metrics } = this.#options;
    const start = timers.elapsed();
    const outcome = await this.#attempt(key);
    metrics.reconciled(name, outcome, (timers.elapsed() - start) / 1000);
  }

  async #attempt(key: string): Promise<Outcome['kind'] | 'conflict' | 'error'> {
    try {
      const outcome = await this.#options.reconcile(key);
      await this.#options.report?.(key, [readyCondition(outcome)]);
      this.#queue.forget(key);
      if (outcome.kind === 'wait') this.#queue.addAfter(key, outcome.ms);
      return outcome.kind;
    } catch (error) {
      return await this.#fail(key, error);
    }
  }

  async #fail(key: string, error: unknown): Promise<'stalled' | 'conflict' | 'error'> {
    const { name, log, metrics } = this.#options;
    const refused = refusedWrite(error);
    if (refused !== undefined) {
      this.#queue.forget(key);
      this.#queue.addAfter(key, REFUSED_AGAIN_MS);
      log.warn({ controller: name, key, err: error }, 'the API server refuses what is to be written');
      await this.#reportFailure(key, stalled(refused, messageOf(error)));
      return 'stalled';
    }
    const retryMs = this.#queue.addFailed(key, delayBounds(error));
    metrics.retried(name);
    if (isConflict(error)) {
      log.debug({ controller: name, key, retryMs }, 'another writer was first');
      return 'conflict';
    }
    log.warn({ controller: name, key, retryMs, err: error }, 'reconcile failed');
    if (this.#queue.failures(key) >= REPORT_AFTER_FAILURES) {
      await this.#reportFailure(key, stalled(REASON.reconcileFailed, messageOf(error)));
    }
    return 'error';
  }

  async #reportFailure(key: string, failure: Outcome): Promise<void> {
    try {
      await this.#options.report?.(key, [readyCondition(failure)]);
    } catch (cause) {
      // The API server that refused the reconcile may refuse its report as well; the next attempt reports again.
      this.#options.log.debug({ controller: this.#options.name, key, err: cause }, 'could not report a failure');
    }
  }
}

function readyCondition(outcome: Outcome): NewCondition {
  return {
    type: CONDITION.ready,
    status: outcome.kind === 'done' ? 'True' : 'False',
    reason: outcome.reason,
    message: outcome.message,
  };
}

function delayBounds(error: unknown): { leastMs?: number; mostMs?: number } {
  const { status, retryAfterMs } = refusalOf(error);
  if (status === 0) return { mostMs: UNREACHABLE_MAX_MS };
  return typeof retryAfterMs === 'number' ? { leastMs: retryAfterMs } : {};
}
