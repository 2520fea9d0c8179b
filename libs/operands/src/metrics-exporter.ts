import { LABEL, managedNodeLabels } from '@sriov/api';
import { exporterMonitoring } from './exporter-monitoring.ts';
import { type JsonObject } from './json.ts';
import { SERVICE } from './kinds.ts';
import { type Operand, OPERAND_DAEMON_SETS, type OperandInputs, type WantedObject } from './operand.ts';
import { CONFINED, daemonSet, fieldEnv, metadataOf, mount, placementOf, proxyTlsFlags, ROLLING } from './pod-parts.ts';

const NAME = OPERAND_DAEMON_SETS['metrics-exporter'];
/** Feature gate of the SriovOperatorConfig. */
const GATE = 'metricsExporter';

/** The exporter of the counters of VFs, behind a proxy that asks for a token, and what collects from it. */
export function metricsExporter(inputs: OperandInputs): Operand {
  const { config, settings } = inputs;
  if (config.featureGates?.[GATE] !== true) return { kind: 'off' };
  const { image, proxy, patch } = settings.metricsExporter;
  const missing = [...(image === '' ? ['of the exporter'] : []), ...(proxy.image === '' ? ['of its proxy'] : [])];
  if (missing.length > 0) {
    return {
      kind: 'impossible',
      message: `spec.featureGates.${GATE} needs the image ${missing.join(' and the image ')}`,
    };
  }
  const { wanted, remarks } = daemonSet(inputs, {
    operand: 'metrics-exporter',
    name: NAME,
    app: NAME,
    updateStrategy: ROLLING,
    pod: {
      serviceAccountName: 'metrics-exporter-sa',
      // It reads the counters of the host's interfaces.
      hostNetwork: true,
      ...placementOf(settings.metricsExporter),
      nodeSelector: { [LABEL.os]: 'linux', ...managedNodeLabels(config) },
      containers: [exporter(inputs), rbacProxy(inputs)],
      volumes: volumes(settings.metricsExporter.secretName),
    },
    patch,
  });
  return { kind: 'on', objects: [wanted, service(inputs), ...exporterMonitoring(inputs, NAME)], remarks };
}

/** What the exporter reads of its host: source, and path in the container. */
const HOST_PATHS: readonly {
  readonly name: string;
  readonly path: string;
  readonly at: string;
  readonly type: string;
}[] = [
  {
    name: 'kubelet-socket',
    path: '/var/lib/kubelet/pod-resources/kubelet.sock',
    at: '/host/kubelet.sock',
    type: 'Socket',
  },
  { name: 'pci-devices', path: '/sys/bus/pci/devices', at: '/host/sys/bus/pci/devices', type: 'Directory' },
  { name: 'devices', path: '/sys/devices', at: '/host/sys/devices', type: 'Directory' },
  { name: 'interfaces', path: '/sys/class/net', at: '/host/sys/class/net', type: 'Directory' },
  { name: 'cpu-manager', path: '/var/lib/kubelet/cpu_manager_state', at: '/host/cpu_manager_state', type: 'File' },
];

/** Flags of sriov-network-metrics-exporter, see its README. */
function exporter({ settings }: OperandInputs): JsonObject {
  const { image, port, resources } = settings.metricsExporter;
  return {
    name: 'metrics-exporter',
    image,
    imagePullPolicy: settings.imagePullPolicy,
    args: [
      `--web.listen-address=127.0.0.1:${port}`,
      '--path.kubecgroup=/sys/fs/cgroup',
      '--path.sysbuspci=/host/sys/bus/pci/devices/',
      '--path.sysclassnet=/host/sys/class/net/',
      '--path.cpucheckpoint=/host/cpu_manager_state',
      '--path.kubeletsocket=/host/kubelet.sock',
      '--collector.kubepoddevice=true',
      '--collector.vfstatspriority=netlink,sysfs',
    ],
    resources,
    securityContext: CONFINED,
    volumeMounts: HOST_PATHS.map(({ name, at }) => mount(name, at, name !== 'kubelet-socket')),
  };
}

function rbacProxy({ settings }: OperandInputs): JsonObject {
  const { port, proxy } = settings.metricsExporter;
  return {
    name: 'kube-rbac-proxy',
    image: proxy.image,
    imagePullPolicy: settings.imagePullPolicy,
    args: [
      `--secure-listen-address=[$(HOST_IP)]:${port}`,
      `--upstream=http://127.0.0.1:${port}/`,
      '--tls-private-key-file=/etc/metrics/tls.key',
      '--tls-cert-file=/etc/metrics/tls.crt',
      ...proxyTlsFlags(settings),
    ],
    env: [fieldEnv('HOST_IP', 'status.hostIP')],
    ports: [{ name: 'https-metrics', containerPort: port }],
    resources: proxy.resources,
    securityContext: CONFINED,
    volumeMounts: [mount('certificate', '/etc/metrics', true)],
  };
}

function volumes(secretName: string): JsonObject[] {
  return [
    ...HOST_PATHS.map(({ name, path, type }) => ({ name, hostPath: { path, type } })),
    { name: 'certificate', secret: { secretName } },
  ];
}

/** Name of the Service, of its port, and of the label by which a ServiceMonitor finds it, as upstream has them. */
function service(inputs: OperandInputs): WantedObject {
  const { port } = inputs.settings.metricsExporter;
  const name = `${NAME}-service`;
  const metadata = metadataOf(inputs, 'metrics-exporter', name);
  return {
    resource: SERVICE,
    object: {
      metadata: { ...metadata, labels: { ...metadata.labels, name }, annotations: { 'prometheus.io/target': 'true' } },
      spec: {
        selector: { app: NAME },
        ports: [{ name: 'sriov-network-metrics', protocol: 'TCP', port, targetPort: port }],
      },
    },
  };
}
