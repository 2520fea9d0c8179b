import { mkdtempSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DEFAULT_OPERATOR_NAMESPACE as NAMESPACE } from '@sriov/api';
import { applyChart, serviceKubeconfig } from '@sriov/chart';
import { findFreePort, Supervisor } from '@sriov/control-plane';
import { bundleApp, NodePolicies, until } from '@sriov/vm';
import { z } from 'zod';
import { IMAGE } from './images/build-images.ts';
import { type RealNode } from './real-node.ts';

/** The DaemonSets that run on the node. */
export const DAEMON_SET = {
  configDaemon: 'sriov-network-config-daemon',
  devicePlugin: 'sriov-operator-device-plugin',
} as const;
export type DaemonSetName = (typeof DAEMON_SET)[keyof typeof DAEMON_SET];

/** The services that run on this machine. */
const SERVICES = ['policy-controller', 'operand-controller'] as const;
const DAEMON_SETS = `/apis/apps/v1/namespaces/${NAMESPACE}/daemonsets`;
/** Node.js starts slowly on an emulated machine, and a DaemonSet lets one pod after the other start. */
const READY_MS = 180_000;

/** What runs on the node comes from local images; what does not run there is no part of this. */
const VALUES = {
  imagePullPolicy: 'Never',
  images: { sriovConfigDaemon: IMAGE.configDaemon, devicePlugin: IMAGE.devicePlugin },
  operator: { admissionControllers: { enabled: false } },
  policyController: { replicas: 0 },
  networkRenderer: { replicas: 0 },
  operandController: { replicas: 0 },
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

/**
 * The operator on a real node, installed by its chart: what the DaemonSets run are pods of the node. Policy controller
 * and operand controller are processes of this machine, each under its own account.
 */
export class Operator extends NodePolicies {
  readonly #supervisor: Supervisor;

  /** Which service of this machine has ended, and how: checks that wait for something name it. */
  #ended: string | undefined;

  private constructor({ plane, name }: Pick<RealNode, 'plane' | 'name'>, folder: string) {
    super(plane.access, name);
    this.#supervisor = new Supervisor(folder, (end) => (this.#ended ??= `${end.name} has ended (${end.how})`));
  }

  /** Installs it, and waits until the daemon of the node runs. */
  static async install({ plane, name }: RealNode): Promise<Operator> {
    const folder = mkdtempSync(join(tmpdir(), 'sriov-node-services-'));
    const operator = new Operator({ plane, name }, folder);
    try {
      await applyChart(plane.access, { namespace: NAMESPACE, values: VALUES });
      for (const service of SERVICES) await operator.#start(service, folder);
      // The device plugin comes with the first policy for the node.
      await operator.untilRolledOut(DAEMON_SET.configDaemon);
      return operator;
    } catch (error) {
      await operator.close();
      throw error;
    }
  }

  async #start(service: (typeof SERVICES)[number], folder: string): Promise<void> {
    const bundle = join(folder, `${service}.mjs`);
    const kubeconfig = join(folder, `${service}.kubeconfig`);
    await bundleApp(service, bundle);
    const account = { namespace: NAMESPACE, service };
    await writeFile(kubeconfig, await serviceKubeconfig(this.access, account), { mode: 0o600 });
    const listen = `127.0.0.1:${await findFreePort()}`;
    const args = [bundle, '--kubeconfig', kubeconfig, '--namespace', NAMESPACE, '--listen', listen];
    this.#supervisor.start({ name: service, command: process.execPath, args });
  }

  /** @throws Error also when a service has ended: nothing that a check waits for would come */
  override request(method: string, path: string, body?: object): Promise<unknown> {
    return this.#ended === undefined ? super.request(method, path, body) : Promise.reject(new Error(this.#ended));
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

  /** Ends what runs on this machine. */
  async close(): Promise<void> {
    await this.#supervisor.close();
  }
}
