import { LABEL, managedNodeLabels } from '@sriov/api';
import { type JsonObject } from './json.ts';
import { type Operand, OPERAND_DAEMON_SETS, type OperandInputs } from './operand.ts';
import { daemonSet, hostFolder, mount, placementOf, ROLLING } from './pod-parts.ts';

const NAME = OPERAND_DAEMON_SETS['cni-plugins'];
const FOLDER = '/host/opt/cni/bin';

/** Copies the binaries, and stays: the containers of a DaemonSet must not end. The shell has to end when it is told to. */
const OVS_SCRIPT = `trap 'exit 0' TERM; for file in ovs ovs-mirror-producer ovs-mirror-consumer; do cp "/$file" "${FOLDER}/$file" || exit 1; done; sleep infinity & wait`;

/**
 * The images that can install CNI plugins on a node. The image of Open vSwitch has no program for it; the others copy
 * their plugin at their start, and then sleep.
 */
const INSTALLERS: readonly { readonly name: string; readonly image: Image; readonly run: JsonObject }[] = [
  { name: 'sriov-cni', image: 'sriovCni', run: {} },
  { name: 'sriov-infiniband-cni', image: 'ibSriovCni', run: {} },
  { name: 'ovs-cni', image: 'ovsCni', run: { command: ['/bin/sh', '-c', OVS_SCRIPT] } },
  { name: 'rdma-cni', image: 'rdmaCni', run: {} },
];
type Image = keyof OperandInputs['settings']['cniPlugins']['images'];

/**
 * The CNI plugins whose images are set, in pods of their own: an image that cannot be pulled holds up neither the daemon
 * nor the other plugins.
 */
export function cniPlugins(inputs: OperandInputs): Operand {
  const { config, settings } = inputs;
  const own = settings.cniPlugins;
  const installers = INSTALLERS.filter(({ image }) => own.images[image] !== '');
  if (installers.length === 0) return { kind: 'off' };
  const { wanted, remarks } = daemonSet(inputs, {
    operand: 'cni-plugins',
    name: NAME,
    app: NAME,
    updateStrategy: ROLLING,
    pod: {
      serviceAccountName: NAME,
      automountServiceAccountToken: false,
      // A container that sleeps does not hear that it is to end.
      terminationGracePeriodSeconds: 1,
      ...placementOf(own),
      nodeSelector: { [LABEL.os]: 'linux', ...managedNodeLabels(config) },
      containers: installers.map(({ name, image, run }) => ({
        name,
        image: own.images[image],
        imagePullPolicy: settings.imagePullPolicy,
        ...run,
        resources: own.resources,
        // The folder belongs to the host's root, and SELinux keeps ordinary containers from it.
        securityContext: { privileged: true, runAsUser: 0 },
        volumeMounts: [mount('cni-bin', FOLDER), mount('os-release', '/host/etc/os-release', true)],
      })),
      volumes: [
        hostFolder('cni-bin', own.binPath, 'DirectoryOrCreate'),
        // By which the installers choose between builds.
        { name: 'os-release', hostPath: { path: '/etc/os-release', type: 'File' } },
      ],
    },
    patch: own.patch,
  });
  return { kind: 'on', objects: [wanted], remarks };
}
