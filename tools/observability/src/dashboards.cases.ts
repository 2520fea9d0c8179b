/** What a query of a dashboard has to give. */
interface QueryCase {
  /** Dashboard and title of the panel, and the legend of the query. */
  readonly panel: string;
  readonly legend: string;
  /** What it gives, as a sentence. */
  readonly gives: string;
  /** Series and their values, one per minute, in the notation of promtool. */
  readonly series: Readonly<Record<string, string>>;
  /** Minutes after which it is asked. */
  readonly at: number;
  readonly samples: readonly { readonly labels: string; readonly value: number }[];
}

const A = 'namespace="sriov",node="a",pod="sriov-network-config-daemon-a"';
const B = 'namespace="sriov",node="b",pod="sriov-network-config-daemon-b"';
const C = 'namespace="sriov",node="c",pod="sriov-network-config-daemon-c"';
const NICS = 'resource="openshift.io/nics"';
const PLUGIN = 'namespace="sriov",node="a",pod="sriov-operator-device-plugin-a"';
const STEP = 'step="bind-vf",outcome="done",pf="0000:01:00.0"';
const CHANGES = { panel: 'sriov-operator-fleet: Changes per hour', legend: '{{step}}' };
const FAILING = { panel: 'sriov-operator-fleet: Nodes with failures', legend: 'with failures' };

export const QUERY_CASES: readonly QueryCase[] = [
  {
    ...FAILING,
    gives: 'a node with several failures once',
    series: {
      [`sriov_node_in_sync{${A}}`]: '0x5',
      [`sriov_node_in_sync{${B}}`]: '1x5',
      [`sriov_node_failing{${A},pf="0000:01:00.0",reason="BlockedInKernel"}`]: '1x5',
      [`sriov_node_failing{${A},pf="0000:02:00.0",reason="BlockedInKernel"}`]: '1x5',
    },
    at: 5,
    samples: [{ labels: '{}', value: 1 }],
  },
  {
    ...FAILING,
    gives: 'zero while nodes report and none fails',
    series: { [`sriov_node_in_sync{${A}}`]: '1x5' },
    at: 5,
    samples: [{ labels: '{}', value: 0 }],
  },
  { ...FAILING, gives: 'nothing while no node reports', series: { [`up{${A}}`]: '0x5' }, at: 5, samples: [] },
  {
    panel: 'sriov-operator-fleet: Nodes being changed',
    legend: 'being changed',
    gives: 'nodes that are neither in sync nor failing, also when the pod of the daemon is a new one',
    series: {
      [`sriov_node_in_sync{${A}}`]: '0x5',
      [`sriov_node_in_sync{namespace="sriov",node="a",pod="sriov-network-config-daemon-a2"}`]: '_ 0x4',
      [`sriov_node_in_sync{${B}}`]: '0x5',
      [`sriov_node_failing{${B},pf="",reason="ReconcileFailed"}`]: '1x5',
      [`sriov_node_in_sync{${C}}`]: '1x5',
    },
    at: 5,
    samples: [{ labels: '{}', value: 1 }],
  },
  {
    panel: 'sriov-operator-fleet: Agents that do not answer',
    legend: 'do not answer',
    gives: 'pods of daemons and device plugins that are down, and no others',
    series: {
      [`up{${A}}`]: '0x5',
      [`up{${B}}`]: '1x5',
      [`up{${PLUGIN}}`]: '0x5',
      [`up{namespace="sriov",pod="network-renderer-1"}`]: '0x5',
    },
    at: 5,
    samples: [{ labels: '{}', value: 2 }],
  },
  {
    panel: 'sriov-operator-fleet: VFs by resource',
    legend: 'allocatable',
    gives: 'the devices of all nodes, and those that both processes of a plugin tell of once',
    series: {
      [`sriov_device_plugin_devices{${PLUGIN},instance="1:9113",health="healthy",${NICS}}`]: '8x5',
      [`sriov_device_plugin_devices{${PLUGIN},instance="1:9114",health="healthy",${NICS}}`]: '8x5',
      [`sriov_device_plugin_devices{namespace="sriov",node="b",pod="sriov-operator-device-plugin-b",health="healthy",${NICS}}`]:
        '4x5',
    },
    at: 5,
    samples: [{ labels: `{${NICS}}`, value: 12 }],
  },
  {
    panel: 'sriov-operator-fleet: Nodes that run out of VFs',
    legend: 'allocated',
    gives: 'nodes on which nine tenths are given away, and none that has no VFs at all',
    series: {
      [`sriov_device_plugin_devices{${PLUGIN},health="healthy",${NICS}}`]: '10x5',
      [`sriov_device_plugin_allocated_devices{${PLUGIN},${NICS}}`]: '9x5',
      [`sriov_device_plugin_devices{${PLUGIN},health="healthy",resource="openshift.io/none"}`]: '0x5',
      [`sriov_device_plugin_allocated_devices{${PLUGIN},resource="openshift.io/none"}`]: '0x5',
      [`sriov_device_plugin_devices{namespace="sriov",node="b",health="healthy",${NICS}}`]: '10x5',
      [`sriov_device_plugin_allocated_devices{namespace="sriov",node="b",${NICS}}`]: '8x5',
    },
    at: 5,
    samples: [{ labels: `{namespace="sriov",node="a",${NICS}}`, value: 0.9 }],
  },
  {
    ...CHANGES,
    gives: 'also the steps with which the series begins',
    series: {
      [`process_start_time_seconds{${A}}`]: '0x180',
      [`sriov_node_steps_total{${A},${STEP}}`]: '_x100 4x80',
    },
    at: 120,
    samples: [{ labels: '{step="bind-vf"}', value: 4 }],
  },
  {
    ...CHANGES,
    gives: 'also the first steps of a daemon that has just started',
    series: {
      [`process_start_time_seconds{${A}}`]: '_x100 6000x80',
      [`sriov_node_steps_total{${A},${STEP}}`]: '_x100 4x80',
    },
    at: 120,
    samples: [{ labels: '{step="bind-vf"}', value: 4 }],
  },
  {
    ...CHANGES,
    gives: 'no steps of long ago when the collection has just begun',
    series: {
      [`process_start_time_seconds{${A}}`]: '_x100 0x80',
      [`sriov_node_steps_total{${A},${STEP}}`]: '_x100 400x80',
    },
    at: 120,
    samples: [{ labels: '{step="bind-vf"}', value: 0 }],
  },
  {
    ...CHANGES,
    gives: 'no steps that are longer ago than an hour',
    series: {
      [`process_start_time_seconds{${A}}`]: '0x180',
      [`sriov_node_steps_total{${A},${STEP}}`]: '4x180',
    },
    at: 120,
    samples: [{ labels: '{step="bind-vf"}', value: 0 }],
  },
  {
    panel: 'sriov-operator-fleet: Firing alerts',
    legend: 'firing',
    gives: 'alerts of the namespace and those without one, and none of others',
    series: {
      'ALERTS{alertname="SriovServiceDown",alertstate="firing",severity="critical",service="admission-webhook"}': '1x5',
      'ALERTS{alertname="SriovAgentDown",alertstate="pending",severity="warning",namespace="sriov",node="a"}': '1x5',
      'ALERTS{alertname="SriovAgentDown",alertstate="firing",severity="warning",namespace="other",node="a"}': '1x5',
      'ALERTS{alertname="KubePodNotReady",alertstate="firing",severity="warning",namespace="sriov"}': '1x5',
    },
    at: 5,
    samples: [{ labels: '{alertname="SriovServiceDown",severity="critical",service="admission-webhook"}', value: 1 }],
  },
  {
    panel: 'sriov-operator-node: Time since it was in sync',
    legend: 'since',
    gives: 'seconds since the last success',
    series: { [`sriov_node_last_success_timestamp_seconds{${A}}`]: '120x5' },
    at: 5,
    samples: [{ labels: '{}', value: 180 }],
  },
  {
    panel: 'sriov-operator-node: Time since it was in sync',
    legend: 'since',
    gives: 'nothing before the first success',
    series: { [`sriov_node_last_success_timestamp_seconds{${A}}`]: '0x5' },
    at: 5,
    samples: [],
  },
];
