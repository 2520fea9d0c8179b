import { type JsonObject } from './json.ts';
import { PROMETHEUS_RULE, SERVICE_MONITOR } from './kinds.ts';
import { type OperandInputs, type WantedObject } from './operand.ts';
import { metadataOf } from './pod-parts.ts';

/** Name of the PrometheusRule, as upstream has it. */
const RULES = 'sriov-vf-rules';
/** The counters for which there is a rule; the exporter has each as `sriov_vf_<name>`. */
const COUNTERS = [
  'tx_packets',
  'rx_packets',
  'tx_bytes',
  'rx_bytes',
  'tx_dropped',
  'rx_dropped',
  'rx_broadcast',
  'rx_multicast',
];

/** What Prometheus collects the counters by, and how it says whose they are, where the administrator asks for them. */
export function exporterMonitoring(inputs: OperandInputs, exporter: string): WantedObject[] {
  const { enabled, deployRules } = inputs.settings.metricsExporter.prometheusOperator;
  if (!enabled) return [];
  return [monitor(inputs, exporter), ...(deployRules ? [rules(inputs)] : [])];
}

function monitor(inputs: OperandInputs, exporter: string): WantedObject {
  const { namespace, settings } = inputs;
  const { secretName, prometheusOperator } = settings.metricsExporter;
  const service = `${exporter}-service`;
  const isGiven = Object.keys(prometheusOperator.tlsConfig).length > 0;
  const trust = isGiven ? prometheusOperator.tlsConfig : { ca: { secret: { name: secretName, key: 'ca.crt' } } };
  return {
    resource: SERVICE_MONITOR,
    object: {
      metadata: metadataOf(inputs, 'metrics-exporter', exporter),
      spec: {
        endpoints: [
          {
            interval: '30s',
            port: 'sriov-network-metrics',
            scheme: 'https',
            bearerTokenFile: '/var/run/secrets/kubernetes.io/serviceaccount/token',
            honorLabels: true,
            tlsConfig: { serverName: `${service}.${namespace}.svc`, ...trust },
            relabelings: [
              {
                action: 'replace',
                sourceLabels: ['__meta_kubernetes_endpoint_node_name'],
                targetLabel: 'node',
              },
              // Those of the exporter's pod; a counter has those of the pod that has the VF.
              ...['pod', 'container', 'namespace'].map((regex) => ({ action: 'labeldrop', regex })),
            ],
          },
        ],
        namespaceSelector: { matchNames: [namespace] },
        selector: { matchLabels: { name: service } },
      },
    },
  };
}

/** PCI addresses are the same on many nodes: a counter belongs to a pod on the same node. */
function rule(counter: string): JsonObject {
  return {
    record: `network:sriov_vf_${counter}`,
    expr: `sriov_vf_${counter} * on (pciAddr, node) group_left (pod, namespace, dev_type) sriov_kubepoddevice`,
  };
}

function rules(inputs: OperandInputs): WantedObject {
  return {
    resource: PROMETHEUS_RULE,
    object: {
      metadata: metadataOf(inputs, 'metrics-exporter', RULES),
      spec: {
        groups: [{ name: 'sriov-network-metrics-operator.rules', interval: '10s', rules: COUNTERS.map(rule) }],
      },
    },
  };
}
