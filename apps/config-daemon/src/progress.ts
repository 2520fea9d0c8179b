import { type ObservedHost } from '@sriov/api';
import { describePlan, type PlannedNode } from '@sriov/node-plan';
import { type Clock, type Logger } from '@sriov/runtime';
import { notBackSince, type OnStepEnd, type StepName } from './apply.ts';
import { type Followers } from './converge.ts';
import { type NodeMetrics } from './metrics.ts';
import { applying, type Pass } from './node-status.ts';

/** A step that takes longer is named in the status, with the time when it began. */
const SLOW_MS = 10_000;

/** What following the work of a pass takes. */
export interface ProgressPorts {
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: NodeMetrics;
  /** Writes the status. */
  readonly report: (pass: Pass) => Promise<unknown>;
  /** The pass tries again what failed before: the failure stays in the status until there is another outcome. */
  readonly isRetry: boolean;
}

/**
 * Follows the work of one pass: tells the log, the metrics and the status of it. Reports go their own way: neither a
 * slow API server nor a missing one holds up what is done to the host.
 */
export class Progress implements Followers {
  readonly #ports: ProgressPorts;
  readonly #inWork = new Map<StepName, number>();
  #plan: readonly string[] = [];
  #observed: ObservedHost | undefined;
  #reports: Promise<unknown> = Promise.resolve();
  #cancelTimer: (() => void) | undefined;

  constructor(ports: ProgressPorts) {
    this.#ports = ports;
  }

  readonly onPlan = (plan: PlannedNode, observed: ObservedHost): Promise<void> => {
    this.#plan = describePlan(plan);
    this.#observed = observed;
    this.#ports.log.info({ plan: this.#plan }, 'changing the host');
    this.#report();
    this.#watchSlowSteps();
    return Promise.resolve();
  };

  readonly onStep = (about: StepName): OnStepEnd => {
    const { clock, log, metrics } = this.#ports;
    const since = clock.now();
    this.#inWork.set(about, since);
    log.debug(about, 'step');
    return (failure) => {
      this.#inWork.delete(about);
      metrics.stepEnded(about, { seconds: (clock.now() - since) / 1000, failure });
    };
  };

  /** Ends following. Resolves when no report is under way that could overtake the verdict. */
  async end(): Promise<void> {
    this.#cancelTimer?.();
    await this.#reports;
  }

  #watchSlowSteps(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = this.#ports.clock.setTimer(SLOW_MS, () => {
      this.#report();
      this.#watchSlowSteps();
    });
  }

  #report(): void {
    const { report, isRetry, log } = this.#ports;
    if (isRetry || this.#observed === undefined) return;
    const pass = { observed: this.#observed, verdict: applying(this.#plan, this.#slowSteps()) };
    this.#reports = this.#reports
      .then(() => report(pass))
      .catch((error: unknown) => log.debug({ err: error }, 'could not report progress'));
  }

  #slowSteps(): string[] {
    const begunBy = this.#ports.clock.now() - SLOW_MS;
    return [...this.#inWork]
      .filter(([, since]) => since <= begunBy)
      .map(([{ pf, step }, since]) => `${pf}: ${step}: ${notBackSince(since)}`);
  }
}
