import { mkdtempSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import {
  type Condition,
  CONDITION,
  DEFAULT_OPERATOR_CONFIG_NAME,
  DEFAULT_OPERATOR_NAMESPACE as NAMESPACE,
  GROUP,
  LABEL,
  type NodePolicySpec,
  type SriovNetworkNodeState,
  VERSION,
} from '@sriov/api';
import {
  adminRequest,
  applyObject,
  type AppliedObject,
  type ControlPlane,
  findFreePort,
  isServed,
  startControlPlane,
  Supervisor,
  readManifests,
} from '@sriov/control-plane';
import { messageOf } from '@sriov/errors';
import { parse, stringify } from 'yaml';
import { z } from 'zod';
import { until } from './until.ts';

const CRDS = join(import.meta.dirname, '../../../charts/sriov-network-operator/files/crds');
/** Name of the node that the guest is. */
export const NODE = 'vm';
/** Label by which policies select the node. */
const SELECTED = { 'feature.node/sriov': 'true' };
const API_VERSION = `${GROUP}/${VERSION}`;
const POLL_MS = 50;
/** Where slirp shows the loopback interface of this machine to the guest. */
const HOST_AS_SEEN_FROM_GUEST = '10.0.2.2';

/** A control plane on this machine with the policy controller, and the guest as its only node. */
export class Cluster {
  readonly plane: ControlPlane;
  readonly #supervisor: Supervisor;

  private constructor(plane: ControlPlane, supervisor: Supervisor) {
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
      const listen = ['--listen', `127.0.0.1:${await findFreePort()}`];
      const args = [policyController, '--kubeconfig', plane.kubeconfigPath, ...listen];
      supervisor.start({ name: 'policy-controller', command: process.execPath, args });
      return cluster;
    } catch (error) {
      await cluster.close();
      throw error;
    }
  }

  /** A kubeconfig that leads from the guest to the API server. */
  async guestKubeconfig(): Promise<string> {
    const config = kubeconfigSchema.parse(parse(await readFile(this.plane.kubeconfigPath, 'utf8')));
    for (const { cluster } of config.clusters) {
      cluster['server'] = this.plane.server.replace('127.0.0.1', HOST_AS_SEEN_FROM_GUEST);
      cluster['tls-server-name'] = 'localhost';
    }
    return stringify(config);
  }

  /** Lets the policies select the node, or not: with it several policies come or go as one change. */
  async select(isSelected: boolean): Promise<void> {
    const labels = Object.fromEntries(
      Object.keys(SELECTED).map((key) => [key, isSelected ? SELECTED[key as keyof typeof SELECTED] : null]),
    );
    await this.#request('PATCH', `/api/v1/nodes/${NODE}`, { metadata: { labels } });
  }

  /** Makes a policy for the node, or changes it. */
  async applyPolicy(name: string, spec: Omit<NodePolicySpec, 'nodeSelector'>): Promise<void> {
    await this.#apply({
      apiVersion: API_VERSION,
      kind: 'SriovNetworkNodePolicy',
      metadata: { name, namespace: NAMESPACE },
      spec: { ...spec, nodeSelector: SELECTED },
    } as AppliedObject);
  }

  async deletePolicy(name: string): Promise<void> {
    await this.#request('DELETE', `/apis/${API_VERSION}/namespaces/${NAMESPACE}/sriovnetworknodepolicies/${name}`);
  }

  /** What the daemon has reported last. */
  async nodeState(): Promise<SriovNetworkNodeState> {
    const path = `/apis/${API_VERSION}/namespaces/${NAMESPACE}/sriovnetworknodestates/${NODE}`;
    return (await this.#request('GET', path)) as SriovNetworkNodeState;
  }

  /** Waits for a node state for which `holds`. @throws Error with the last one */
  async untilState(what: string, holds: (state: SriovNetworkNodeState) => boolean): Promise<SriovNetworkNodeState> {
    let last: SriovNetworkNodeState | undefined;
    try {
      return await until(what, async () => {
        last = await this.nodeState();
        return holds(last) ? last : undefined;
      });
    } catch (error) {
      throw new Error(`${messageOf(error)}\n${stringify({ spec: last?.spec, status: last?.status })}`, {
        cause: error,
      });
    }
  }

  /** Waits until the daemon has judged the newest spec, and its verdict is the expected one. */
  untilJudged(
    syncStatus: 'Succeeded' | 'Failed',
    holds: (state: SriovNetworkNodeState) => boolean = () => true,
  ): Promise<SriovNetworkNodeState> {
    return this.untilState(
      syncStatus,
      (state) => state.status?.syncStatus === syncStatus && isJudged(state) && holds(state),
    );
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
    await this.#apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } });
    const config = { name: DEFAULT_OPERATOR_CONFIG_NAME, namespace: NAMESPACE };
    await this.#apply({ apiVersion: API_VERSION, kind: 'SriovOperatorConfig', metadata: config });
    const labels = { [LABEL.worker]: '', [LABEL.os]: 'linux' };
    await this.#request('POST', '/api/v1/nodes', { metadata: { name: NODE, labels } });
  }

  async #apply(object: AppliedObject): Promise<void> {
    await applyObject(this.plane.access, object);
  }

  async #request(method: string, path: string, body?: object): Promise<unknown> {
    const contentType = method === 'PATCH' ? 'application/merge-patch+json' : 'application/json';
    const answer = await adminRequest(this.plane.access, { method, path, contentType, ...(body && { body }) });
    if (answer.status < 400) return answer.body;
    throw new Error(`${method} ${path}: ${(answer.body as { message?: string }).message ?? answer.status}`);
  }
}

async function readCrds(): Promise<AppliedObject[]> {
  const files = await readdir(CRDS);
  const texts = await Promise.all(files.map((name) => readFile(join(CRDS, name), 'utf8')));
  return texts.flatMap(readManifests);
}

/** The part of a kubeconfig that the guest needs to be another. */
const kubeconfigSchema = z.looseObject({
  clusters: z.array(z.looseObject({ cluster: z.record(z.string(), z.unknown()) })),
});

/** The daemon has looked at the newest spec. */
function isJudged({ metadata, status }: SriovNetworkNodeState): boolean {
  return conditionOf(status, CONDITION.ready)?.observedGeneration === metadata.generation;
}

/** A condition of the node state by its type. */
export function conditionOf(status: SriovNetworkNodeState['status'], type: string): Condition | undefined {
  return status?.conditions?.find((condition: Condition) => condition.type === type);
}
