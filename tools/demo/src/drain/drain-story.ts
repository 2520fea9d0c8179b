import { setTimeout as delay } from 'node:timers/promises';
import { DEFAULT_OPERATOR_NAMESPACE, REASON, type SriovNetworkNodePolicy } from '@sriov/api';
import { type Access, adminAnswer } from '@sriov/control-plane';
import { type DemoCluster, NODE } from '../cluster.ts';
import { DemoError } from '../demo-error.ts';
import { conditionOf, drainLines, type DrainView, viewDrain } from './drain-view.ts';
import { planLines } from './plan-view.ts';
import { PlayedKubelet, type PlayedPod } from './played-kubelet.ts';

/** How the drain went: what was to be seen while a budget was in its way, and in the end. */
export interface DrainOutcome {
  readonly blocked: DrainView;
  readonly over: DrainView;
}

/** Name of the example policy that changes, and the number of its VFs per PF before and after. */
const POLICY = 'intel-vfio';
const VFS = { before: 4, after: 2 } as const;
const BUDGET = 'database';
const NAMESPACE = DEFAULT_OPERATOR_NAMESPACE;
const WHERE = { namespace: NAMESPACE, node: NODE } as const;
const WAIT_MS = 60_000;
const POLL_MS = 100;

/**
 * Changes the number of VFs while a pod has one of them and a PodDisruptionBudget lets no pod go, then lifts the budget,
 * and says what an administrator sees. The examples have to be in force.
 * @throws {DemoError} when what has to come does not come
 */
export async function showDrain(cluster: DemoCluster, say: (line: string) => void): Promise<DrainOutcome> {
  const { access } = cluster.plane;
  const kubelet = new PlayedKubelet(access, { node: NODE, podsFile: cluster.podsFile });
  const pod = await podWithVf(access);
  const before = await viewDrain(access, WHERE);
  say(
    `\nPod ${pod.namespace}/${pod.name} starts with VF ${pod.vf}, and PodDisruptionBudget ${BUDGET} lets no pod go ...`,
  );
  await kubelet.run(pod);
  await addBudget(access, pod);
  const spec = { numVfs: VFS.after };
  say(`\nkubectl sriov plan, for policy ${POLICY} with ${VFS.after} VFs instead of ${VFS.before}:`);
  for (const line of await planLines(access, NAMESPACE, await changedPolicy(access, spec))) say(`  ${line}`);
  await adminAnswer(access, { method: 'PATCH', path: policyPath, body: { spec } });
  say('\nThe policy is applied. The node asks for a drain, and the budget blocks it ...');
  const blocked = await until(access, 'a blocked drain', isBlocked);
  for (const line of drainLines(blocked, before)) say(line);
  say(`The budget ${BUDGET} is deleted ...`);
  await adminAnswer(access, { method: 'DELETE', path: budgetPath(pod) });
  const ended = kubelet.endWhenEvicted(pod);
  const over = await until(access, 'the end of the drain', isOver);
  await ended;
  for (const line of drainLines(over, blocked)) say(line);
  return { blocked, over };
}

/** Everything that is not as it should be; empty when all is well. */
export function findDrainFaults({ blocked, over }: DrainOutcome): string[] {
  const { message = '' } = conditionOf(blocked, 'Drained') ?? {};
  const lost = blocked.vfs - over.vfs;
  return [
    ...(message.includes('default/database') && message.includes(BUDGET)
      ? []
      : [`the condition Drained does not name the pod and the budget in its way: ${message}`]),
    ...(blocked.isSchedulable ? ['the node takes pods while it is drained'] : []),
    ...(lost === VFS.before - VFS.after ? [] : [`the node has ${lost} VFs less than before, not 2`]),
    ...(over.isSchedulable ? [] : ['the node takes no pods after its drain']),
  ];
}

const policyPath = `/apis/sriovnetwork.openshift.io/v1/namespaces/${NAMESPACE}/sriovnetworknodepolicies/${POLICY}`;
const budgetPath = ({ namespace }: PlayedPod, name = BUDGET): string =>
  `/apis/policy/v1/namespaces/${namespace}/poddisruptionbudgets/${name}`.replace(/\/$/, '');

async function podWithVf(access: Access): Promise<PlayedPod> {
  const path = `/apis/sriovnetwork.openshift.io/v1/namespaces/${NAMESPACE}/sriovnetworknodestates/${NODE}`;
  const { status } = (await adminAnswer(access, { method: 'GET', path })) as {
    readonly status?: {
      readonly interfaces?: readonly { readonly vendor: string; readonly Vfs?: readonly { pciAddress: string }[] }[];
    };
  };
  const pf = status?.interfaces?.find(({ vendor, Vfs = [] }) => vendor === '8086' && Vfs.length === VFS.before);
  const vf = pf?.Vfs?.[0]?.pciAddress;
  if (vf === undefined) throw new DemoError(`no PF of Intel has ${VFS.before} VFs, so no pod can have one of them`);
  const labels = { app: 'database' };
  return { namespace: 'default', name: 'database', labels, resource: 'openshift.io/intelnics', vf };
}

async function changedPolicy(access: Access, spec: object): Promise<SriovNetworkNodePolicy> {
  const policy = (await adminAnswer(access, { method: 'GET', path: policyPath })) as SriovNetworkNodePolicy;
  return { metadata: policy.metadata, spec: { ...policy.spec, ...spec } } as SriovNetworkNodePolicy;
}

/** Adds the budget, and waits until the disruption controller has counted the pod: before, no eviction is judged. */
async function addBudget(access: Access, pod: PlayedPod): Promise<void> {
  const body = { metadata: { name: BUDGET }, spec: { minAvailable: 1, selector: { matchLabels: pod.labels } } };
  await adminAnswer(access, { method: 'POST', path: budgetPath(pod, ''), body });
  await poll('a budget that counts its pod', async () => {
    const { status } = (await adminAnswer(access, { method: 'GET', path: budgetPath(pod) })) as {
      readonly status?: { readonly currentHealthy?: number };
    };
    return status?.currentHealthy === 1 || undefined;
  });
}

function isBlocked(view: DrainView): boolean {
  const isTold = view.events.some(({ reason }) => reason === REASON.drainBlocked);
  const isWaiting = conditionOf(view, 'Ready')?.reason === REASON.draining;
  return conditionOf(view, 'Drained')?.reason === REASON.drainBlocked && isWaiting && isTold;
}

function isOver(view: DrainView): boolean {
  const isGivenBack = view.request === 'Idle' && view.progress === 'Idle' && view.isSchedulable;
  const isTold = view.events.some(({ reason }) => reason === REASON.drainOver);
  const isInSync = conditionOf(view, 'Ready')?.reason === REASON.inSync;
  return isGivenBack && isTold && isInSync && conditionOf(view, 'Drained')?.reason === REASON.drainOver;
}

function until(access: Access, what: string, holds: (view: DrainView) => boolean): Promise<DrainView> {
  return poll(what, async () => {
    const view = await viewDrain(access, WHERE);
    return holds(view) ? view : undefined;
  });
}

async function poll<T>(what: string, look: () => Promise<T | undefined>): Promise<T> {
  const deadline = Date.now() + WAIT_MS;
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    if (Date.now() > deadline) throw new DemoError(`${what} did not come within ${WAIT_MS / 1_000} s`);
    await delay(POLL_MS);
  }
}
