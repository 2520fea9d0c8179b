import { mkdtempSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import {
  DEFAULT_OPERATOR_NAMESPACE,
  LABEL,
  type NetworkAttachmentDefinition,
  type ServiceName,
  type SriovNetworkNodeState,
} from '@sriov/api';
import { applyChart, serviceKubeconfig } from '@sriov/chart';
import {
  adminRequest,
  type AppliedObject,
  applyObject,
  type ControlPlane,
  findFreePort,
  startControlPlane,
} from '@sriov/control-plane';
import { messageOf } from '@sriov/errors';
import { bundleOf, makeBundles } from './bundles.ts';
import { DemoError } from './demo-error.ts';
import { type Examples } from './examples.ts';
import { findFaults, type Outcome } from './outcome.ts';
import { Services } from './services.ts';
import { type Stopwatch } from './stopwatch.ts';

/** What the demo runs on. */
export interface ClusterOptions {
  /** World file of the simulated node. */
  readonly world: string;
  readonly examples: Examples;
  readonly stopwatch: Stopwatch;
  readonly say: (line: string) => void;
}

/** Name of the simulated node. */
export const NODE = 'demo-node';
const NAMESPACE = DEFAULT_OPERATOR_NAMESPACE;
/** What the demo runs. */
export const SERVICES: readonly ServiceName[] = [
  'policy-controller',
  'network-renderer',
  'operand-controller',
  'drain-controller',
  'admission-webhook',
  'config-daemon',
];
const HOST = '127.0.0.1';
const CONVERGE_MS = 120_000;

interface ClusterParts {
  readonly plane: ControlPlane;
  readonly services: Services;
  readonly folder: string;
  readonly options: ClusterOptions;
}

/** A control plane with the services and a simulated node, all processes of this machine. */
export class DemoCluster {
  readonly plane: ControlPlane;
  readonly services: Services;
  readonly #folder: string;
  readonly #options: ClusterOptions;

  private constructor(parts: ClusterParts) {
    this.plane = parts.plane;
    this.services = parts.services;
    this.#folder = parts.folder;
    this.#options = parts.options;
  }

  /**
   * Brings everything up, the services under their own accounts.
   * @throws {NoControlPlaneError} {@link ControlPlaneError} {@link NoToolError} {@link DemoError}
   */
  static async start(options: ClusterOptions): Promise<DemoCluster> {
    const { stopwatch, say } = options;
    await stopwatch.time('bundle the services', () => makeBundles(SERVICES));
    const plane = await stopwatch.time('start etcd and kube-apiserver', () =>
      startControlPlane({ controllerManager: true, onProgress: (line) => say(`  ${line}`) }),
    );
    const folder = mkdtempSync(join(tmpdir(), 'sriov-demo-'));
    const cluster = new DemoCluster({ plane, services: new Services(folder, say), folder, options });
    try {
      await cluster.#install();
      return cluster;
    } catch (error) {
      await cluster.stop();
      throw error;
    }
  }

  async #install(): Promise<void> {
    const { stopwatch, say } = this.#options;
    const webhookPort = await findFreePort();
    const chart = {
      namespace: NAMESPACE,
      values: {
        crds: { networkAttachmentDefinition: true },
        admissionWebhook: { url: `https://${HOST}:${webhookPort}` },
      },
      onProgress: (line: string) => say(`  ${line}`),
    };
    await stopwatch.time('install CRDs, rights and the registration of the webhook from the chart', () =>
      applyChart(this.plane.access, { ...chart, parts: ['crds', 'rights', 'configuration', 'registration'] }),
    );
    const metadata = { name: NODE, labels: { [LABEL.worker]: '', [LABEL.os]: 'linux' } };
    await applyObject(this.plane.access, { apiVersion: 'v1', kind: 'Node', metadata });
    await stopwatch.time('start the services', () =>
      Promise.all(SERVICES.map((service) => this.#startService(service, webhookPort))),
    );
  }

  async #startService(name: ServiceName, webhookPort: number): Promise<void> {
    const kubeconfig = join(this.#folder, `${name}.kubeconfig`);
    const account = { namespace: NAMESPACE, service: name, ...(name === 'config-daemon' && { node: NODE }) };
    await writeFile(kubeconfig, await serviceKubeconfig(this.plane.access, account), { mode: 0o600 });
    const args = ['--kubeconfig', kubeconfig, '--namespace', NAMESPACE, ...this.#flagsOf(name, webhookPort)];
    await this.services.start({ name, bundle: bundleOf(name), args });
  }

  #flagsOf(name: ServiceName, webhookPort: number): string[] {
    if (name === 'admission-webhook') {
      // Nobody waits for another replica: there is none.
      const stopAtOnce = ['--stop-delay-seconds', '0'];
      return ['--port', String(webhookPort), '--bind-address', HOST, '--certificate-names', HOST, ...stopAtOnce];
    }
    if (name !== 'config-daemon') return [];
    const host = ['--simulate', this.#options.world, '--simulate-state', this.machineFile];
    return ['--node-name', NODE, ...host, '--simulate-pods', this.podsFile];
  }

  /** File in which the simulated node outlives its daemon. */
  get machineFile(): string {
    return join(this.#folder, 'machine.json');
  }

  /** File by which the simulated node hears which pods have its VFs. */
  get podsFile(): string {
    return join(this.#folder, 'pods.json');
  }

  /** Applies the examples as an administrator, and waits until all is as they want it, or it took too long. */
  async applyExamples(): Promise<Outcome> {
    const { examples, stopwatch } = this.#options;
    await stopwatch.time('apply the example policies and network', async () => {
      for (const object of [...examples.policies, ...examples.networks]) {
        await applyObject(this.plane.access, object as AppliedObject).catch((cause: unknown) => {
          throw new DemoError(`the example cannot be applied: ${messageOf(cause)}`, { cause });
        });
      }
    });
    return stopwatch.time('wait until the node is as they want it', () => this.#waitForOutcome());
  }

  async #waitForOutcome(): Promise<Outcome> {
    const deadline = Date.now() + CONVERGE_MS;
    for (;;) {
      const outcome = await this.#look();
      if (isSettled(outcome.state) && findFaults(outcome).length === 0) return outcome;
      if (Date.now() > deadline) return outcome;
      await delay(100);
    }
  }

  async #look(): Promise<Outcome> {
    const state = `/apis/sriovnetwork.openshift.io/v1/namespaces/${NAMESPACE}/sriovnetworknodestates/${NODE}`;
    const attachments = this.#options.examples.networks.map(async ({ metadata, spec }) => {
      const namespace = spec?.networkNamespace ?? metadata.namespace;
      const path = `/apis/k8s.cni.cncf.io/v1/namespaces/${namespace}/network-attachment-definitions/${metadata.name}`;
      return this.#get<NetworkAttachmentDefinition>(path);
    });
    return {
      state: (await this.#get<SriovNetworkNodeState>(state)) ?? { metadata: { name: NODE } },
      attachments: await Promise.all(attachments),
      laps: this.#options.stopwatch.laps,
    };
  }

  async #get<T>(path: string): Promise<T | undefined> {
    const { status, body } = await adminRequest(this.plane.access, { method: 'GET', path });
    return status === 200 ? (body as T) : undefined;
  }

  /** What people can do with a demo that is left running. */
  invitation(): string[] {
    const kubectl = `${this.plane.kubectl} --kubeconfig ${this.plane.kubeconfigPath}`;
    return [
      '',
      `kubeconfig: ${this.plane.kubeconfigPath}`,
      `logs: ${this.#folder}`,
      ...SERVICES.map((name) => `${name}: process ${this.services.pidOf(name)}`),
      '',
      'Try:',
      `  ${kubectl} get sriovnetworknodestates,sriovnetworknodepolicies,sriovnetworks -A`,
      `  ${kubectl} patch -n ${NAMESPACE} sriovnetworknodepolicy intel-vfio --type merge -p '{"spec":{"numVfs":6}}'`,
      '  kill -9 a service: it starts again and finds everything as it was',
      '',
      'Ctrl-C stops it and removes everything.',
    ];
  }

  /** Ends everything and removes it. */
  async stop(): Promise<void> {
    await this.services.close();
    await this.plane.stop();
  }
}

/** The status speaks of the spec as it is now. */
function isSettled({ metadata, status }: SriovNetworkNodeState): boolean {
  const conditions = status?.conditions ?? [];
  return conditions.some(
    ({ type, observedGeneration }) => type === 'Ready' && observedGeneration === metadata.generation,
  );
}
