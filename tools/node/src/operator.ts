import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DEFAULT_OPERATOR_NAMESPACE as NAMESPACE } from '@sriov/api';
import { CHART_FOLDER, resolveHelm, runHelm, withValuesFile } from '@sriov/chart';
import { NodePolicies, until } from '@sriov/vm';
import { z } from 'zod';
import { imageOf } from './images/build-images.ts';
import { type RealNode } from './real-node.ts';

/** The DaemonSets that run on the node. */
export const DAEMON_SET = {
  configDaemon: 'sriov-network-config-daemon',
  devicePlugin: 'sriov-operator-device-plugin',
} as const;
export type DaemonSetName = (typeof DAEMON_SET)[keyof typeof DAEMON_SET];

const DAEMON_SETS = `/apis/apps/v1/namespaces/${NAMESPACE}/daemonsets`;
/** Node.js starts slowly on an emulated machine, and a DaemonSet lets one pod after the other start. */
const READY_MS = 180_000;

/** All comes from local images. Network attachments are ours, because Multus is not there. */
const VALUES = {
  imagePullPolicy: 'Never',
  images: {
    policyController: imageOf('policy-controller'),
    networkRenderer: imageOf('network-renderer'),
    drainController: imageOf('drain-controller'),
    operandController: imageOf('operand-controller'),
    sriovConfigDaemon: imageOf('config-daemon'),
    devicePlugin: imageOf('device-plugin'),
  },
  crds: { networkAttachmentDefinition: true },
  operator: { admissionControllers: { enabled: false } },
};

const daemonSetSchema = z.object({
  metadata: z.object({ generation: z.number() }),
  status: z.object({
    observedGeneration: z.number().default(0),
    desiredNumberScheduled: z.number(),
    updatedNumberScheduled: z.number().default(0),
    numberAvailable: z.number().default(0),
    currentNumberScheduled: z.number(),
  }),
});

/** The operator on a real node, installed by helm: all of it runs in pods of the node, but for the webhook. */
export class Operator extends NodePolicies {
  /** Installs it as the chart's README says, and waits until all that does not need a policy runs. */
  static async install({ plane, name }: RealNode): Promise<Operator> {
    const helm = await resolveHelm();
    const home = await mkdtemp(join(tmpdir(), 'sriov-node-helm-'));
    try {
      await withValuesFile(VALUES, (values) => {
        const where = ['--namespace', NAMESPACE, '--create-namespace', '--kubeconfig', plane.kubeconfigPath];
        const how = ['--values', values, '--wait', '--timeout', `${READY_MS / 1000}s`];
        return runHelm(helm.path, ['install', 'sriov', CHART_FOLDER, ...where, ...how], { ...process.env, HOME: home });
      });
    } finally {
      await rm(home, { recursive: true });
    }
    const operator = new Operator(plane.access, name);
    // The device plugin comes with the first policy for the node.
    await operator.untilRolledOut(DAEMON_SET.configDaemon);
    return operator;
  }

  /** Starts new pods of a DaemonSet, as an upgrade does, and waits until they have taken over. */
  async rollOut(daemonSet: DaemonSetName, now: string): Promise<void> {
    const annotations = { 'kubectl.kubernetes.io/restartedAt': now };
    await this.request('PATCH', `${DAEMON_SETS}/${daemonSet}`, { spec: { template: { metadata: { annotations } } } });
    await this.untilRolledOut(daemonSet);
  }

  /** Waits until each pod of a DaemonSet is of its newest version, and ready. */
  async untilRolledOut(daemonSet: DaemonSetName): Promise<void> {
    await until(
      `${daemonSet} is rolled out`,
      async () => {
        const { metadata, status } = daemonSetSchema.parse(await this.request('GET', `${DAEMON_SETS}/${daemonSet}`));
        const { desiredNumberScheduled: wanted, updatedNumberScheduled, numberAvailable } = status;
        const isSeen = status.observedGeneration === metadata.generation && wanted > 0;
        return isSeen && updatedNumberScheduled === wanted && numberAvailable === wanted;
      },
      READY_MS,
    );
  }
}
