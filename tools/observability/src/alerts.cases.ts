/** When an alert has to fire, and when not. */
export interface AlertCase {
  /** What is the case, as a sentence. */
  readonly when: string;
  readonly alert: string;
  /** Series and their values, one per minute, in the notation of promtool. */
  readonly series: Readonly<Record<string, string>>;
  /** Minutes after which the alert is looked at. */
  readonly at: number;
  /** The alert that fires then; absent when none does. */
  readonly fires?: {
    readonly labels: Readonly<Record<string, string>>;
    readonly description: string;
  };
}

const A = 'namespace="sriov",node="a",pod="daemon-a"';
const B = 'namespace="sriov",node="b",pod="daemon-b"';
const R = 'resource="openshift.io/nics"';
const ON_A = { namespace: 'sriov', node: 'a', severity: 'warning' };
const POD = 'namespace="sriov",pod="policy-controller-1"';
const REVIEWS = 'sriov_admission_review_duration_seconds';
const WEBHOOK = 'namespace="sriov",pod="admission-webhook-1",path="/validating-custom-resource"';

const SERVICES = [
  'policy-controller',
  'network-renderer',
  'operand-controller',
  'drain-controller',
  'admission-webhook',
];

/** Each alert has at least one case in which it fires, and one in which it is silent. */
export const ALERT_CASES: readonly AlertCase[] = [
  {
    when: 'one of two nodes is not as its spec wants it for longer than half an hour',
    alert: 'SriovNodeConfigStuck',
    series: { [`sriov_node_in_sync{${A}}`]: '1 0x40', [`sriov_node_in_sync{${B}}`]: '1x41' },
    at: 32,
    fires: {
      labels: ON_A,
      description: 'Node a has not been as its SriovNetworkNodeState wants it for 30 minutes.',
    },
  },
  {
    when: 'the pod of its daemon is exchanged meanwhile',
    alert: 'SriovNodeConfigStuck',
    series: {
      [`sriov_node_in_sync{${A}}`]: '0x20 stale',
      [`sriov_node_in_sync{namespace="sriov",node="a",pod="daemon-a2"}`]: '_x20 0x20',
    },
    at: 32,
    fires: {
      labels: ON_A,
      description: 'Node a has not been as its SriovNetworkNodeState wants it for 30 minutes.',
    },
  },
  {
    when: 'a change takes a quarter of an hour',
    alert: 'SriovNodeConfigStuck',
    series: { [`sriov_node_in_sync{${A}}`]: '1 0x15 1x30' },
    at: 40,
  },
  {
    when: 'the node has drifted, for which there is another alert',
    alert: 'SriovNodeConfigStuck',
    series: { [`sriov_node_in_sync{${A}}`]: '0x60', [`sriov_node_drifted{${A}}`]: '1x60' },
    at: 60,
  },
  {
    when: 'drift is not repaired within a quarter of an hour',
    alert: 'SriovDriftUnrepaired',
    series: { [`sriov_node_drifted{${A}}`]: '0 1x20', [`sriov_node_drifted{${B}}`]: '0x21' },
    at: 17,
    fires: {
      labels: ON_A,
      description: 'Node a was as its spec wants it, and has not been for 15 minutes although the spec is the same.',
    },
  },
  {
    when: 'drift is repaired at the second try',
    alert: 'SriovDriftUnrepaired',
    series: { [`sriov_node_drifted{${A}}`]: '0 1x5 0x30' },
    at: 30,
  },
  {
    when: 'drift is found every ten minutes',
    alert: 'SriovDriftRecurring',
    series: {
      [`sriov_node_drift_found_total{${A}}`]: '0x10 1x9 2x9 3x9 4x9 5x9 6x9',
      [`sriov_node_drift_found_total{${B}}`]: '0x30 1x40',
    },
    at: 65,
    fires: { labels: ON_A, description: 'Node a drifted from its spec 6 times within an hour.' },
  },
  {
    when: 'drift is found once',
    alert: 'SriovDriftRecurring',
    series: { [`sriov_node_drift_found_total{${A}}`]: '0x30 1x40' },
    at: 65,
  },
  {
    when: 'pods do not leave a node for longer than half an hour',
    alert: 'SriovDrainStuck',
    series: {
      [`sriov_node_drain_waiting{${A},for="eviction"}`]: '0 1x40',
      [`sriov_node_drain_waiting{${B},for="slot"}`]: '1x41',
    },
    at: 32,
    fires: {
      labels: ON_A,
      description: 'Node a has waited for 30 minutes for its pods to leave. It takes no new ones meanwhile.',
    },
  },
  {
    when: 'pods leave a node within a quarter of an hour',
    alert: 'SriovDrainStuck',
    series: { [`sriov_node_drain_waiting{${A},for="eviction"}`]: '1x15 0x30' },
    at: 40,
  },
  ...['RebootLoop', 'FirmwareNotApplied', 'RebootFailed'].map((reason) => ({
    when: `a node says ${reason}`,
    alert: 'SriovRebootInVain',
    series: { [`sriov_node_failing{${A},pf="",reason="${reason}"}`]: '0 1x10' },
    at: 7,
    fires: {
      labels: { ...ON_A, reason },
      description: `Node a says ${reason}: it lacks what only a reboot brings, and somebody has to look.`,
    },
  })),
  {
    when: 'a node fails for something else',
    alert: 'SriovRebootInVain',
    series: { [`sriov_node_failing{${A},pf="",reason="ApplyFailed"}`]: '1x10' },
    at: 7,
  },
  {
    when: 'a daemon does not answer for ten minutes',
    alert: 'SriovAgentDown',
    series: {
      'up{namespace="sriov",node="a",pod="sriov-network-config-daemon-x1"}': '1 0x20',
      'up{namespace="sriov",node="b",pod="sriov-network-config-daemon-x2"}': '1x21',
    },
    at: 12,
    fires: {
      labels: ON_A,
      description: 'Nobody has been able to read the metrics of the config daemon on node a for 10 minutes.',
    },
  },
  {
    when: 'a daemon is restarted, and other pods are down',
    alert: 'SriovAgentDown',
    series: {
      'up{namespace="sriov",node="a",pod="sriov-network-config-daemon-x1"}': '1x5 0x2 1x20',
      'up{namespace="web",node="a",pod="shop-1"}': '0x30',
    },
    at: 20,
  },
  {
    when: 'the DaemonSet has pods that are not ready',
    alert: 'SriovAgentMissing',
    series: {
      'kube_daemonset_status_number_unavailable{namespace="sriov",daemonset="sriov-network-config-daemon"}': '2x20',
    },
    at: 16,
    fires: {
      labels: { namespace: 'sriov', severity: 'warning' },
      description: '2 nodes have had no config daemon that is ready for 15 minutes.',
    },
  },
  {
    when: 'another DaemonSet has pods that are not ready',
    alert: 'SriovAgentMissing',
    series: {
      'kube_daemonset_status_number_unavailable{namespace="sriov",daemonset="sriov-network-config-daemon"}': '0x20',
      'kube_daemonset_status_number_unavailable{namespace="web",daemonset="shop"}': '2x20',
    },
    at: 16,
  },
  {
    when: 'pods have all VFs of a resource, as both processes of the plugin tell',
    alert: 'SriovVFPoolExhausted',
    series: {
      [`sriov_device_plugin_devices{${A},${R},health="healthy",instance="1"}`]: '4x20',
      [`sriov_device_plugin_devices{${A},${R},health="healthy",instance="2"}`]: '4x20',
      [`sriov_device_plugin_allocated_devices{${A},${R},instance="1"}`]: '4x20',
      [`sriov_device_plugin_allocated_devices{${A},${R},instance="2"}`]: '4x20',
      [`sriov_device_plugin_devices{${B},${R},health="healthy"}`]: '8x20',
      [`sriov_device_plugin_allocated_devices{${B},${R}}`]: '4x20',
    },
    at: 16,
    fires: {
      labels: { namespace: 'sriov', node: 'a', resource: 'openshift.io/nics', severity: 'info' },
      description: 'Pods have had all 4 devices of openshift.io/nics on node a for 15 minutes.',
    },
  },
  {
    when: 'a resource has no devices, and another is free',
    alert: 'SriovVFPoolExhausted',
    series: {
      [`sriov_device_plugin_devices{${A},${R},health="healthy"}`]: '0x20',
      [`sriov_device_plugin_allocated_devices{${A},${R}}`]: '0x20',
      [`sriov_device_plugin_devices{${B},${R},health="healthy"}`]: '4x20',
      [`sriov_device_plugin_allocated_devices{${B},${R}}`]: '3x20',
    },
    at: 16,
  },
  {
    when: 'the kubelet refuses a resource',
    alert: 'SriovResourceUnregistered',
    series: { [`sriov_device_plugin_registered{${A},${R}}`]: '0x20' },
    at: 11,
    fires: {
      labels: { ...ON_A, resource: 'openshift.io/nics' },
      description:
        'The kubelet of node a has not known the resource openshift.io/nics for 10 minutes: no pod gets its VFs.',
    },
  },
  {
    when: 'one of the two processes of the plugin is known to the kubelet',
    alert: 'SriovResourceUnregistered',
    series: {
      [`sriov_device_plugin_registered{${A},${R},instance="1"}`]: '1x20',
      [`sriov_device_plugin_registered{${A},${R},instance="2"}`]: '0x20',
    },
    at: 15,
  },
  {
    when: 'a configuration cannot be used',
    alert: 'SriovDevicePluginConfigProblem',
    series: { [`sriov_device_plugin_config_problems{${A}}`]: '2x20' },
    at: 11,
    fires: {
      labels: ON_A,
      description: 'The configuration of the device plugin on node a has had 2 problems for 10 minutes.',
    },
  },
  {
    when: 'a configuration comes late to a new node',
    alert: 'SriovDevicePluginConfigProblem',
    series: { [`sriov_device_plugin_config_problems{${A}}`]: '1x3 0x20' },
    at: 15,
  },
  {
    when: 'the pods of the original device plugin cannot be deleted',
    alert: 'SriovDevicePluginRestartOwed',
    series: { [`sriov_node_device_plugin_restart_owed{${A}}`]: '1x40' },
    at: 31,
    fires: {
      labels: ON_A,
      description: 'The device plugin of node a has had to be restarted for 30 minutes, and was not.',
    },
  },
  {
    when: 'the device plugin is restarted after a change',
    alert: 'SriovDevicePluginRestartOwed',
    series: { [`sriov_node_device_plugin_restart_owed{${A}}`]: '0x5 1x2 0x40' },
    at: 31,
  },
  {
    when: 'an allocation was refused',
    alert: 'SriovAllocationRefused',
    series: {
      [`sriov_device_plugin_allocation_seconds_count{${A},${R},outcome="refused"}`]: '0x3 1x10',
      [`sriov_device_plugin_allocation_seconds_count{${A},${R},outcome="given"}`]: '0+1x20',
    },
    at: 10,
    fires: {
      labels: { ...ON_A, resource: 'openshift.io/nics' },
      description:
        'Pods on node a did not get a device of openshift.io/nics within the last 15 minutes, and do not start.',
    },
  },
  {
    when: 'allocations are answered, and one was refused an hour ago',
    alert: 'SriovAllocationRefused',
    series: {
      [`sriov_device_plugin_allocation_seconds_count{${A},${R},outcome="refused"}`]: '0x3 1x70',
      [`sriov_device_plugin_allocation_seconds_count{${A},${R},outcome="given"}`]: '0+1x70',
    },
    at: 65,
  },
  {
    when: 'every fiftieth review is slow',
    alert: 'SriovWebhookSlow',
    series: { [`${REVIEWS}_bucket{${WEBHOOK},le="0.5"}`]: '0+49x30', [`${REVIEWS}_count{${WEBHOOK}}`]: '0+50x30' },
    at: 16,
    fires: {
      labels: { namespace: 'sriov', path: '/validating-custom-resource', severity: 'warning' },
      description:
        'Of the reviews at /validating-custom-resource, more than 1 % took longer than 0.5 s for 10 minutes.',
    },
  },
  {
    when: 'no review is slow',
    alert: 'SriovWebhookSlow',
    series: { [`${REVIEWS}_bucket{${WEBHOOK},le="0.5"}`]: '0+50x30', [`${REVIEWS}_count{${WEBHOOK}}`]: '0+50x30' },
    at: 16,
  },
  {
    when: 'nobody asks for a review',
    alert: 'SriovWebhookSlow',
    series: { [`${REVIEWS}_bucket{${WEBHOOK},le="0.5"}`]: '50x30', [`${REVIEWS}_count{${WEBHOOK}}`]: '100x30' },
    at: 16,
  },
  {
    when: 'the event loop of the webhook is late',
    alert: 'SriovWebhookBusy',
    series: { 'nodejs_eventloop_lag_p99_seconds{namespace="sriov",pod="admission-webhook-1"}': '0.9x20' },
    at: 11,
    fires: {
      labels: { namespace: 'sriov', pod: 'admission-webhook-1', severity: 'warning' },
      description:
        'Requests to admission-webhook-1 have waited for more than 0.5 s before it looked at them, for 10 minutes.',
    },
  },
  {
    when: 'that of another service is late',
    alert: 'SriovWebhookBusy',
    series: {
      'nodejs_eventloop_lag_p99_seconds{namespace="sriov",pod="admission-webhook-1"}': '0.1x20',
      'nodejs_eventloop_lag_p99_seconds{namespace="web",pod="shop-1"}': '0.9x20',
    },
    at: 11,
  },
  {
    when: 'the API server does not reach the webhook after its installation',
    alert: 'SriovWebhookNotAsked',
    series: {
      'sriov_admission_registrations_without_rules{namespace="sriov",pod="admission-webhook-1"}': '2x20',
      'sriov_admission_registrations_without_rules{namespace="sriov",pod="admission-webhook-2"}': '2x20',
    },
    at: 11,
    fires: {
      labels: { namespace: 'sriov', severity: 'warning' },
      description:
        'The webhook runs, and 2 of its 2 registrations have lacked rules for 10 minutes. Only the rules of the CRDs hold.',
    },
  },
  {
    when: 'the API server reaches it after a minute',
    alert: 'SriovWebhookNotAsked',
    series: { 'sriov_admission_registrations_without_rules{namespace="sriov",pod="admission-webhook-1"}': '2 0x20' },
    at: 11,
  },
  {
    when: 'two objects keep failing',
    alert: 'SriovReconcileFailing',
    series: { [`sriov_reconcile_failing{${POD},controller="policy"}`]: '2x20' },
    at: 16,
    fires: {
      labels: { namespace: 'sriov', pod: 'policy-controller-1', controller: 'policy', severity: 'warning' },
      description: 'The controller policy of policy-controller-1 has failed for 2 objects for 15 minutes.',
    },
  },
  {
    when: 'an object fails for a moment',
    alert: 'SriovReconcileFailing',
    series: { [`sriov_reconcile_failing{${POD},controller="policy"}`]: '0x3 1x3 0x20' },
    at: 16,
  },
  {
    when: 'a failure could not be reported',
    alert: 'SriovFailureUnreported',
    series: { [`sriov_reconcile_unreported_total{${POD},controller="policy"}`]: '0x3 1x20' },
    at: 10,
    fires: {
      labels: { namespace: 'sriov', pod: 'policy-controller-1', controller: 'policy', severity: 'warning' },
      description: 'The controller policy of policy-controller-1 could not report failures within the last 15 minutes.',
    },
  },
  {
    when: 'that was an hour ago',
    alert: 'SriovFailureUnreported',
    series: { [`sriov_reconcile_unreported_total{${POD},controller="policy"}`]: '0x3 1x70' },
    at: 65,
  },
  {
    when: 'a right to list is missing',
    alert: 'SriovApiUnreachable',
    series: { [`sriov_kube_failures_total{${POD},kind="Node",status="403"}`]: '0+1x60' },
    at: 45,
    fires: {
      labels: { namespace: 'sriov', pod: 'policy-controller-1', kind: 'Node', severity: 'warning' },
      description: 'Lists or watches of Node by policy-controller-1 have kept failing for 30 minutes.',
    },
  },
  {
    when: 'the API server was away for some minutes, and tells watches to begin anew',
    alert: 'SriovApiUnreachable',
    series: {
      [`sriov_kube_failures_total{${POD},kind="Node",status="0"}`]: '0+1x5 5x60',
      [`sriov_kube_failures_total{${POD},kind="Node",status="410"}`]: '0+1x60',
    },
    at: 45,
  },
  {
    when: 'daemons are collected without the label',
    alert: 'SriovMetricsWithoutNode',
    series: {
      'sriov_node_in_sync{namespace="sriov",pod="daemon-a"}': '1x20',
      'sriov_node_in_sync{namespace="sriov",pod="daemon-b"}': '1x20',
    },
    at: 11,
    fires: {
      labels: { namespace: 'sriov', severity: 'info' },
      description:
        '2 config daemons are collected without the label node, so that alerts cannot tell their nodes apart.',
    },
  },
  {
    when: 'daemons are collected with the label',
    alert: 'SriovMetricsWithoutNode',
    series: { [`sriov_node_in_sync{${A}}`]: '1x20' },
    at: 11,
  },
  ...SERVICES.flatMap((service): AlertCase[] => {
    const series = (names: readonly string[]): AlertCase['series'] =>
      Object.fromEntries(
        names.map((name) => [`sriov_kube_lists_total{namespace="sriov",pod="${name}-1",kind="Node"}`, '1x20']),
      );
    const fires = {
      labels: { service, severity: service === 'admission-webhook' ? 'critical' : 'warning' },
      description: `No pod of the ${service} has told of itself for 10 minutes.`,
    };
    const alert = 'SriovServiceDown';
    return [
      {
        alert,
        when: `only the ${service} is away`,
        series: series(SERVICES.filter((name) => name !== service)),
        at: 11,
        fires,
      },
      { alert, when: `the ${service} and all others are there`, series: series(SERVICES), at: 11 },
    ];
  }),
  {
    when: 'a canary has failed for longer than five minutes',
    alert: 'SriovCanaryFailed',
    series: { [`sriov_nodes_held_back{${POD},reason="CanaryFailed"}`]: '8x10' },
    at: 7,
    fires: {
      labels: { namespace: 'sriov', severity: 'warning' },
      description: '8 nodes keep what they have, because a change failed on the canary of their pool.',
    },
  },
  {
    when: 'nodes wait for a canary that does well, and for a policy that is paused',
    alert: 'SriovCanaryFailed',
    series: {
      [`sriov_nodes_held_back{${POD},reason="WaitingForCanary"}`]: '8x10',
      [`sriov_nodes_held_back{${POD},reason="RolloutPaused"}`]: '2x10',
    },
    at: 7,
  },
];
