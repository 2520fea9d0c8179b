import { mkdtempSync, rmSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GROUP, VERSION } from '@sriov/api';
import {
  adminAnswer,
  adminRequest,
  applyObject,
  type AppliedObject,
  type ControlPlane,
  kubeconfigText,
  startControlPlane,
} from '@sriov/control-plane';
import { messageOf } from '@sriov/errors';
import { bundleGuestPrograms, Guest, HOST_AS_SEEN_FROM_GUEST, until } from '@sriov/vm';
import { z } from 'zod';
import { diskOf } from './supplies/disk.ts';
import { type NodeSupplies } from './supplies/node-supplies.ts';

/** Name of the node. */
const NODE = 'node';

/** The Service of the API server: the first address of the range. The guest's rules lead from it to the API server. */
const SERVICE_ADDRESS = '10.0.0.1';
/** In MiB: containers, and the root of their images in the page cache. */
const MEMORY = 2304;
/** Containers start slowly on an emulated machine, and more so when others work on the same processors. */
const WAIT_MS = 180_000;

/** What is kept of the cluster when a check has failed. */
const KEPT = {
  nodes: '/api/v1/nodes',
  pods: '/api/v1/pods',
  events: '/api/v1/events',
  'node-states': `/apis/${GROUP}/${VERSION}/sriovnetworknodestates`,
};

const nodeSchema = z.object({
  metadata: z.object({ labels: z.record(z.string(), z.string()) }),
  status: z.object({
    allocatable: z.record(z.string(), z.string()).default({}),
    conditions: z
      .array(z.object({ type: z.string(), status: z.string(), lastHeartbeatTime: z.string().optional() }))
      .default([]),
    nodeInfo: z.object({
      bootID: z.string(),
      containerRuntimeVersion: z.string(),
      kernelVersion: z.string(),
      kubeletVersion: z.string(),
    }),
  }),
});
/** The Node as the kubelet has reported it: the fields that tests read. */
export type SeenNode = z.output<typeof nodeSchema>;

const podSchema = z.object({
  metadata: z.object({
    name: z.string(),
    namespace: z.string(),
    uid: z.string(),
    annotations: z.record(z.string(), z.string()).default({}),
  }),
  spec: z.object({ nodeName: z.string().optional() }),
  status: z.object({
    phase: z.string(),
    reason: z.string().optional(),
    message: z.string().optional(),
    podIP: z.string().optional(),
    conditions: z.array(z.object({ type: z.string(), status: z.string(), message: z.string().optional() })).default([]),
    containerStatuses: z
      .array(
        z.object({
          name: z.string(),
          ready: z.boolean(),
          restartCount: z.number(),
          containerID: z.string().optional(),
          state: z.record(z.string(), z.unknown()),
        }),
      )
      .default([]),
  }),
});
const podListSchema = z.object({ items: z.array(podSchema) });
/** A pod as the API server has it: the fields that tests read. */
export type SeenPod = z.output<typeof podSchema>;

/** Names a pod; its namespace is `default` unless it says otherwise. */
export interface PodName {
  readonly name: string;
  readonly namespace?: string;
}

/** How a program of a container ended that was run to its end. */
interface Output {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * A cluster with one real node: the control plane runs on this machine, and containerd and the kubelet in a guest with
 * two SR-IOV ports. The kubelet has made its Node object itself, as a user that may write no other.
 */
export class RealNode {
  readonly plane: ControlPlane;
  readonly guest: Guest;
  readonly name = NODE;

  private constructor(plane: ControlPlane, guest: Guest) {
    this.plane = plane;
    this.guest = guest;
  }

  /** Starts all of it, and waits until the node is ready, as a worker. */
  static async start(supplies: NodeSupplies, onProgress: (line: string) => void): Promise<RealNode> {
    const address = { ipAddresses: [HOST_AS_SEEN_FROM_GUEST, SERVICE_ADDRESS] };
    const [plane, guest] = await Promise.allSettled([
      startControlPlane({ kubelets: true, ...address, onProgress }),
      bootGuest(supplies),
    ]);
    if (plane.status === 'rejected' || guest.status === 'rejected') {
      if (plane.status === 'fulfilled') await plane.value.stop();
      if (guest.status === 'fulfilled') await guest.value.close();
      throw plane.status === 'rejected' ? plane.reason : (guest as PromiseRejectedResult).reason;
    }
    const node = new RealNode(plane.value, guest.value);
    try {
      await node.#letJoin();
      await node.untilReady();
      // A kubelet may not give itself this label.
      await node.label({ 'node-role.kubernetes.io/worker': '' });
      return node;
    } catch (error) {
      const log = await node.kubeletLog();
      await node.close();
      throw new Error(`${messageOf(error)}; the end of the kubelet's log:\n${log}`, { cause: error });
    }
  }

  /** Makes an object, or changes it. @throws Error with what the API server has against it */
  async apply(object: AppliedObject): Promise<void> {
    await applyObject(this.plane.access, object);
  }

  /** Asks the API server as administrator. @param body of a PATCH: a merge patch @throws Error when it refuses */
  request(method: 'GET' | 'POST' | 'PATCH' | 'DELETE', path: string, body?: object): Promise<unknown> {
    return adminAnswer(this.plane.access, { method, path, ...(body && { body }) });
  }

  /** Sets labels of the Node; `null` removes one. */
  async label(labels: Readonly<Record<string, string | null>>): Promise<void> {
    await this.request('PATCH', `/api/v1/nodes/${this.name}`, { metadata: { labels } });
  }

  /** The Node as it is now. */
  async node(): Promise<SeenNode> {
    return nodeSchema.parse(await this.request('GET', `/api/v1/nodes/${this.name}`));
  }

  /** Waits for a Node for which `holds`. The kubelet reports each second. */
  async untilNode(what: string, holds: (node: SeenNode) => boolean): Promise<SeenNode> {
    return until(
      what,
      async () => {
        const node = await this.node();
        return holds(node) ? node : undefined;
      },
      WAIT_MS,
    );
  }

  /** Waits until the kubelet says that the node is ready. */
  async untilReady(): Promise<SeenNode> {
    return this.untilNode('the node is ready', isReady);
  }

  /** The pod as it is now. */
  async pod(pod: PodName): Promise<SeenPod> {
    return podSchema.parse(await this.request('GET', pathOf(pod)));
  }

  /** Names of the pods of a namespace. */
  async podNames({ namespace }: { readonly namespace: string }): Promise<readonly string[]> {
    const list = podListSchema.parse(await this.request('GET', `/api/v1/namespaces/${namespace}/pods`));
    return list.items.map(({ metadata }) => metadata.name);
  }

  /** Waits for a pod for which `holds`. @throws Error with the last one */
  async untilPod(pod: PodName, what: string, holds: (pod: SeenPod) => boolean): Promise<SeenPod> {
    let last: SeenPod | undefined;
    try {
      return await until(
        what,
        async () => {
          last = await this.pod(pod);
          return holds(last) ? last : undefined;
        },
        WAIT_MS,
      );
    } catch (error) {
      throw new Error(`${messageOf(error)}\n${JSON.stringify(last?.status, undefined, 2)}`, { cause: error });
    }
  }

  /** Waits until all containers of a pod run and are ready. */
  untilRunning(pod: PodName): Promise<SeenPod> {
    return this.untilPod(pod, `pod ${pod.name} runs`, isRunning);
  }

  /** Deletes a pod and waits until it is gone: its containers have ended, and its devices are free. */
  async deletePod(pod: PodName): Promise<void> {
    const { metadata } = await this.pod(pod);
    await this.request('DELETE', pathOf(pod));
    await until(
      `pod ${pod.name} is gone`,
      async () => {
        const { status, body } = await adminRequest(this.plane.access, { method: 'GET', path: pathOf(pod) });
        return status === 404 || podSchema.parse(body).metadata.uid !== metadata.uid;
      },
      WAIT_MS,
    );
  }

  /** Runs a program in the first container of a pod, to its end. */
  async exec(pod: PodName, command: readonly string[]): Promise<Output> {
    const id = containerOf(await this.pod(pod));
    const args = ['-n', 'k8s.io', 'tasks', 'exec', '--exec-id', `test-${process.hrtime.bigint()}`, id, ...command];
    return this.guest.run('ctr', args);
  }

  /** What the first container of a pod has printed. */
  async log(pod: PodName): Promise<string> {
    const { metadata } = await this.pod(pod);
    const folder = `/var/log/pods/${metadata.namespace}_${metadata.name}_${metadata.uid}`;
    // Each line has a time, the name of the stream and a mark before it.
    return this.guest.sh(`cat ${folder}/*/*.log | cut -d' ' -f4-`);
  }

  /** Ends the kubelet, waits for that, and leaves pods running. */
  async stopKubelet(signal: 'TERM' | 'KILL' = 'TERM'): Promise<void> {
    await this.guest.sh(`service ${signal} kubelet`);
  }

  /** Starts the kubelet again, and waits until it says that the node is ready. */
  async startKubelet(): Promise<void> {
    const before = heartbeatOf(await this.node());
    await this.guest.sh('service start kubelet');
    await this.untilNode('the kubelet reports again', (node) => heartbeatOf(node) !== before && isReady(node));
  }

  /** Boots the node again: what is on its disks stays. */
  async reboot(): Promise<void> {
    const before = (await this.node()).status.nodeInfo.bootID;
    await this.guest.sh('sync');
    await this.guest.powerCycle();
    await this.untilNode('the node is ready again', (node) => node.status.nodeInfo.bootID !== before && isReady(node));
  }

  /** Last lines of the kubelet's log. */
  async kubeletLog(lines = 20): Promise<string> {
    const text = await this.guest.log('kubelet').catch(() => '');
    return text.trimEnd().split('\n').slice(-lines).join('\n');
  }

  /** Copies the logs of the guest and what the cluster holds to a folder, for whoever wants to know what went wrong. */
  async saveLogs(to: string): Promise<void> {
    // Of containers that are gone as well, as long as their pod is there.
    await this.guest.sh('cp -r /var/log/pods /host/logs/').catch(() => undefined);
    await this.guest.saveLogs(to);
    for (const [name, path] of Object.entries(KEPT)) {
      const list = await this.request('GET', path).catch(messageOf);
      await writeFile(join(to, `${name}.json`), JSON.stringify(list, undefined, 2));
    }
  }

  /** Ends everything. */
  async close(): Promise<void> {
    await this.guest.close();
    await this.plane.stop();
  }

  /** Gives the kubelet what it waits for. */
  async #letJoin(): Promise<void> {
    const { server, access } = this.plane;
    const pair = await this.plane.kubeletCredentials(NODE);
    const port = new URL(server).port;
    const user = { name: NODE, pair };
    const kubeconfig = kubeconfigText({ server: `https://${HOST_AS_SEEN_FROM_GUEST}:${port}`, ca: access.ca, user });
    const folder = join(this.guest.share, 'node');
    await mkdir(folder);
    const write = (name: string, text: string): Promise<void> => writeFile(join(folder, name), text, { mode: 0o600 });
    await write('kubeconfig', kubeconfig);
    await write('kubelet.crt', pair.certificate);
    await write('kubelet.key', pair.privateKey);
    await write('settings', `NODE_NAME=${NODE}\nAPI_PORT=${port}\n`);
    await write('ready', '');
  }
}

async function bootGuest({ vm, initramfs, rootFolder, containerdFolder }: NodeSupplies): Promise<Guest> {
  const programs = mkdtempSync(join(tmpdir(), 'sriov-node-programs-'));
  try {
    await bundleGuestPrograms(programs, ['agent']);
    const disks = [diskOf(rootFolder, vm.tools), diskOf(containerdFolder, vm.tools)];
    return await Guest.boot(vm, programs, { initramfs, memory: MEMORY, disks });
  } finally {
    rmSync(programs, { recursive: true });
  }
}

const pathOf = ({ name, namespace = 'default' }: PodName): string => `/api/v1/namespaces/${namespace}/pods/${name}`;

const isReady = (node: SeenNode): boolean =>
  node.status.conditions.some(({ type, status }) => type === 'Ready' && status === 'True');

const heartbeatOf = (node: SeenNode): string | undefined =>
  node.status.conditions.find(({ type }) => type === 'Ready')?.lastHeartbeatTime;

const isRunning = ({ status }: SeenPod): boolean =>
  status.phase === 'Running' &&
  status.containerStatuses.length > 0 &&
  status.containerStatuses.every(({ ready }) => ready);

/** `containerd://ID` → `ID`. */
function containerOf({ metadata, status }: SeenPod): string {
  const id = status.containerStatuses[0]?.containerID?.split('//')[1];
  if (id === undefined) throw new Error(`pod ${metadata.name} has no container`);
  return id;
}
