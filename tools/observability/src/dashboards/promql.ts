// PromQL that the dashboards share. The names of pods are those of the chart and of the operands.
import { type ServiceName } from '@sriov/api';
import { OPERAND_DAEMON_SETS } from '@sriov/operands';

/** Writes a metric with its matchers, within what the variables of a dashboard select. */
export type Select = (metric: string, ...matchers: readonly string[]) => string;

/** @param scope the matchers of the dashboard, such as `namespace=~"$namespace"` */
export function selectWithin(...scope: readonly string[]): Select {
  return (metric, ...matchers) => `${metric}{${[...scope, ...matchers].join(', ')}}`;
}

const DEPLOYMENTS: readonly Exclude<ServiceName, 'config-daemon'>[] = [
  'policy-controller',
  'network-renderer',
  'operand-controller',
  'drain-controller',
  'admission-webhook',
];

/** Matchers for the pods of the services. */
export const PODS = {
  daemon: `pod=~"${OPERAND_DAEMON_SETS['config-daemon']}-.+"`,
  devicePlugin: `pod=~"${OPERAND_DAEMON_SETS['device-plugin']}-.+"`,
  /** Daemons and device plugins. */
  agents: `pod=~"(${OPERAND_DAEMON_SETS['config-daemon']}|${OPERAND_DAEMON_SETS['device-plugin']})-.+"`,
  deployments: `pod=~"(${DEPLOYMENTS.join('|')})-.+"`,
  webhook: 'pod=~"admission-webhook-.+"',
};

/**
 * One value for each node and each of `labels`: a pod that was replaced, and the standby of a device plugin, do not
 * count twice.
 */
export function perNode(series: string, ...labels: readonly string[]): string {
  return `max by (${['namespace', 'node', ...labels].join(', ')}) (${series})`;
}

/** Zero where the expression has no result, as long as there is `reporter`: without reports, nobody knows. */
export function orZero(expr: string, reporter: string): string {
  return `${expr} or 0 * count(${reporter})`;
}

/**
 * By how much counters rose within an hour, by `labels`. A counter of the daemon appears with its first event, which
 * `increase` does not see: it knows no zero before. A series that is younger than an hour therefore counts in full, if
 * its process is as young or was collected an hour ago. Otherwise it is the collection that is young.
 */
export function hourly(select: Select, counter: string, labels: readonly string[], matcher?: string): string {
  const series = select(counter, ...(matcher === undefined ? [] : [matcher]));
  const start = select('process_start_time_seconds', PODS.daemon);
  const isNew = `${series} unless ${series} offset 1h and on (namespace, pod, container) (${start} > time() - 3600 or ${start} offset 1h)`;
  return `sum by (${labels.join(', ')}) (${isNew} or increase(${series}[1h]))`;
}
