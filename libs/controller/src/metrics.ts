/** Makes metrics; `Metrics` of `libs/runtime` is one. */
export interface MetricFactory {
  counter(name: string, help: string, labels: readonly string[]): { inc(labels: Labels, value?: number): void };
  gauge(name: string, help: string, labels: readonly string[]): { set(labels: Labels, value: number): void };
  histogram(name: string, help: string, labels: readonly string[]): { observe(labels: Labels, value: number): void };
}
type Labels = Record<string, string>;

/** What the controllers of a process count; one set for all of them. */
export interface ControllerMetrics {
  /** There is such a controller. Its counters begin at 0: nobody sees a first event rise from nothing. */
  begun(controller: string): void;
  reconciled(controller: string, outcome: string, seconds: number): void;
  queueDepth(controller: string, depth: number): void;
  retried(controller: string): void;
  /** How many keys keep failing. */
  failing(controller: string, keys: number): void;
  /** A failure could not be written into the status of its object. */
  unreported(controller: string): void;
}

/** Registers the controller metrics. Call it once per process. */
export function createControllerMetrics(factory: MetricFactory): ControllerMetrics {
  const total = factory.counter('sriov_reconcile_total', 'Reconciles by controller and outcome', [
    'controller',
    'outcome',
  ]);
  const seconds = factory.histogram('sriov_reconcile_duration_seconds', 'Duration of a reconcile', ['controller']);
  const depth = factory.gauge('sriov_workqueue_depth', 'Keys that wait for a worker', ['controller']);
  const retries = factory.counter('sriov_workqueue_retries_total', 'Keys put back after a failure', ['controller']);
  const failing = factory.gauge('sriov_reconcile_failing', 'Keys that keep failing, by controller', ['controller']);
  const unreported = factory.counter(
    'sriov_reconcile_unreported_total',
    'Failures that could not be written into the status of their object',
    ['controller'],
  );
  return {
    begun(controller) {
      for (const counter of [retries, unreported]) counter.inc({ controller }, 0);
    },
    reconciled(controller, outcome, duration) {
      total.inc({ controller, outcome });
      seconds.observe({ controller }, duration);
    },
    queueDepth: (controller, keys) => depth.set({ controller }, keys),
    retried: (controller) => retries.inc({ controller }),
    failing: (controller, keys) => failing.set({ controller }, keys),
    unreported: (controller) => unreported.inc({ controller }),
  };
}
