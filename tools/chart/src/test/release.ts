import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { adminAnswer, adminRequest, type ControlPlane, startControlPlane } from '@sriov/control-plane';
import { eventually } from '@sriov/testing';
import { z } from 'zod';
import { resolveHelm } from '../helm.ts';
import { CHART_FOLDER, runHelm, withValuesFile } from '../render.ts';
import { type Found, listAll, nameOf } from './all-objects.ts';
import { PodRunner } from './pod-runner.ts';

/** The namespaces of the operator and of somebody who uses it. */
export const OPERATOR = 'sriov-network-operator';
export const TEAM = 'team';
const API_VERSION = 'sriovnetwork.openshift.io/v1';

/** Longest wait for the garbage collector. It looks for new kinds, such as those of the chart, every 30 s. */
export const COLLECTED_MS = 90_000;

const metaSchema = z.object({
  metadata: z.object({
    name: z.string(),
    uid: z.string(),
    deletionTimestamp: z.string().optional(),
    finalizers: z.array(z.string()).default([]),
    labels: z.record(z.string(), z.string()).default({}),
  }),
});
/** What the tests read of an object. */
export type Meta = z.output<typeof metaSchema>['metadata'];

/** A cluster of its own with Kubernetes' controllers, and the chart in it. Its pods run as processes would. */
export class Release {
  readonly plane: ControlPlane;
  readonly #helmPath: string;
  readonly #folder = mkdtempSync(join(tmpdir(), 'sriov-release-'));
  #pods: PodRunner | undefined;
  /** What there was before the first installation. */
  #baseline = new Set<string>();

  private constructor(plane: ControlPlane, helmPath: string) {
    this.plane = plane;
    this.#helmPath = helmPath;
  }

  static async create(): Promise<Release> {
    const { path } = await resolveHelm();
    const release = new Release(await startControlPlane({ controllerManager: true }), path);
    await release.ask('POST', '/api/v1/namespaces', { metadata: { name: TEAM } });
    for (const name of ['node-a', 'node-b']) {
      const labels = { 'kubernetes.io/os': 'linux', 'node-role.kubernetes.io/worker': '' };
      await release.ask('POST', '/api/v1/nodes', { metadata: { name, labels } });
    }
    release.#baseline = new Set((await listAll(release.plane.access)).map(nameOf));
    return release;
  }

  async end(): Promise<void> {
    await this.#pods?.stop();
    await this.plane.stop();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  ask(method: string, path: string, body?: object): Promise<unknown> {
    return adminAnswer(this.plane.access, { method, path, ...(body && { body }) });
  }

  async find(path: string): Promise<Meta | undefined> {
    const { status, body } = await adminRequest(this.plane.access, { method: 'GET', path });
    return status === 404 ? undefined : metaSchema.parse(body).metadata;
  }

  async mustFind(path: string): Promise<Meta> {
    const found = await this.find(path);
    if (found === undefined) throw new Error(`there is no ${path}`);
    return found;
  }

  untilGone(path: string): Promise<true> {
    return eventually(async () => (await this.find(path)) === undefined, COLLECTED_MS);
  }

  /** Makes an object of ours in the operator's namespace. */
  create(kind: string, metadata: object, spec: object): Promise<unknown> {
    return eventually(() =>
      this.ask('POST', ours(`${kind.toLowerCase()}s`.replace('policys', 'policies')), {
        ...{ apiVersion: API_VERSION, kind, metadata, spec },
      }),
    );
  }

  /** Makes a network whose NetworkAttachmentDefinition is the team's, and waits for that. */
  async createNetwork(name: string): Promise<void> {
    await this.create('SriovNetwork', { name }, { resourceName: 'x', networkNamespace: TEAM });
    await eventually(() => this.find(attachment(name)));
  }

  /** Waits for what the controllers make of the SriovOperatorConfig. */
  async untilDeployed(): Promise<void> {
    for (const path of [CONFIG, DAEMON, STATE]) await eventually(() => this.find(path));
  }

  /** Installs the chart or upgrades to it. Pods run from then on. */
  async install(values: object = {}): Promise<void> {
    await withValuesFile({ ...WITHOUT_WEBHOOK, ...values }, (file) =>
      this.helm('upgrade', '--install', '--create-namespace', 'sriov', CHART_FOLDER, '--values', file),
    );
    this.#pods ??= new PodRunner(this.plane.access, OPERATOR);
  }

  async uninstall(...flags: string[]): Promise<void> {
    await this.helm('uninstall', 'sriov', '--timeout', '60s', ...flags);
    await this.#pods?.stop();
    this.#pods = undefined;
  }

  helm(...args: readonly string[]): Promise<string> {
    return runHelm(this.#helmPath, [...args, '--namespace', OPERATOR, '--kubeconfig', this.plane.kubeconfigPath], {
      ...process.env,
      HOME: this.#folder,
      KUBECACHEDIR: join(this.#folder, 'kube'),
    });
  }

  /** What was not there before the first installation, once Kubernetes has collected what nobody owns any more. */
  async leftovers(): Promise<Found[]> {
    const all = await listAll(this.plane.access);
    return all.filter((object) => !this.#baseline.has(nameOf(object)));
  }
}

const WITHOUT_WEBHOOK = {
  crds: { networkAttachmentDefinition: true },
  operator: { admissionControllers: { enabled: false } },
};

/** Path of objects of ours in the operator's namespace. */
export function ours(plural: string, name = ''): string {
  return `/apis/${API_VERSION}/namespaces/${OPERATOR}/${plural}/${name}`.replace(/\/$/, '');
}

/** Path of the SriovOperatorConfig. */
export const CONFIG = ours('sriovoperatorconfigs', 'default');

/** Path of the daemon's DaemonSet. */
export const DAEMON = `/apis/apps/v1/namespaces/${OPERATOR}/daemonsets/sriov-network-config-daemon`;

/** Path of the state of the first node. */
export const STATE = ours('sriovnetworknodestates', 'node-a');

/** Path of a NetworkAttachmentDefinition of the team. */
export function attachment(name: string): string {
  return `/apis/k8s.cni.cncf.io/v1/namespaces/${TEAM}/network-attachment-definitions/${name}`;
}
