import { type SyncAnswer } from '@sriov/plugin-handover';
import { type Metrics } from '@sriov/runtime';
import { type Registration } from './kubelet/resource-server.ts';

/** Metrics of the device plugin. */
export interface PluginMetrics {
  /**
   * What is offered after a pass.
   * @param allocated how many devices of each resource pods have; absent where nobody can tell
   */
  offered(answer: SyncAnswer, allocated: ReadonlyMap<string, number> | undefined): void;
  /** An Allocate was answered. @param ms its duration */
  allocated(resource: string, outcome: 'given' | 'refused', ms: number): void;
  /** The kubelet was asked to take a resource, or to take it again. */
  registered(resource: string, outcome: Registration['state']): void;
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
  const given = metrics.gauge(
    'sriov_device_plugin_allocated_devices',
    'Devices that pods have, by resource; absent while the kubelet cannot be asked',
    ['resource'],
  );
  const registered = metrics.gauge('sriov_device_plugin_registered', '1 when the kubelet knows the resource', [
    'resource',
  ]);
  const problems = metrics.gauge(
    'sriov_device_plugin_config_problems',
    'Problems in the configuration; its other resources are served',
  );
  const allocations = metrics.histogram(
    'sriov_device_plugin_allocation_seconds',
    'Time until the kubelet has an answer to an allocation; it is long while a device is being changed',
    ['resource', 'outcome'],
  );
  const registrations = metrics.counter(
    'sriov_device_plugin_registrations_total',
    'Registrations with the kubelet; those after the first of a resource are reconnects',
    ['resource', 'outcome'],
  );
  const passes = metrics.counter('sriov_device_plugin_passes_total', 'Looks at host and kubelet, by outcome', [
    'outcome',
  ]);
  const begin = startAtZero(allocations, registrations);
  for (const outcome of ['done', 'failed']) passes.inc({ outcome }, 0);
  return {
    offered: ({ resources, configProblems }, allocated) => {
      devices.reset();
      given.reset();
      for (const [resource, count] of allocated ?? []) given.set({ resource }, count);
      registered.reset();
      for (const { name, healthy, unhealthy, unregistered } of resources) {
        devices.set({ resource: name, health: 'healthy' }, healthy.length);
        devices.set({ resource: name, health: 'unhealthy' }, unhealthy.length);
        registered.set({ resource: name }, unregistered === undefined ? 1 : 0);
        begin(name);
      }
      problems.set(configProblems.length);
    },
    allocated: (resource, outcome, ms) => {
      begin(resource);
      allocations.observe({ resource, outcome }, ms / 1000);
    },
    registered: (resource, outcome) => registrations.inc({ resource, outcome }),
    passed: (outcome) => passes.inc({ outcome }),
  };
}

interface OfResource {
  readonly resource: string;
  readonly outcome: string;
}

/** Starts the counters of a resource at 0: nobody sees a first event rise from nothing, and alerts are about rises. */
function startAtZero(
  allocations: { zero(labels: OfResource): void },
  registrations: { inc(labels: OfResource, value: number): void },
): (resource: string) => void {
  const started = new Set<string>();
  return (resource) => {
    if (started.has(resource)) return;
    started.add(resource);
    for (const outcome of ['given', 'refused']) allocations.zero({ resource, outcome });
    for (const outcome of ['registered', 'refused', 'unanswered']) registrations.inc({ resource, outcome }, 0);
  };
}
