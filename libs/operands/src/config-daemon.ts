import { DEVICE_PLUGIN_METRICS_PATHS, managedNodeLabels } from '@sriov/api';
import { listSome } from '@sriov/words';
import { type JsonObject } from './json.ts';
import { logLevelOf } from './log-level.ts';
import { type Operand, OPERAND_DAEMON_SETS, type OperandInputs } from './operand.ts';
import {
  CONFINED,
  daemonSet,
  emptyFolder,
  envOf,
  fieldEnv,
  hostFolder,
  mount,
  placementOf,
  proxyTlsFlags,
  ROLLING,
} from './pod-parts.ts';

const NAME = OPERAND_DAEMON_SETS['config-daemon'];

const BRIDGES_GATE = 'manageSoftwareBridges';
/** What `disablePlugins` calls the changes of the firmware of Mellanox NICs. */
const MELLANOX_PLUGIN = 'mellanox';

/** The node agent. Its account and its rights are the chart's. */
export function configDaemon(inputs: OperandInputs): Operand {
  const { config, settings } = inputs;
  const own = settings.configDaemon;
  const environment = environmentOf(inputs);
  const { wanted, remarks } = daemonSet(inputs, {
    operand: 'config-daemon',
    name: NAME,
    app: NAME,
    updateStrategy: ROLLING,
    podAnnotations: { 'kubectl.kubernetes.io/default-container': 'config-daemon' },
    pod: {
      serviceAccountName: NAME,
      // It needs the interfaces of the host's network, and looks for users of VFs among all processes of the host.
      hostNetwork: true,
      hostPID: true,
      ...placementOf(own),
      nodeSelector: managedNodeLabels(config),
      containers: [
        daemonContainer(inputs, environment.variables),
        ...(own.metricsProxy.image === '' ? [] : [metricsProxy(inputs)]),
      ],
      volumes: [hostFolder('host', '/'), emptyFolder('tmp')],
    },
    patch: own.patch,
  });
  return { kind: 'on', objects: [wanted], remarks: [...environment.remarks, ...remarks] };
}

/** What the daemon has to be told right: with another node's name it would configure this host as that one. */
const PROTECTED = ['NODE_NAME', 'POD_NAME', 'NAMESPACE', 'HOST_ROOT', 'LISTEN'];

function environmentOf({ config, settings }: OperandInputs): {
  readonly variables: readonly JsonObject[];
  readonly remarks: readonly string[];
} {
  const { stateFolder, configureHostInterfaces, drainPolicy, useExternalDrainer, address, port } =
    settings.configDaemon;
  const wished = Object.entries(config.configDaemonEnvVars ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
  const refused = wished.map(([name]) => name).filter((name) => PROTECTED.includes(name));
  const variables = envOf(
    fieldEnv('NODE_NAME', 'spec.nodeName'),
    fieldEnv('POD_NAME', 'metadata.name'),
    { name: 'HOST_ROOT', value: '/host' },
    { name: 'STATE_FOLDER', value: stateFolder },
    { name: 'CONFIGURE_HOST_INTERFACES', value: String(configureHostInterfaces) },
    { name: 'DRAIN_POLICY', value: drainPolicy },
    { name: 'USE_EXTERNAL_DRAINER', value: String(useExternalDrainer) },
    { name: 'MANAGE_SOFTWARE_BRIDGES', value: String(config.featureGates?.[BRIDGES_GATE] === true) },
    { name: 'CONFIGURATION_MODE', value: config.configurationMode ?? 'daemon' },
    { name: 'CHANGE_FIRMWARE', value: String(config.disablePlugins?.includes(MELLANOX_PLUGIN) !== true) },
    { name: 'LISTEN', value: `${address}:${port}` },
    { name: 'DEVICE_PLUGIN_METRICS_PORT', value: String(settings.devicePlugin.port) },
    fieldEnv('NAMESPACE', 'metadata.namespace'),
    { name: 'LOG_LEVEL', value: logLevelOf(config, settings) },
    ...wished.flatMap(([name, value]) => (refused.includes(name) ? [] : [{ name, value }])),
  );
  const remark = `spec.configDaemonEnvVars does not count for ${listSome(refused)}, which the operator sets`;
  return { variables, remarks: refused.length > 0 ? [remark] : [] };
}

function daemonContainer({ settings }: OperandInputs, env: readonly JsonObject[]): JsonObject {
  const { image, address, port, resources } = settings.configDaemon;
  return {
    name: 'config-daemon',
    image,
    imagePullPolicy: settings.imagePullPolicy,
    env,
    ports: [{ name: 'health', containerPort: port }],
    ...probesAt(isOpen(address) ? undefined : address.replace(/[[\]]/g, '')),
    resources,
    // To write to /sys, which is read-only in other containers.
    securityContext: { privileged: true, runAsUser: 0, readOnlyRootFilesystem: true },
    volumeMounts: [
      // The container also sees what the host mounts later.
      { ...mount('host', '/host'), mountPropagation: 'HostToContainer' },
      mount('tmp', '/tmp'),
    ],
  };
}

/** Whether the kubelet reaches the port at the address of the node. */
function isOpen(address: string): boolean {
  return ['', '0.0.0.0', '[::]'].includes(address);
}

/** `/healthz` is for people: it also reports what a restart does not cure, such as a kernel that does not answer. */
function probesAt(host: string | undefined): JsonObject {
  const get = (path: string): JsonObject => ({
    httpGet: { ...(host !== undefined && { host }), path, port: 'health' },
  });
  return {
    livenessProbe: { ...get('/livez'), initialDelaySeconds: 10, periodSeconds: 20, timeoutSeconds: 5 },
    readinessProbe: { ...get('/readyz'), periodSeconds: 5, timeoutSeconds: 5 },
  };
}

/** Reads the metrics at the loopback address, for clients whose token allows it. */
function metricsProxy({ settings }: OperandInputs): JsonObject {
  const { address, port, metricsProxy: proxy } = settings.configDaemon;
  return {
    name: 'metrics-proxy',
    image: proxy.image,
    imagePullPolicy: settings.imagePullPolicy,
    args: [
      `--secure-listen-address=:${proxy.port}`,
      `--upstream=http://${isOpen(address) ? '127.0.0.1' : address}:${port}/`,
      `--allow-paths=${['/metrics', ...DEVICE_PLUGIN_METRICS_PATHS].join(',')}`,
      ...proxyTlsFlags(settings),
    ],
    ports: [{ name: 'metrics', containerPort: proxy.port }],
    resources: proxy.resources,
    securityContext: { ...CONFINED, runAsNonRoot: true, runAsUser: 65_532 },
  };
}
