import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from '@jest/globals';
import { ANNOTATION, type NodeStateSpec, type SriovNetworkNodeState } from '@sriov/api';
import { service as drainController } from '@sriov/drain-controller';
import { serve } from '@sriov/runtime';
import { ApiFront, createNamespace, eventually, request, testControlPlane, tryRequest } from '@sriov/testing';
import { stringify } from 'yaml';
import { bundleOf } from '../bundles.ts';
import { PlayedKubelet, type PlayedPod } from '../drain/played-kubelet.ts';

const PF = '0000:01:00.0';
const API_VERSION = 'sriovnetwork.openshift.io/v1';
const WORLD = {
  latency: 'none',
  modules: ['igbvf'],
  defaultRoute: 'eno1',
  nics: [
    { model: 'virtio', address: '0000:00:03.0', name: 'eno1', mac: '52:54:00:12:34:56', up: true },
    { model: 'igb', address: PF, name: 'ens1', mac: '52:54:00:aa:00:10', up: true },
  ],
};
/** What a busy machine takes to start a process and to do a drain. */
const PATIENCE_MS = 90_000;
const GIVEN_BACK = { asked: 'Idle', desired: 'Idle', progress: 'Idle', isCordoned: false };

/** What is to be seen of a node. */
export interface Look {
  readonly asked: string | undefined;
  readonly desired: string | undefined;
  readonly progress: string | undefined;
  readonly isCordoned: boolean;
  readonly vfs: number;
  readonly ready: string | undefined;
}

/**
 * A node in a namespace and a pool of its own: its daemon is a process with a simulated host, which can be ended at any
 * write; the drain controller runs in this process.
 */
export class DrainScene {
  readonly front: ApiFront;
  readonly namespace: string;
  readonly node: string;
  readonly #controllerFront: ApiFront;
  readonly #folder = mkdtempSync(join(tmpdir(), 'drain-scene-'));
  readonly #kubelet: PlayedKubelet;
  readonly #flags: readonly string[];
  readonly #stop = new AbortController();
  #controller: Promise<void> = Promise.resolve();
  #daemon: ChildProcess | undefined;
  #output = '';

  private constructor(
    { namespace, node }: { readonly namespace: string; readonly node: string },
    fronts: { readonly daemon: ApiFront; readonly controller: ApiFront },
    flags: readonly string[],
  ) {
    this.namespace = namespace;
    this.node = node;
    this.front = fronts.daemon;
    this.#controllerFront = fronts.controller;
    this.#flags = flags;
    this.#kubelet = new PlayedKubelet(testControlPlane().access, { node, podsFile: this.#file('pods.json') });
    writeFileSync(this.#file('world.yaml'), stringify(WORLD));
    fronts.daemon.writeKubeconfig(this.#file('kubeconfig'));
    fronts.controller.writeKubeconfig(this.#file('controller-kubeconfig'));
  }

  /** Makes the node, with 4 VFs wanted. `flags`: of its daemon. */
  static async create(node: string, flags: readonly string[] = []): Promise<DrainScene> {
    const namespace = await createNamespace('operator');
    // A drain controller takes every node of its cluster for its own.
    const fronts = { daemon: await ApiFront.start(), controller: await ApiFront.start(`scene=${node}`) };
    const scene = new DrainScene({ namespace, node }, fronts, flags);
    await request('POST', '/api/v1/nodes', { metadata: { name: node, labels: { scene: node } } });
    const status = { conditions: [{ type: 'Ready', status: 'True', reason: 'Test', message: '' }] };
    await request('PATCH', `/api/v1/nodes/${node}/status`, { status });
    const spec = { maxUnavailable: 1, nodeSelector: { matchLabels: { scene: node } } };
    const own = { apiVersion: API_VERSION };
    const pool = { ...own, kind: 'SriovNetworkPoolConfig', metadata: { name: 'p' }, spec };
    await request('POST', scene.#path('sriovnetworkpoolconfigs'), pool);
    const metadata = { name: node, annotations: { [ANNOTATION.plannedFrom]: `0000:00:03.0,${PF}` } };
    const state = { ...own, kind: 'SriovNetworkNodeState', metadata, spec: specOf(4) };
    await request('POST', scene.#path('sriovnetworknodestates'), state);
    return scene;
  }

  startDaemon(): void {
    const files = ['--simulate', this.#file('world.yaml'), '--simulate-state', this.#file('machine.json')];
    const args = ['--node-name', this.node, '--namespace', this.namespace, '--kubeconfig', this.#file('kubeconfig')];
    const rest = ['--simulate-pods', this.#file('pods.json'), '--listen', '127.0.0.1:0', ...this.#flags];
    this.#daemon = spawn(process.execPath, [bundleOf('config-daemon'), ...args, ...files, ...rest]);
    for (const stream of [this.#daemon.stdout, this.#daemon.stderr]) {
      stream?.on('data', (chunk) => (this.#output = (this.#output + String(chunk)).slice(-4_000)));
    }
  }

  /** Ends the daemon at once. */
  killDaemon(): void {
    this.#daemon?.kill('SIGKILL');
  }

  /** Waits until the daemon was killed, and starts it again. */
  async restartDaemon(): Promise<void> {
    const daemon = this.#daemon;
    if (daemon === undefined) return;
    if (daemon.signalCode === null && daemon.exitCode === null) await once(daemon, 'exit');
    this.startDaemon();
  }

  startController(): void {
    const kubeconfig = this.#file('controller-kubeconfig');
    const own = { listen: '127.0.0.1:0', logLevel: 'silent', kubeconfig, namespace: this.namespace } as const;
    const settings = drainController.schema.parse({ ...own, resourcePrefix: 'openshift.io' });
    this.#controller = serve(drainController, settings, this.#stop.signal);
  }

  /** Asks for so many VFs. */
  async want(numVfs: number): Promise<void> {
    await request('PATCH', this.#statePath, { spec: specOf(numVfs) });
  }

  /** Runs a pod with the first VF. */
  async runPod(name: string): Promise<PlayedPod> {
    const vf = (await this.state()).status?.interfaces?.find(({ pciAddress }) => pciAddress === PF)?.Vfs?.[0];
    const pod = { name, namespace: this.namespace, labels: {}, resource: 'openshift.io/vfs', vf: vf?.pciAddress ?? '' };
    await this.#kubelet.run(pod);
    return pod;
  }

  /** Waits until the pod has to leave, and ends it. */
  endPod(pod: PlayedPod): Promise<void> {
    return this.#kubelet.endWhenEvicted(pod);
  }

  async state(): Promise<SriovNetworkNodeState> {
    return (await request('GET', this.#statePath)) as SriovNetworkNodeState;
  }

  /** Writes annotations of the node state. */
  async annotate(annotations: Readonly<Record<string, string>>): Promise<void> {
    await request('PATCH', this.#statePath, { metadata: { annotations } });
  }

  async cordon(unschedulable: boolean): Promise<void> {
    await request('PATCH', `/api/v1/nodes/${this.node}`, { spec: { unschedulable } });
  }

  async look(): Promise<Look> {
    const state = await this.state();
    const node = (await request('GET', `/api/v1/nodes/${this.node}`)) as SriovNetworkNodeState & {
      spec?: { unschedulable?: boolean };
    };
    const { annotations: ofState = {} } = state.metadata;
    return {
      asked: node.metadata.annotations?.[ANNOTATION.nodeState],
      desired: ofState[ANNOTATION.desiredState],
      progress: ofState[ANNOTATION.currentState],
      isCordoned: node.spec?.unschedulable === true,
      ...lookAtStatus(state),
    };
  }

  /** Waits until the node has so many VFs, is in sync, asks for nothing, and takes pods. */
  async untilGivenBack(vfs: number): Promise<void> {
    await this.until({ ...GIVEN_BACK, vfs, ready: 'InSync' });
  }

  /** Waits until the node looks so. */
  async until(expected: Partial<Look>): Promise<void> {
    await eventually(async () => {
      expect({ ...(await this.look()), daemon: this.#output }).toMatchObject(expected);
      return true;
    }, PATIENCE_MS);
  }

  async close(): Promise<void> {
    const daemon = this.#daemon;
    if (daemon !== undefined && daemon.exitCode === null && daemon.signalCode === null) {
      const exit = once(daemon, 'exit');
      daemon.kill('SIGKILL');
      await exit;
    }
    this.#stop.abort();
    await this.#controller;
    await Promise.all([this.front.close(), this.#controllerFront.close()]);
    await tryRequest('DELETE', `/api/v1/nodes/${this.node}`);
    rmSync(this.#folder, { recursive: true, force: true });
  }

  get #statePath(): string {
    return this.#path('sriovnetworknodestates', this.node);
  }

  #path(plural: string, name = ''): string {
    return `/apis/${API_VERSION}/namespaces/${this.namespace}/${plural}/${name}`.replace(/\/$/, '');
  }

  #file(name: string): string {
    return join(this.#folder, name);
  }
}

function lookAtStatus({ metadata, status = {} }: SriovNetworkNodeState): Pick<Look, 'vfs' | 'ready'> {
  const ready = status.conditions?.find(({ type }) => type === 'Ready');
  return {
    vfs: status.interfaces?.find(({ pciAddress }) => pciAddress === PF)?.numVfs ?? 0,
    ready: ready?.observedGeneration === metadata.generation ? ready?.reason : undefined,
  };
}

function specOf(numVfs: number): NodeStateSpec {
  const vfGroups = [{ resourceName: 'vfs', deviceType: 'netdevice', vfRange: `0-${numVfs - 1}`, policyName: 'p' }];
  return { interfaces: [{ pciAddress: PF, name: 'ens1', numVfs, vfGroups }] };
}
