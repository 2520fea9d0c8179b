import { applying, describePlan, describeWithdrawals, type HostPlan, type Pass, type StepName } from '@sriov/node-plan';
import { type ObservedHost } from '@sriov/observed-host';
import { type Clock, type Logger } from '@sriov/runtime';
import { type OnStepEnd } from '../steps/attempt.ts';
import { type Followers } from '../converge.ts';
import { type FailedStep } from '../steps/failed-step.ts';
import { type NodeMetrics } from '../metrics.ts';

/** Ports for following the work of a pass. */
export interface ProgressPorts {
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: NodeMetrics;
  /** Writes the status. */
  readonly report: (pass: Pass) => Promise<unknown>;
  /** The pass tries again what failed before: the failure stays in the status until there is another outcome. */
  readonly isRetry: boolean;
  /** Is called with each step that fails, at once: what comes after it can fail as well. */
  readonly onFailure: (failure: FailedStep) => void;
}

/**
 * Follows the work of one pass, and reports it to the log, the metrics and the status. The work does not wait for the
 * reports: neither a slow API server nor a missing one holds up what is done to the host.
 */
export class Progress implements Followers {
  readonly #ports: ProgressPorts;
  #reports: Promise<unknown> = Promise.resolve();

  constructor(ports: ProgressPorts) {
    this.#ports = ports;
  }

  readonly onPlan = (plan: HostPlan, observed: ObservedHost): Promise<void> => {
    const lines = describePlan(plan);
    this.#ports.log.info({ plan: lines }, 'changing the host');
    this.#report(lines, observed);
    return Promise.resolve();
  };

  readonly onWithdraw = (plan: HostPlan, observed: ObservedHost): void => {
    const lines = describeWithdrawals(plan);
    this.#ports.log.info({ withdrawn: lines.slice(1) }, 'VFs that are about to change are withdrawn from pods');
    this.#report(lines, observed);
  };

  readonly sleep: Clock['sleep'] = (ms, signal) => this.#ports.clock.sleep(ms, signal);

  readonly onStep = (about: StepName): OnStepEnd => {
    const { clock, log, metrics, onFailure } = this.#ports;
    const since = clock.elapsed();
    log.debug(about, 'step');
    return (failure) => {
      metrics.stepEnded(about, { seconds: (clock.elapsed() - since) / 1000, failure });
      if (failure) onFailure(failure);
    };
  };

  #report(lines: readonly string[], observed: ObservedHost): void {
    const { report, isRetry, log } = this.#ports;
    if (isRetry) return;
    this.#reports = this.#reports
      .then(() => report({ observed, verdict: applying(lines) }))
      .catch((error: unknown) => log.debug({ err: error }, 'could not report progress'));
  }

  /** Resolves when no report is under way that could overtake the verdict. */
  async end(): Promise<void> {
    await this.#reports;
  }
}
