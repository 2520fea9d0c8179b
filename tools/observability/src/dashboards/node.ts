import { REASON } from '@sriov/api';
import { NODE_DASHBOARD } from './build.ts';
import { type DashboardSpec, type PanelSpec, type Row } from './panel.ts';
import { hourly, orZero, PODS, selectWithin } from './promql.ts';

const select = selectWithin('namespace=~"$namespace"', 'node="$node"');
const inSync = select('sriov_node_in_sync');

const state: readonly PanelSpec[] = [
  {
    kind: 'stat',
    title: 'State',
    unit: 'none',
    description:
      'Whether the host was as its SriovNetworkNodeState wants it at the last look. If it is not, kubectl describe sriovnetworknodestate says what is missing, and why.',
    see: 'docs/runbooks.md#sriovnodeconfigstuck',
    queries: [{ expr: `max(${inSync})`, legend: 'state' }],
    width: 4,
    words: { '0': ['not in sync', 'orange'], '1': ['in sync', 'green'] },
  },
  {
    kind: 'stat',
    title: 'Time since it was in sync',
    unit: 's',
    description:
      'Time since the host was last found as its spec wants it. While all is well, it is not longer than the time between two looks. Empty when that was never so since the daemon started.',
    see: 'docs/runbooks.md#sriovnodeconfigstuck',
    queries: [{ expr: `time() - (max(${select('sriov_node_last_success_timestamp_seconds')}) > 0)`, legend: 'since' }],
    width: 4,
    bad: 1800,
    none: 'never',
  },
  {
    kind: 'stat',
    title: 'Failures',
    unit: 'short',
    description: 'Failures in the status of the node state. The table below has their reasons and PFs.',
    see: 'docs/troubleshooting.md#on-a-sriovnetworknodestate',
    queries: [{ expr: orZero(`sum(${select('sriov_node_failing')})`, inSync), legend: 'failures' }],
    width: 4,
    bad: 1,
  },
  {
    kind: 'stat',
    title: 'Drift',
    unit: 'none',
    description:
      'Whether the host is no longer as its spec wants it although the spec is the same. The daemon repairs that; if it cannot, the condition Ready of the node state says why.',
    see: 'docs/runbooks.md#sriovdriftunrepaired',
    queries: [{ expr: `max(${select('sriov_node_drifted')})`, legend: 'drift' }],
    width: 4,
    words: { '0': ['none', 'green'], '1': ['drifted', 'red'] },
  },
  {
    kind: 'stat',
    title: 'Agents that do not answer',
    unit: 'short',
    description:
      'Pods of config daemon and device plugin on this node whose metrics cannot be read. Without its daemon, nothing on the node is configured or repaired.',
    see: 'docs/runbooks.md#sriovagentdown',
    queries: [
      {
        expr: orZero(
          `count(max by (namespace, pod, container) (${select('up', PODS.agents)}) == 0)`,
          select('up', PODS.agents),
        ),
        legend: 'do not answer',
      },
    ],
    width: 4,
    bad: 1,
  },
  {
    kind: 'stat',
    title: 'Firing alerts',
    unit: 'short',
    description:
      'Alerts of the operator about this node that fire now. Also empty when Prometheus does not have the rules (metrics.rules.enabled of the chart).',
    see: 'docs/runbooks.md#runbooks',
    queries: [{ expr: `count(${select('ALERTS', 'alertname=~"Sriov.+"', 'alertstate="firing"')})`, legend: 'firing' }],
    width: 4,
    bad: 1,
    none: 'none',
  },
];

const pfs: readonly PanelSpec[] = [
  {
    kind: 'table',
    title: 'PFs',
    unit: 'short',
    description:
      'VFs that each PF has, and those that it can have, by PCI address. A PF that is missing here was not there at the last look: see whether the NIC and its driver are (lspci -nn, dmesg).',
    see: 'docs/runbooks.md#sriovdriftunrepaired',
    queries: [
      { expr: `max by (pf) (${select('sriov_node_virtual_functions')})`, legend: 'VFs' },
      { expr: `max by (pf) (${select('sriov_node_virtual_functions_possible')})`, legend: 'VFs possible' },
    ],
    width: 12,
    none: 'No daemon of this node reports a PF',
  },
  {
    kind: 'graph',
    title: 'VFs of PFs',
    unit: 'short',
    description:
      'VFs of each PF. A change of a policy shows as one step. VFs that go away and come back without such a change mean that something else sets the number as well.',
    see: 'docs/runbooks.md#sriovdriftrecurring',
    queries: [{ expr: `max by (pf) (${select('sriov_node_virtual_functions')})`, legend: '{{pf}}' }],
    width: 12,
  },
];

const failures: readonly PanelSpec[] = [
  {
    kind: 'table',
    title: 'Failures by PF and reason',
    unit: 'short',
    description:
      'The failures in the status of the node state. The PF is empty for what concerns the whole node. The reason says what helps.',
    see: 'docs/troubleshooting.md#on-a-sriovnetworknodestate',
    queries: [{ expr: `max by (pf, reason) (${select('sriov_node_failing')}) > 0`, legend: 'failures' }],
    width: 8,
    none: 'No failure is reported',
  },
  {
    kind: 'bars',
    title: 'Passes that failed',
    unit: 'short',
    description:
      'Passes of the daemon within an hour that ended in a failure, by reason. The daemon tries again by itself, ever more rarely; a reason that stays needs you.',
    see: 'docs/runbooks.md#sriovnodeconfigstuck',
    queries: [{ expr: hourly(select, 'sriov_node_failures_total', ['reason']), legend: '{{reason}}' }],
    width: 8,
  },
  {
    kind: 'graph',
    title: 'Calls that block in the kernel',
    unit: 'short',
    description:
      'PFs on which a call of the daemon has not come back from the kernel. It waits for a program that holds a VF, or for the driver: dmesg of the node says which. The daemon does nothing else to such a PF, and configures the others.',
    see: 'docs/runbooks.md#sriovnodeconfigstuck',
    queries: [
      {
        expr: orZero(`count(max by (pf) (${select('sriov_node_failing', `reason="${REASON.blocked}"`)}) > 0)`, inSync),
        legend: 'blocked now',
      },
      {
        expr: hourly(select, 'sriov_node_steps_total', ['step'], 'outcome="blocked"'),
        legend: 'within an hour: {{step}}',
      },
    ],
    width: 8,
  },
];

const steps: readonly PanelSpec[] = [
  {
    kind: 'bars',
    title: 'Steps',
    unit: 'short',
    description:
      'Steps that the daemon did to the host within an hour, by PF. Steps without a change of a policy are repairs of drift: the log of the daemon says what each of them changed.',
    see: 'docs/runbooks.md#sriovdriftrecurring',
    queries: [
      { expr: hourly(select, 'sriov_node_steps_total', ['pf', 'step'], 'outcome="done"'), legend: '{{pf}} {{step}}' },
    ],
    width: 8,
  },
  {
    kind: 'graph',
    title: 'Duration of steps',
    unit: 's',
    description:
      'How long a step took on average within an hour. The number of VFs and their drivers decide. A step that takes minutes waits for its driver: dmesg of the node says for what.',
    see: 'docs/runbooks.md#sriovnodeconfigstuck',
    queries: [
      {
        expr: `${hourly(select, 'sriov_node_step_duration_seconds_sum', ['step'])} / (${hourly(select, 'sriov_node_step_duration_seconds_count', ['step'])} > 0)`,
        legend: '{{step}}',
      },
    ],
    width: 8,
  },
  {
    kind: 'bars',
    title: 'Steps that were not done',
    unit: 'short',
    description:
      'Steps within an hour that failed, that are still in the kernel (blocked), or that were refused because somebody has taken the VF meanwhile. The failures of the node state name the cause of each.',
    see: 'docs/troubleshooting.md#on-a-sriovnetworknodestate',
    queries: [
      {
        expr: hourly(select, 'sriov_node_steps_total', ['step', 'outcome'], 'outcome!="done"'),
        legend: '{{step}}: {{outcome}}',
      },
    ],
    width: 8,
  },
];

const devices: readonly PanelSpec[] = [
  {
    kind: 'graph',
    title: 'VFs by resource',
    unit: 'short',
    description:
      'VFs that pods can be given (allocatable), that pods have (allocated), and that are held back (unhealthy), as the device plugin of the operator tells. For those that are held back, the condition ResourcesOffered of the node state has the reason.',
    see: 'docs/runbooks.md#sriovvfpoolexhausted',
    queries: [
      {
        expr: `max by (resource) (${select('sriov_device_plugin_devices', 'health="healthy"')})`,
        legend: '{{resource}}: allocatable',
      },
      {
        expr: `max by (resource) (${select('sriov_device_plugin_allocated_devices')})`,
        legend: '{{resource}}: allocated',
      },
      {
        expr: `max by (resource) (${select('sriov_device_plugin_devices', 'health="unhealthy"')})`,
        legend: '{{resource}}: unhealthy',
      },
    ],
    width: 12,
  },
  {
    kind: 'graph',
    title: 'Time until the kubelet has a VF',
    unit: 's',
    description:
      'How long half of the allocations and 99 of 100 took at most. An allocation waits for a VF that is being changed, for 30 s at most. Without changes it takes milliseconds.',
    see: 'docs/runbooks.md#sriovallocationrefused',
    queries: [0.5, 0.99].map((share) => ({
      expr: `histogram_quantile(${share}, sum by (le, resource) (increase(${select('sriov_device_plugin_allocation_seconds_bucket')}[1h])))`,
      legend: `${share * 100} %: {{resource}}`,
    })),
    width: 12,
  },
  {
    kind: 'bars',
    title: 'Allocations',
    unit: 'short',
    description:
      'VFs within an hour that the kubelet asked for, by outcome. Each refused one is a pod that failed for good with UnexpectedAdmissionError. Its Events have the reason.',
    see: 'docs/runbooks.md#sriovallocationrefused',
    queries: [
      {
        expr: `sum by (resource, outcome) (increase(${select('sriov_device_plugin_allocation_seconds_count')}[1h]))`,
        legend: '{{resource}}: {{outcome}}',
      },
    ],
    width: 8,
  },
  {
    kind: 'bars',
    title: 'Registrations with the kubelet',
    unit: 'short',
    description:
      'Registrations of resources with the kubelet within an hour, by outcome. Each process of the plugin registers after its start and after a restart of the kubelet. Many of them mean that one of both restarts again and again.',
    see: 'docs/runbooks.md#sriovresourceunregistered',
    queries: [
      {
        expr: `sum by (resource, outcome) (increase(${select('sriov_device_plugin_registrations_total')}[1h]))`,
        legend: '{{resource}}: {{outcome}}',
      },
    ],
    width: 8,
  },
  {
    kind: 'graph',
    title: 'Trouble of the device plugin',
    unit: 'short',
    description:
      'Resources that the kubelet does not know, problems in the configuration, looks at the host that failed within an hour, and whether the original device plugin is still to be restarted. All of them should be 0. The log of the plugin has the cause.',
    see: 'docs/runbooks.md#sriovresourceunregistered',
    queries: [
      {
        expr: `count(max by (resource) (${select('sriov_device_plugin_registered')}) == 0)`,
        legend: 'resources not registered',
      },
      { expr: `max(${select('sriov_device_plugin_config_problems')})`, legend: 'problems in the configuration' },
      {
        expr: `sum(increase(${select('sriov_device_plugin_passes_total', 'outcome="failed"')}[1h]))`,
        legend: 'looks that failed',
      },
      { expr: `max(${select('sriov_node_device_plugin_restart_owed')})`, legend: 'restart owed' },
    ],
    width: 8,
  },
];

const agents: readonly PanelSpec[] = [
  {
    kind: 'graph',
    title: 'Memory of the agents',
    unit: 'bytes',
    description:
      'Memory that the processes of config daemon and device plugin have; the device plugin has two. The limits are in the values of the chart. A process that reaches its limit is killed, and starts again.',
    see: 'docs/runbooks.md#sriovagentdown',
    queries: [
      {
        expr: `max by (pod, container, instance) (${select('process_resident_memory_bytes', PODS.agents)})`,
        legend: '{{pod}} {{container}} {{instance}}',
      },
    ],
    width: 8,
  },
  {
    kind: 'graph',
    title: 'CPU of the agents',
    unit: 'percentunit',
    description:
      'CPU time that the processes of config daemon and device plugin take; 100 % is one core. Both are idle while nothing changes. If they are not, their logs say what they do.',
    see: 'docs/runbooks.md#sriovdriftrecurring',
    queries: [
      {
        expr: `sum by (pod, container, instance) (rate(${select('process_cpu_seconds_total', PODS.agents)}[$__rate_interval]))`,
        legend: '{{pod}} {{container}} {{instance}}',
      },
    ],
    width: 8,
  },
  {
    kind: 'graph',
    title: 'Requests of the daemon that failed',
    unit: 'ops',
    description:
      'Lists and watches of the daemon that the API server did not answer or refused, by kind and HTTP status. 410 is normal. The daemon goes on with what it knew last.',
    see: 'docs/runbooks.md#sriovapiunreachable',
    queries: [
      {
        expr: `sum by (kind, status) (rate(${select('sriov_kube_failures_total')}[$__rate_interval])) > 0`,
        legend: '{{kind}}: {{status}}',
      },
    ],
    width: 8,
    none: '0',
  },
];

const rows: readonly Row[] = [
  { title: 'State', panels: state },
  { title: 'PFs', panels: pfs },
  { title: 'Failures', panels: failures },
  { title: 'Steps', panels: steps },
  { title: 'Device plugin', panels: devices },
  { title: 'Agents', panels: agents },
];

/** One node: its PFs, what is done to it, and the agents that do it. */
export const NODE: DashboardSpec = {
  uid: NODE_DASHBOARD,
  title: 'SR-IOV operator / Node',
  description: 'One node: its PFs, its failures, what the daemon did to it, and its device plugin.',
  rows,
  isOfNode: true,
};
