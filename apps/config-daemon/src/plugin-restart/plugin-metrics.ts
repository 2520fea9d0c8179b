import { type Metrics } from '@sriov/runtime';

/** What the daemon counts of its work on the device plugin. */
export interface PluginMetrics {
  /** A restart was tried. */
  pluginRestarted(outcome: 'done' | 'failed'): void;
  /** Whether a restart is still to be done. */
  restartOwed(isOwed: boolean): void;
}

/** Registers the metrics of the device plugin. Call once per process. */
export function createPluginMetrics(metrics: Metrics): PluginMetrics {
  const restarts = metrics.counter(
    'sriov_node_device_plugin_restarts_total',
    'Restarts of the device plugin, by outcome',
    ['outcome'],
  );
  const owed = metrics.gauge(
    'sriov_node_device_plugin_restart_owed',
    '1 while the device plugin runs without knowing the newest configuration or VFs',
  );
  return {
    pluginRestarted: (outcome) => restarts.inc({ outcome }),
    restartOwed: (isOwed) => owed.set(isOwed ? 1 : 0),
  };
}
