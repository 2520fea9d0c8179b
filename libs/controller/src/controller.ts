import { CONDITION, REASON, type Reason } from '@sriov/api';
import { type NewCondition } from '@sriov/conditions';
import { messageOf } from '@sriov/errors';
import { type ControllerMetrics } from './metrics.ts';
import { type Outcome, type Stalled, stalled } from './outcome.ts';
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
  /** Brings the key into its desired state. It does not know which event woke it. */
  readonly reconcile: (key: string) => Promise<Outcome>;
  /** Writes the outcome as conditions of the object, if there is one. */
  readonly report?: (key: string, conditions: readonly NewCondition[]) => Promise<void>;
  /**
   * Called for each attempt of a key that keeps failing, and once with nothing when it no longer does. It serves
   * failures that have to be told on other objects than the one that is written, or on none whose status can be
   * written.
   */
  readonly onFailing?: (key: string, failure: LastingFailure | undefined) => void;
  readonly workers?: number;
  readonly timers: Timers;
  readonly log: ControllerLog;
  readonly metrics: ControllerMetrics;
}

/** Why a key keeps failing, in the words of its conditions. */
export interface LastingFailure extends Stalled {
  readonly reason: Reason;
  readonly cause: unknown;
}

/**
 * A key that failed this often in a row, for this long, keeps failing: a missing permission, a quota, a conflict that
 * does not end. Before that it may be a hiccup, and a condition that comes and goes is no news. The number alone would
 * be reached after 15 ms, the time alone after one failure of a slow server.
 */
const LASTING = { failures: 3, ms: 5_000 };
/** Longest delay after a forbidden write: no watch tells us when a permission or a quota is granted. */
const FORBIDDEN_MAX_MS = 60_000;
/**
 * Longest delay while the API server cannot be reached. An outage says nothing about the key: when the server is back,
 * no key may sleep for another quarter of an hour.
 */
const UNREACHABLE_MAX_MS = 30_000;
/**
 * Time after which a write that the server refused for its content is tried again without an event: an admission
 * policy, a schema or a limit of the server may have changed, and no watch tells us.
 */
const REFUSED_AGAIN_MS = 900_000;

/**
 * Runs a reconciler over its queue. This is the one place where outcomes become conditions, metrics and requeues:
 * `done` forgets the failures, `wait` comes back, `stalled` waits for an event, a throw backs off, and a conflict (an
 * error with `status` 409: our cache was behind) backs off without a warning. A failure that lasts is reported on the
 * object, whatever its cause, and withdrawn when it has passed. An error with `status` 413 or 422 is stalled too: the
 * server read the write and refuses it, however often it is sent.
 */
export class Controller {
  readonly #options: ControllerOptions;
  readonly #queue: WorkQueue;
  /**
   * Keys that keep failing. They outlast a loss of the lease: a failure that was reported has to be withdrawn as well.
   */
  readonly #failing = new Set<string>();

  constructor(options: ControllerOptions) {
    this.#options = options;
    options.metrics.begun(options.name);
    this.#queue = new WorkQueue({
      timers: options.timers,
      onDepth: (depth) => options.metrics.queueDepth(options.name, depth),
    });
  }

  /** Asks for a reconcile of the key, now or after `ms`. */
  enqueue(key: string, ms = 0): void {
    this.#queue.addAfter(key, ms);
  }

  /** Works until `signal` aborts, and then ends when the keys in work are done. */
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
      this.#recover(key);
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
      await this.#reportFailure(key, refused, error);
      return 'stalled';
    }
    const retryMs = this.#queue.addFailed(key, delayBounds(error));
    metrics.retried(name);
    const isLasting = this.#queue.failures(key) >= LASTING.failures && this.#queue.failingMs(key) >= LASTING.ms;
    const fields = { controller: name, key, retryMs };
    if (isConflict(error) && !isLasting) log.debug(fields, 'another writer was first');
    else log.warn({ ...fields, err: error }, 'reconcile failed');
    if (isLasting) await this.#reportFailure(key, REASON.reconcileFailed, error);
    return isConflict(error) ? 'conflict' : 'error';
  }

  async #reportFailure(key: string, reason: Reason, cause: unknown): Promise<void> {
    const { name, log, metrics, report, onFailing } = this.#options;
    const failure = { ...stalled(reason, messageOf(cause)), reason, cause };
    const isNews = !this.#failing.has(key);
    this.#failing.add(key);
    metrics.failing(name, this.#failing.size);
    onFailing?.(key, failure);
    try {
      await report?.(key, [readyCondition(failure)]);
    } catch (err) {
      // The API server that refused the reconcile may refuse its report as well; the next attempt reports again.
      metrics.unreported(name);
      log[isNews ? 'warn' : 'debug']({ controller: name, key, err }, 'could not report a failure');
    }
  }

  #recover(key: string): void {
    const { name, metrics, onFailing } = this.#options;
    if (!this.#failing.delete(key)) return;
    metrics.failing(name, this.#failing.size);
    onFailing?.(key, undefined);
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
  if (status === 403) return { mostMs: FORBIDDEN_MAX_MS };
  return typeof retryAfterMs === 'number' ? { leastMs: retryAfterMs } : {};
}
