import { type SyncAnswer } from '@sriov/plugin-handover';
import { type Metrics } from '@sriov/runtime';

/** Metrics of the device plugin. */
export interface PluginMetrics {
  /** What is offered after a pass. */
  offered(answer: SyncAnswer): void;
  /** An Allocate was answered. @param ms its duration */
  allocated(resource: string, ms: number): void;
  /** A pass over host and kubelet ended. */
  passed(outcome: 'done' | 'failed'): void;
}

/** Registers the metrics. Call once per process. */
export function createPluginMetrics(metrics: Metrics): PluginMetrics {
  const devices = metrics.gauge(
    'sriov_device_plugin_devices',
    'Devices that the kubelet is told of, by resource and health',
    ['resource', 'health'],
  );
  const registered = metrics.gauge('sriov_device_plugin_registered', '1 when the kubelet knows the resource', [
    'resource',
  ]);
  const problems = metrics.gauge(
    'sriov_device_plugin_config_problems',
    'Problems in the configuration; its other resources are served',
  );
  const allocations = metrics.counter(
    'sriov_device_plugin_allocations_total',
    'Answers to the kubelet that gave devices to a container',
    ['resource'],
  );
  const seconds = metrics.counter(
    'sriov_device_plugin_allocation_seconds_total',
    'Time until those answers; it is long while a device is being changed',
    ['resource'],
  );
  const passes = metrics.counter('sriov_device_plugin_passes_total', 'Looks at host and kubelet, by outcome', [
    'outcome',
  ]);
  return {
    offered: ({ resources, configProblems }) => {
      devices.reset();
      registered.reset();
      for (const { name, healthy, unhealthy, unregistered } of resources) {
        devices.set({ resource: name, health: 'healthy' }, healthy.length);
        devices.set({ resource: name, health: 'unhealthy' }, unhealthy.length);
        registered.set({ resource: name }, unregistered === undefined ? 1 : 0);
      }
      problems.set(configProblems.length);
    },
    allocated: (resource, ms) => {
      allocations.inc({ resource });
      seconds.inc({ resource }, ms / 1000);
    },
    passed: (outcome) => passes.inc({ outcome }),
  };
}
