import { mkdtempSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import {
  DEFAULT_OPERATOR_CONFIG_NAME,
  DEFAULT_OPERATOR_NAMESPACE as NAMESPACE,
  GROUP,
  LABEL,
  VERSION,
} from '@sriov/api';
import {
  applyObject,
  type AppliedObject,
  type ControlPlane,
  findFreePort,
  isServed,
  startControlPlane,
  Supervisor,
  readManifests,
} from '@sriov/control-plane';
import { kubeconfigForGuest } from './guest-kubeconfig.ts';
import { NodePolicies } from './node-policies.ts';

const CRDS = join(import.meta.dirname, '../../../charts/sriov-network-operator/files/crds');
/** Name of the node that the guest is. */
export const NODE = 'vm';
const POLL_MS = 50;

/** A control plane on this machine with the policy controller, and the guest as its only node. */
export class Cluster extends NodePolicies {
  readonly plane: ControlPlane;
  readonly #supervisor: Supervisor;

  private constructor(plane: ControlPlane, supervisor: Supervisor) {
    super(plane.access, NODE);
    this.plane = plane;
    this.#supervisor = supervisor;
  }

  /** Starts all of it. @param policyController bundle of the service */
  static async start(policyController: string, onProgress: (line: string) => void): Promise<Cluster> {
    const plane = await startControlPlane({ onProgress });
    const folder = mkdtempSync(join(tmpdir(), 'sriov-vm-services-'));
    const supervisor = new Supervisor(folder, ({ name, how }) => {
      void supervisor.logTail(name).then((log) => onProgress(`${name} has ended (${how}): ${log}`));
    });
    const cluster = new Cluster(plane, supervisor);
    try {
      await cluster.#install();
      await cluster.startService('policy-controller', policyController);
      return cluster;
    } catch (error) {
      await cluster.close();
      throw error;
    }
  }

  /** Starts a service of the operator on this machine. @param bundle its file */
  async startService(name: string, bundle: string): Promise<void> {
    const listen = ['--listen', `127.0.0.1:${await findFreePort()}`];
    const args = [bundle, '--kubeconfig', this.plane.kubeconfigPath, ...listen];
    this.#supervisor.start({ name, command: process.execPath, args });
  }

  /** A kubeconfig that leads from the guest to the API server. */
  guestKubeconfig(): Promise<string> {
    return kubeconfigForGuest(this.plane);
  }

  /** Ends everything. */
  async close(): Promise<void> {
    await this.#supervisor.close();
    await this.plane.stop();
  }

  async #install(): Promise<void> {
    const { access } = this.plane;
    const crds = await readCrds();
    await Promise.all(crds.map((crd) => applyObject(access, crd)));
    for (const { metadata } of crds) while (!(await isServed(access, metadata.name))) await delay(POLL_MS);
    await this.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } });
    const config = { name: DEFAULT_OPERATOR_CONFIG_NAME, namespace: NAMESPACE };
    await this.apply({ apiVersion: `${GROUP}/${VERSION}`, kind: 'SriovOperatorConfig', metadata: config });
    const labels = { [LABEL.worker]: '', [LABEL.os]: 'linux' };
    await this.request('POST', '/api/v1/nodes', { metadata: { name: NODE, labels } });
  }
}

async function readCrds(): Promise<AppliedObject[]> {
  const files = await readdir(CRDS);
  const texts = await Promise.all(files.map((name) => readFile(join(CRDS, name), 'utf8')));
  return texts.flatMap(readManifests);
}
