import { REASON } from '@sriov/api';
import { OPERAND_DAEMON_SETS } from '@sriov/operands';
import { type PanelSpec, type Row } from './panel.ts';
import { hourly, orZero, perNode, PODS, selectWithin } from './promql.ts';

const select = selectWithin('namespace=~"$namespace"');
const inSync = perNode(select('sriov_node_in_sync'));
const failing = `${perNode(select('sriov_node_failing'))} > 0`;
const healthy = perNode(select('sriov_device_plugin_devices', 'health="healthy"'), 'resource');
const unhealthy = perNode(select('sriov_device_plugin_devices', 'health="unhealthy"'), 'resource');
const allocated = perNode(select('sriov_device_plugin_allocated_devices'), 'resource');

const nodeStates: readonly PanelSpec[] = [
  {
    kind: 'stat',
    title: 'Nodes in sync',
    unit: 'short',
    description:
      'Nodes that were as their SriovNetworkNodeState wants them at the last look. The other nodes are being changed, have failures, or their daemon does not answer.',
    see: 'docs/runbooks.md#sriovnodeconfigstuck',
    queries: [{ expr: `sum(${inSync})`, legend: 'in sync' }],
    width: 4,
  },
  {
    kind: 'stat',
    title: 'Nodes with failures',
    unit: 'short',
    description:
      'Nodes whose SriovNetworkNodeState has failures. What was configured before stays in use. The table of failures has the reasons.',
    see: 'docs/runbooks.md#sriovnodeconfigstuck',
    queries: [{ expr: orZero(`count(${failing})`, select('sriov_node_in_sync')), legend: 'with failures' }],
    width: 4,
    bad: 1,
  },
  {
    kind: 'stat',
    title: 'Nodes being changed',
    unit: 'short',
    description:
      'Nodes that are not in sync and have no failures: a change is under way, or they wait for their first plan. A node that stays here for half an hour raises SriovNodeConfigStuck.',
    see: 'docs/runbooks.md#sriovnodeconfigstuck',
    queries: [
      {
        expr: orZero(`count(${inSync} == 0 unless ${failing})`, select('sriov_node_in_sync')),
        legend: 'being changed',
      },
    ],
    width: 4,
  },
  {
    kind: 'stat',
    title: 'Nodes that drifted',
    unit: 'short',
    description:
      'Nodes that were as their spec wants them, and are not any more although the spec is the same: somebody else changed the host. The daemon repairs that. If the number stays above 0, read the condition Ready of the node state.',
    see: 'docs/runbooks.md#sriovdriftunrepaired',
    queries: [{ expr: `sum(${perNode(select('sriov_node_drifted'))})`, legend: 'drifted' }],
    width: 4,
    bad: 1,
  },
  {
    kind: 'stat',
    title: 'Agents that do not answer',
    unit: 'short',
    description:
      'Pods of config daemon and device plugin whose metrics cannot be read. Without its daemon, nothing on a node is configured or repaired. See whether the pod runs, and then whether the collector reaches it.',
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
    title: 'Nodes without a ready daemon',
    unit: 'short',
    description:
      'Pods of the DaemonSet of the config daemon that are not available, as kube-state-metrics tells; empty without it. Most often an image cannot be pulled, or the node is NotReady.',
    see: 'docs/runbooks.md#sriovagentmissing',
    queries: [
      {
        expr: `sum(max by (namespace) (${select('kube_daemonset_status_number_unavailable', `daemonset="${OPERAND_DAEMON_SETS['config-daemon']}"`)}))`,
        legend: 'not ready',
      },
    ],
    width: 4,
    bad: 1,
  },
];

const nodes: readonly PanelSpec[] = [
  {
    kind: 'stack',
    title: 'Nodes by sync status',
    unit: 'short',
    description:
      'All nodes whose daemon reports. Failures that rise together with a change of a policy come from that policy: its condition Ready names the nodes. A sum that falls means that daemons no longer report.',
    see: 'docs/runbooks.md#sriovnodeconfigstuck',
    queries: [
      { expr: `sum(${inSync})`, legend: 'in sync' },
      { expr: `count(${failing})`, legend: 'with failures' },
      { expr: `count(${inSync} == 0 unless ${failing})`, legend: 'being changed' },
    ],
    width: 12,
  },
  {
    kind: 'table',
    title: 'Failures of nodes',
    unit: 'short',
    description:
      'Each failure with its node, its reason and the PCI address of its PF. The address is empty for what concerns the whole node. The reason says what helps; the condition Ready of the node state has the whole sentence.',
    see: 'docs/troubleshooting.md#on-a-sriovnetworknodestate',
    queries: [{ expr: `${perNode(select('sriov_node_failing'), 'pf', 'reason')} > 0`, legend: 'failures' }],
    width: 12,
    none: 'No node reports a failure',
  },
  {
    kind: 'bars',
    title: 'Drift found and repaired',
    unit: 'short',
    description:
      'Times within an hour at which a host was found changed against its spec, and at which that was repaired. Drift that comes again and again means that something else manages the same NIC: take the NIC away from it, or from the policy.',
    see: 'docs/runbooks.md#sriovdriftrecurring',
    queries: [
      { expr: `sum(increase(${select('sriov_node_drift_found_total')}[1h]))`, legend: 'found' },
      { expr: `sum(increase(${select('sriov_node_drift_repaired_total')}[1h]))`, legend: 'repaired' },
    ],
    width: 12,
  },
  {
    kind: 'table',
    title: 'Agents that do not answer, by node',
    unit: 'short',
    description:
      'Pods of config daemon and device plugin whose metrics cannot be read, with their nodes. kubectl describe pod and kubectl logs --previous of the pod have the reason.',
    see: 'docs/runbooks.md#sriovagentdown',
    queries: [{ expr: `${perNode(select('up', PODS.agents), 'pod', 'container')} == 0`, legend: 'up' }],
    width: 12,
    none: 'All agents that are collected answer',
  },
];

const resources: readonly PanelSpec[] = [
  {
    kind: 'table',
    title: 'VFs by resource',
    unit: 'short',
    description:
      'VFs that pods can be given (allocatable), that pods have (allocated), and that are held back (unhealthy), as the device plugin of the operator tells. For those that are held back, the condition ResourcesOffered of the node state has the reason.',
    see: 'docs/runbooks.md#sriovvfpoolexhausted',
    queries: [
      { expr: `sum by (resource) (${healthy})`, legend: 'allocatable' },
      { expr: `sum by (resource) (${allocated})`, legend: 'allocated' },
      { expr: `sum by (resource) (${unhealthy})`, legend: 'unhealthy' },
    ],
    width: 12,
    none: 'No device plugin of the operator reports',
  },
  {
    kind: 'graph',
    title: 'Share of VFs that pods have',
    unit: 'percentunit',
    description:
      'Allocated VFs of each resource, as a share of the allocatable ones of all nodes. A resource that approaches 100 % runs out: raise numVfs of its policy, or give it more nodes.',
    see: 'docs/runbooks.md#sriovvfpoolexhausted',
    queries: [
      { expr: `sum by (resource) (${allocated}) / (sum by (resource) (${healthy}) > 0)`, legend: '{{resource}}' },
    ],
    width: 12,
  },
  {
    kind: 'table',
    title: 'Nodes that run out of VFs',
    unit: 'percentunit',
    description:
      'Nodes on which pods have nine tenths or more of the allocatable VFs of a resource. That is normal where nodes are meant to be full. It is bad when pods that ask for the resource are Pending.',
    see: 'docs/runbooks.md#sriovvfpoolexhausted',
    queries: [{ expr: `${allocated} / (${healthy} > 0) >= 0.9`, legend: 'allocated' }],
    width: 12,
    none: 'No node is nearly full',
  },
  {
    kind: 'bars',
    title: 'VFs that were refused to pods',
    unit: 'short',
    description:
      'Times within an hour at which a device plugin could not give the VF that the kubelet asked for. Each time, a pod failed for good with UnexpectedAdmissionError. Its Events have the reason.',
    see: 'docs/runbooks.md#sriovallocationrefused',
    queries: [
      {
        expr: `sum by (resource) (increase(${select('sriov_device_plugin_allocation_seconds_count', 'outcome="refused"')}[1h]))`,
        legend: '{{resource}}',
      },
    ],
    width: 12,
  },
];

const changes: readonly PanelSpec[] = [
  {
    kind: 'bars',
    title: 'Changes per hour',
    unit: 'short',
    description:
      'Steps that the daemons did to their hosts within an hour. While nobody changes a policy or a node, there are none. Steps without such a change are repairs of drift.',
    see: 'docs/runbooks.md#sriovdriftrecurring',
    queries: [{ expr: hourly(select, 'sriov_node_steps_total', ['step'], 'outcome="done"'), legend: '{{step}}' }],
    width: 12,
  },
  {
    kind: 'graph',
    title: 'Duration of changes',
    unit: 's',
    description:
      'How long nineteen of twenty steps of an hour took at most. set-num-vfs and bind-vf take seconds with some drivers. A step that takes minutes waits for its driver: dmesg of the node says for what.',
    see: 'docs/runbooks.md#sriovnodeconfigstuck',
    queries: [
      {
        expr: `histogram_quantile(0.95, ${hourly(select, 'sriov_node_step_duration_seconds_bucket', ['le', 'step'])})`,
        legend: '{{step}}',
      },
    ],
    width: 12,
  },
  {
    kind: 'bars',
    title: 'Changes that were not done',
    unit: 'short',
    description:
      'Steps within an hour that failed, that are still in the kernel (blocked), or that were refused because somebody has taken the VF meanwhile. The dashboard of the node and its node state have the cause.',
    see: 'docs/runbooks.md#sriovnodeconfigstuck',
    queries: [
      { expr: hourly(select, 'sriov_node_steps_total', ['outcome'], 'outcome!="done"'), legend: '{{outcome}}' },
    ],
    width: 12,
  },
  {
    kind: 'graph',
    title: 'PFs that wait because they are in use',
    unit: 'short',
    description:
      'PFs whose change is not done because a VF is in use, or because the host itself uses the PF. These wait for you: move the pod that has the VF, or allow the change.',
    see: 'docs/runbooks.md#sriovnodeconfigstuck',
    queries: [
      {
        expr: `count by (reason) (${perNode(select('sriov_node_failing', `reason=~"${REASON.vfInUse}|${REASON.hostInterface}"`), 'pf', 'reason')} > 0)`,
        legend: '{{reason}}',
      },
    ],
    width: 12,
  },
];

/** What the dashboard of the fleet has about nodes and their VFs. */
export const NODE_ROWS: readonly Row[] = [
  { title: 'Nodes', panels: [...nodeStates, ...nodes] },
  { title: 'VFs of resources', panels: resources },
  { title: 'Changes of nodes', panels: changes },
];
