import { affinityOf, commonMounts, commonVolumes, CONFIG_FLAG, PLUGIN_NODES, usesCdi } from './device-plugin-pods.ts';
import { type JsonObject } from './json.ts';
import { type Operand, OPERAND_DAEMON_SETS, type OperandInputs } from './operand.ts';
import { daemonSet, fieldEnv, hostFolder, mount, placementOf, ROLLING } from './pod-parts.ts';

const NAME = OPERAND_DAEMON_SETS['sriov-network-device-plugin'];

/** The original sriov-network-device-plugin, as upstream's operator runs it: where it is the kind of the node. */
export function originalDevicePlugin(inputs: OperandInputs): Operand {
  const { config, settings } = inputs;
  const { image, patch } = settings.sriovNetworkDevicePlugin;
  if (image === '') {
    if (settings.devicePlugin.kind === 'own') return { kind: 'off' };
    return { kind: 'impossible', message: 'nodes are to have the original device plugin, and its image is not set' };
  }
  const { wanted, remarks } = daemonSet(inputs, {
    operand: 'sriov-network-device-plugin',
    name: NAME,
    app: NAME,
    updateStrategy: ROLLING,
    pod: {
      serviceAccountName: NAME,
      automountServiceAccountToken: false,
      hostNetwork: true,
      ...placementOf(settings.devicePlugin),
      nodeSelector: PLUGIN_NODES,
      affinity: affinityOf('sriov-network-device-plugin', settings),
      containers: [container(inputs)],
      volumes: [
        ...commonVolumes(settings, usesCdi(config, settings)),
        hostFolder('plugins-registry', PLUGINS_REGISTRY, 'Directory'),
      ],
    },
    patch,
  });
  return { kind: 'on', objects: [wanted], remarks };
}

const PLUGINS_REGISTRY = '/var/lib/kubelet/plugins_registry';

function container({ config, settings }: OperandInputs): JsonObject {
  const isWithCdi = usesCdi(config, settings);
  return {
    name: NAME,
    image: settings.sriovNetworkDevicePlugin.image,
    imagePullPolicy: settings.imagePullPolicy,
    args: [
      '--log-level=10',
      `--resource-prefix=${settings.resourcePrefix}`,
      CONFIG_FLAG,
      ...(isWithCdi ? ['--use-cdi'] : []),
    ],
    env: [fieldEnv('NODE_NAME', 'spec.nodeName')],
    resources: { requests: { cpu: '10m', memory: '50Mi' } },
    securityContext: { privileged: true, readOnlyRootFilesystem: true },
    volumeMounts: [...commonMounts(isWithCdi), mount('plugins-registry', PLUGINS_REGISTRY)],
  };
}
