import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import { z } from 'zod';

/** What is known of a metric without its samples. */
export interface MetricAbout {
  readonly name: string;
  readonly type: string;
  readonly help: string;
  readonly labels: readonly string[];
}

/** The metrics of one process: created once at its composition root and passed down. */
export class Metrics {
  readonly #registry = new Registry();

  /**
   * Adds the metrics of the Node.js process itself (memory, event-loop lag, garbage collection).
   * @param isQuiet leaves out how the lag is distributed, for which the process wakes up a hundred times per second
   */
  collectProcess(isQuiet = false): void {
    const rest = isQuiet ? { eventLoopMonitoringPrecision: NEVER_MS } : {};
    collectDefaultMetrics({ register: this.#registry, ...rest });
    if (!isQuiet) return;
    for (const name of SAMPLED) this.#registry.removeSingleMetric(`nodejs_eventloop_lag_${name}_seconds`);
  }

  /** A count that only rises; by convention its name ends in `_total`. */
  counter<L extends string>(name: string, help: string, labelNames: readonly L[] = []): Counter<L> {
    return new Counter({ name, help, labelNames: [...labelNames], registers: [this.#registry] });
  }

  /**
   * A value that rises and falls.
   * @param collect sets it each time somebody asks, where it can be read from what the process knows anyway
   */
  gauge<L extends string>(
    name: string,
    help: string,
    labelNames: readonly L[] = [],
    collect?: (gauge: Gauge<L>) => void,
  ): Gauge<L> {
    const gauge: Gauge<L> = new Gauge({
      name,
      help,
      labelNames: [...labelNames],
      registers: [this.#registry],
      ...(collect && { collect: () => collect(gauge) }),
    });
    return gauge;
  }

  /** A distribution of durations, in seconds. */
  histogram<L extends string>(name: string, help: string, labelNames: readonly L[] = []): Histogram<L> {
    return new Histogram({ name, help, labelNames: [...labelNames], buckets: DURATIONS, registers: [this.#registry] });
  }

  /** What is registered: pages, alerts and dashboards have to fit it. */
  list(): MetricAbout[] {
    return this.#registry.getMetricsAsArray().map(({ name, type, help }) => {
      const metric = this.#registry.getSingleMetric(name);
      const labels = metric !== undefined && 'labelNames' in metric ? z.array(z.string()).parse(metric.labelNames) : [];
      // The package says that it is a number, and it is a word.
      return { name, type: z.string().parse(type), help, labels };
    });
  }

  /** All metrics in the Prometheus text format. */
  async text(): Promise<string> {
    return this.#registry.metrics();
  }

  /** Content type of {@link text}. */
  get contentType(): string {
    return this.#registry.contentType;
  }
}

/** What prom-client makes of the samples (lib/metrics/eventLoopLag.js), and the longest time between two of them. */
const SAMPLED = ['min', 'max', 'mean', 'stddev', 'p50', 'p90', 'p99'];
const NEVER_MS = 2_147_483_647;

/** From a cache hit to a firmware reset. */
const DURATIONS = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60, 300];
