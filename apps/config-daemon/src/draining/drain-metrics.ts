import { type Metrics } from '@sriov/runtime';

/** For what a node waits before it is drained. */
const WAITS = ['slot', 'eviction', 'last-grant', 'answer', 'retry'] as const;
export type WaitsFor = (typeof WAITS)[number];

/** What the daemon counts of the drains of its node. */
export interface DrainMetrics {
  /** `askedAt` is in milliseconds since the epoch. Both are absent where the node waits for nothing. */
  waits(waitsFor?: WaitsFor, askedAt?: number): void;
}

/** Registers the metrics of drains. Call this once per process. */
export function createDrainMetrics(metrics: Metrics): DrainMetrics {
  const waiting = metrics.gauge(
    'sriov_node_drain_waiting',
    '1 while the node waits before it is drained, by for what',
    ['for'],
  );
  const asked = metrics.gauge(
    'sriov_node_drain_asked_timestamp_seconds',
    'When the node asked for the drain that it waits for, seconds since the epoch; 0 while it waits for none',
  );
  return {
    waits(waitsFor, askedAt = 0) {
      for (const each of WAITS) waiting.set({ for: each }, each === waitsFor ? 1 : 0);
      asked.set(waitsFor === undefined ? 0 : Math.floor(askedAt / 1000));
    },
  };
}
