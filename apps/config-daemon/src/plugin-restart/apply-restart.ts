import { REASON, SRIOV_NETWORK_NODE_STATE, type SriovNetworkNodeState } from '@sriov/api';
import { messageOf } from '@sriov/errors';
import { type Kernel, readAllocations } from '@sriov/host';
import { type EventRecorder } from '@sriov/kube';
import { type PlanProblem } from '@sriov/node-plan';
import {
  advance,
  type Advance,
  endPass,
  type HostEnd,
  meantPods,
  type PluginRecord,
  renamedResources,
  type RestartFacts,
} from '@sriov/plugin-restart';
import { type Logger } from '@sriov/runtime';
import { gatherRestart, type PassEnd } from './gather-restart.ts';
import { type PluginMetrics } from './plugin-metrics.ts';
import { type PluginPods } from './plugin-pods.ts';

/** Where the record of the device plugin is written, unless it says the same as the one that is known. */
export interface PluginJournal {
  recordPlugin(record: PluginRecord, known: PluginRecord): Promise<void>;
}

/** What restarting the device plugin takes. */
export interface PluginPorts {
  /** Where the kubelet is asked which VFs pods hold. */
  readonly kernel: Kernel;
  readonly pods: PluginPods;
  /** The node's own state from the cache. */
  readonly getNodeState: () => SriovNetworkNodeState | undefined;
  readonly journal: PluginJournal;
  readonly recorder: Pick<EventRecorder, 'record'>;
  readonly log: Logger;
  readonly metrics: PluginMetrics;
}

/** How a restart of the device plugin went, or why there was none. */
interface RestartEnd {
  /** What failed: a sentence. It is tried again after the next pass. */
  readonly problem?: string;
  /** Pods that a restart would harm, and that it therefore waits for. */
  readonly delays: readonly PlanProblem[];
}

/**
 * Restarts the device plugin after a pass if the table says so, and writes down what is known of it. Never rejects.
 * `nodeState` is the one that the pass worked for.
 */
export type RestartPlugin = (nodeState: SriovNetworkNodeState, end: PassEnd) => Promise<RestartEnd>;

/** Makes the restarter of this node's device plugin. */
export function createPluginRestarter(ports: PluginPorts): RestartPlugin {
  const { journal, metrics, log } = ports;
  return async (nodeState, end) => {
    const gathered = gatherRestart(end, { nodeState, cached: ports.getNodeState() ?? nodeState });
    const delays = endPass(gathered).action === 'list-pods' ? await findDelays(ports.kernel, nodeState, end) : [];
    const facts = withDelays(gathered, delays);
    const decision = endPass(facts);
    const { record, action } = decision;
    const isDue = action === 'list-pods';
    try {
      if (isDue) await restart(ports, { nodeState, facts, decision });
      else await journal.recordPlugin(record, facts.now);
      metrics.restartOwed(action === 'wait');
      return { delays };
    } catch (err) {
      const problem = isDue
        ? `the device plugin could not be restarted: ${messageOf(err)}`
        : `what the device plugin knows could not be written down: ${messageOf(err)}`;
      log.warn({ err }, problem);
      metrics.restartOwed(record.owed !== undefined);
      if (isDue) metrics.pluginRestarted('failed');
      return { problem, delays };
    }
  };
}

/** Why the device plugin must not be restarted now. Where nobody knows which VFs pods hold, they may hold all. */
export async function findDelays(
  kernel: Kernel,
  { spec = {} }: SriovNetworkNodeState,
  { observed }: Pick<HostEnd, 'observed'>,
): Promise<PlanProblem[]> {
  if (!observed.interfaces.some(({ sriov }) => sriov?.vfs.length)) return [];
  const { allocated, unknown } = await readAllocations(kernel);
  if (unknown === undefined) return renamedResources({ spec, observed, allocated });
  const message = `the device plugin is not restarted, because it might then give VFs to a second pod, and nobody knows which VFs pods hold: ${unknown}`;
  return [{ reason: REASON.vfInUse, message }];
}

/** The same facts, with what delays a restart. */
export function withDelays<F extends Pick<RestartFacts, 'unsettled'>>(facts: F, delays: readonly PlanProblem[]): F {
  return { ...facts, unsettled: [...facts.unsettled, ...delays.map(({ pciAddress = '' }) => pciAddress)] };
}

interface Restart {
  readonly nodeState: SriovNetworkNodeState;
  readonly facts: RestartFacts;
  readonly decision: Advance;
}

/**
 * The pods are written down before the first is deleted: whatever happens then, the pods that follow them are left
 * alone. Nobody waits for those, since their DaemonSet makes them.
 */
async function restart(ports: PluginPorts, { nodeState, facts, decision }: Restart): Promise<void> {
  const { journal, log, metrics, pods, recorder } = ports;
  const present = await pods.list();
  const uids = present.map(({ uid }) => uid);
  const listed = advance(decision.record, { kind: 'pods', uids, configHash: facts.configHash });
  await journal.recordPlugin(listed.record, facts.now);
  if (listed.action !== 'delete-pods') return;
  const meant = meantPods(listed.record, uids);
  const old = present.filter(({ uid }) => meant.includes(uid));
  for (const pod of old) await pods.delete(pod);
  const deleted = advance(listed.record, { kind: 'deleted' });
  await journal.recordPlugin(deleted.record, listed.record);
  const message = `${deleted.sentence}: ${listed.record.owed?.because.join('; ') ?? ''}`;
  const reason = REASON.devicePluginRestarted;
  log.info({ reason, pods: old.map(({ name }) => name) }, message);
  metrics.pluginRestarted('done');
  recorder.record(SRIOV_NETWORK_NODE_STATE, nodeState, { type: 'Normal', reason, message });
}

/** Writes down which VFs are about to change, before they do: pods that run now will have missed it. */
export async function recordVfChanges(
  journal: PluginJournal,
  known: PluginRecord,
  because: readonly string[],
): Promise<void> {
  if (because.length > 0) await journal.recordPlugin(advance(known, { kind: 'vfs', because }).record, known);
}
