import {
  affinityOf,
  commonMounts,
  commonVolumes,
  CONFIG_FLAG,
  PLUGIN_NODES,
  TMP,
  usesCdi,
} from './device-plugin-pods.ts';
import { type JsonObject } from './json.ts';
import { logLevelOf } from './log-level.ts';
import { type Operand, OPERAND_DAEMON_SETS, type OperandInputs } from './operand.ts';
import { CONFINED, daemonSet, fieldEnv, hostFolder, mount, placementOf } from './pod-parts.ts';

const NAME = OPERAND_DAEMON_SETS['device-plugin'];
/** Two processes: when one ends, the kubelet goes on with the other. */
const PROCESSES = ['device-plugin', 'device-plugin-standby'];

/** The operator's own device plugin. */
export function devicePlugin(inputs: OperandInputs): Operand {
  const { config, settings } = inputs;
  const own = settings.devicePlugin;
  const isWithCdi = usesCdi(config, settings);
  const { wanted, remarks } = daemonSet(inputs, {
    operand: 'device-plugin',
    name: NAME,
    // Not that of the original: the daemon deletes the pods of that, which learns nothing without a restart.
    app: NAME,
    // A pod ends when its successor has told the kubelet about all devices: without a device plugin, the kubelet
    // rejects pods for good.
    updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: '10%', maxUnavailable: 0 } },
    minReadySeconds: 10,
    pod: {
      serviceAccountName: NAME,
      automountServiceAccountToken: false,
      // An allocation may wait for half a minute until a VF has been changed. The process ends by itself after 40 s.
      terminationGracePeriodSeconds: 45,
      // It needs to know which interfaces the host itself uses.
      hostNetwork: true,
      ...placementOf(own),
      nodeSelector: PLUGIN_NODES,
      // Without the original, a label that asks for it leaves nobody else to hand out devices.
      ...(settings.sriovNetworkDevicePlugin.image !== '' && { affinity: affinityOf('own', settings) }),
      containers: PROCESSES.map((name, index) => process(inputs, { name, port: own.port + index })),
      volumes: [
        ...commonVolumes(settings, isWithCdi),
        // Which device files there are: of VFIO, RDMA, vhost and others.
        hostFolder('dev', '/dev'),
        hostFolder('pod-resources', POD_RESOURCES, 'Directory'),
        // Where the config daemon of the node hands over what changes.
        hostFolder('handover', HANDOVER, 'DirectoryOrCreate'),
        TMP.volume,
      ],
    },
    patch: own.patch,
  });
  return { kind: 'on', objects: [wanted], remarks };
}

const POD_RESOURCES = '/var/lib/kubelet/pod-resources';
const HANDOVER = '/run/sriov-operator';

function process(inputs: OperandInputs, { name, port }: { readonly name: string; readonly port: number }): JsonObject {
  const { config, settings } = inputs;
  const { image, allocationPolicy, logLevel, resources } = settings.devicePlugin;
  const isWithCdi = usesCdi(config, settings);
  return {
    name,
    image,
    imagePullPolicy: settings.imagePullPolicy,
    args: [
      CONFIG_FLAG,
      `--resource-prefix=${settings.resourcePrefix}`,
      `--allocation-policy=${allocationPolicy}`,
      ...(isWithCdi ? ['--use-cdi'] : []),
    ],
    env: [
      fieldEnv('NODE_NAME', 'spec.nodeName'),
      fieldEnv('POD_NAME', 'metadata.name'),
      fieldEnv('POD_NAMESPACE', 'metadata.namespace'),
      { name: 'LISTEN', value: `127.0.0.1:${port}` },
      { name: 'STARTED_FOLDER', value: `/tmp/${name}` },
      { name: 'LOG_LEVEL', value: logLevel === '' ? logLevelOf(config, settings) : logLevel },
    ],
    // No ports are declared: a new pod could not be scheduled beside the old one, which listens on the same.
    // For the same reason the new one is not asked over the network whether it has started.
    startupProbe: {
      // A node that boots has better things to do than to start processes in containers, Node.js in particular. Until
      // this one is taken for started it works all the same, and its predecessor as well.
      exec: { command: ['cat', '/proc/1/cwd/started'] },
      initialDelaySeconds: 2,
      periodSeconds: 10,
      timeoutSeconds: 5,
      failureThreshold: 30,
    },
    livenessProbe: { httpGet: { host: '127.0.0.1', path: '/livez', port }, periodSeconds: 20, timeoutSeconds: 5 },
    resources,
    // The host's /dev is read-only.
    terminationMessagePath: '/tmp/termination-log',
    securityContext: {
      ...CONFINED,
      // The kubelet's sockets and folders belong to root, who needs no capability to use what is their own.
      runAsUser: 0,
      seccompProfile: { type: 'RuntimeDefault' },
      // Where there is SELinux, it keeps ordinary containers from the kubelet's sockets.
      seLinuxOptions: { type: 'spc_t' },
    },
    volumeMounts: [
      ...commonMounts(isWithCdi),
      mount('dev', '/dev', true),
      mount('pod-resources', POD_RESOURCES, true),
      mount('handover', HANDOVER),
      TMP.mount,
    ],
  };
}
