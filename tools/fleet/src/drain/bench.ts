import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import {
  CONDITION,
  REASON,
  SRIOV_NETWORK_NODE_STATE,
  SRIOV_NETWORK_POOL_CONFIG,
  type SriovNetworkNodeState,
} from '@sriov/api';
import { NAMESPACE, NODE, POD } from '@sriov/kube';
import { type BenchPlane } from '../bench.ts';
import { bounded } from '../bounded.ts';
import { FleetCluster } from '../cluster.ts';
import { bundleController, ControllerProcess, type Memory } from '../controller-process.ts';
import { nodeName } from '../fleet-objects.ts';
import { type RequestCounts } from '../request-counts.ts';
import { type DrainFlags } from './flags.ts';
import { ScriptedFleet } from './scripted-fleet.ts';

/** Requests of the controller in a while, by `VERB resource`. Watches, and what is about Leases, are left out. */
export type Asked = ReadonlyMap<string, number>;

/** Everything that a run measures. */
export interface DrainFigures {
  readonly flags: DrainFlags;
  readonly kubernetes: string;
  /** While all ask, until each node has its slot or knows why it waits. */
  readonly asking: Asked;
  /** From then until the last node is given back. */
  readonly draining: Asked;
  readonly drainingSeconds: number;
  /** From each freed slot to the grant that took it, in ms. */
  readonly waits: readonly number[];
  /** Most nodes that had a slot at the same time. */
  readonly most: number;
  readonly granted: number;
  /** Nodes that are unschedulable in the end. */
  readonly leftCordoned: number;
  readonly memory: Memory;
  /** The longest time that the event loop of the controller did not turn, in ms. */
  readonly longestStall: number;
}

const LIMIT = 32;
const POLL_MS = 250;
/** A kubelet ends a pod so long after its eviction. */
const POD_MS = 100;
const PODS = 'apps';
const POOL = 'fleet';
const RESOURCE = 'openshift.io/vfs';

/** Has all nodes of a fleet ask to be drained at once, and follows them until the last one is given back. */
export async function runDrainBench(
  plane: BenchPlane,
  flags: DrainFlags,
  say: (line: string) => void,
): Promise<DrainFigures> {
  const cluster = new FleetCluster(plane, { ...flags, policies: 0 });
  const folder = mkdtempSync(join(tmpdir(), 'sriov-drain-'));
  try {
    const program = join(folder, 'drain-controller.mjs');
    await bundleController('drain-controller', program);
    say(`creates ${flags.nodes} nodes with two pods each`);
    await populate(cluster, flags);
    const { namespace, client } = cluster;
    const kubeconfig = plane.kubeconfigPath;
    const controller = await ControllerProcess.start({ program, kubeconfig, namespace });
    await controller.idle();
    const pace = { podMs: POD_MS, workMs: flags.workMs };
    const fleet = new ScriptedFleet({ access: plane.access, client, namespace }, pace);
    try {
      await fleet.follow();
      const measured = measure({ cluster, controller, fleet, flags, say });
      return { flags, kubernetes: plane.version, ...(await Promise.race([measured, fleet.failed])) };
    } finally {
      fleet.stop();
      await controller.stop();
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Each node has a pod with a VF, and one that stays. */
async function populate(cluster: FleetCluster, { nodes, maxUnavailable }: DrainFlags): Promise<void> {
  const { client, namespace } = cluster;
  await cluster.populate();
  const names = Array.from({ length: nodes }, (_, index) => nodeName(index));
  await bounded(names, LIMIT, (name) => client.create(SRIOV_NETWORK_NODE_STATE, { metadata: { name, namespace } }));
  await cluster.reportAll();
  await client.create(NAMESPACE, { metadata: { name: PODS } });
  await bounded(names, LIMIT, async (node) => {
    const one = { [RESOURCE]: '1' };
    const containers = [{ name: 'c', image: 'i', resources: { requests: one, limits: one } }];
    await client.create(POD, podOf(`dpdk-${node}`, node, containers));
    await client.create(POD, podOf(`web-${node}`, node, [{ name: 'c', image: 'i' }]));
  });
  await client.create(SRIOV_NETWORK_POOL_CONFIG, {
    metadata: { name: POOL, namespace },
    spec: { maxUnavailable, nodeSelector: {} },
  });
}

function podOf(
  name: string,
  nodeName_: string,
  containers: object[],
): { metadata: { name: string; namespace: string } } {
  return { metadata: { name, namespace: PODS }, ...{ spec: { nodeName: nodeName_, containers } } };
}

interface Parts {
  readonly cluster: FleetCluster;
  readonly controller: ControllerProcess;
  readonly fleet: ScriptedFleet;
  readonly flags: DrainFlags;
  readonly say: (line: string) => void;
}

async function measure(parts: Parts): Promise<Omit<DrainFigures, 'flags' | 'kubernetes'>> {
  const { cluster, controller, fleet, flags, say } = parts;
  const { nodes, maxUnavailable } = flags;
  controller.longestStall = 0;
  say('all nodes ask');
  const asking = await countRequests(parts, async () => {
    await fleet.ask(Array.from({ length: nodes }, (_, index) => nodeName(index)));
    await controller.idle();
  });
  await assertAllKnow(parts);
  say(`${fleet.slots.busy} of ${maxUnavailable} slots are taken; the daemons begin to work`);
  const start = performance.now();
  const draining = await countRequests(parts, async () => {
    fleet.letWork();
    let last = 0;
    while (fleet.slots.granted < nodes || fleet.slots.busy > 0) {
      await delay(POLL_MS);
      if (Math.floor(fleet.slots.granted / 100) > last) say(`  ${fleet.slots.granted} of ${nodes} nodes had a turn`);
      last = Math.floor(fleet.slots.granted / 100);
    }
    await controller.idle();
  });
  const drainingSeconds = (performance.now() - start) / 1_000;
  const all = await cluster.client.list(NODE);
  return {
    ...{ asking, draining, drainingSeconds },
    waits: fleet.slots.waits(maxUnavailable),
    most: fleet.slots.most,
    granted: fleet.slots.granted,
    leftCordoned: all.filter(({ spec }) => spec?.unschedulable === true).length,
    memory: await controller.memory(),
    longestStall: controller.longestStall,
  };
}

/** What the controller asks while `work` is done: what the API server has counted, without the requests of the fleet. */
async function countRequests({ cluster, fleet }: Parts, work: () => Promise<void>): Promise<Asked> {
  const before = [await cluster.requestCounts(), new Map(fleet.requests)] as const;
  await work();
  const after = [await cluster.requestCounts(), fleet.requests] as const;
  const asked = new Map<string, number>();
  for (const [key, total] of after[0]) {
    const own = countIn(after[1], key) - countIn(before[1], key);
    const count = total - countIn(before[0], key) - own;
    if (count > 0 && isAboutDrains(key)) asked.set(key, count);
  }
  return asked;
}

const countIn = (counts: RequestCounts, key: string): number => counts.get(key) ?? 0;

function isAboutDrains(key: string): boolean {
  const [verb = '', path = ''] = key.split(' ');
  const [resource = ''] = path.split('/');
  return verb !== 'WATCH' && (resource.startsWith('sriov') || RESOURCES.includes(resource));
}

const RESOURCES = ['nodes', 'pods', 'events', 'resourceclaims'];

/** @throws Error when a node neither has its slot nor says why it waits */
async function assertAllKnow({ cluster, flags }: Parts): Promise<void> {
  const reasons = new Map<string, number>();
  await cluster.eachState((states) => {
    for (const state of states) {
      const reason = drainedOf(state) ?? 'none';
      reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
    }
  });
  const { nodes, maxUnavailable } = flags;
  const [waiting, drained] = [REASON.drainWaiting, REASON.drainComplete].map((reason) => reasons.get(reason) ?? 0);
  if (waiting === nodes - maxUnavailable && drained === maxUnavailable) return;
  throw new Error(`the reasons of the condition Drained are ${JSON.stringify([...reasons])}`);
}

function drainedOf({ status }: SriovNetworkNodeState): string | undefined {
  return status?.conditions?.find(({ type }) => type === CONDITION.drained)?.reason;
}
