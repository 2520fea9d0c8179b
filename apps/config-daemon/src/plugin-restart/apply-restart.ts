import { REASON, SRIOV_NETWORK_NODE_STATE, type SriovNetworkNodeState } from '@sriov/api';
import { messageOf } from '@sriov/errors';
import { type EventRecorder } from '@sriov/kube';
import { advance, type Advance, endPass, meantPods, type PluginRecord, type RestartFacts } from '@sriov/plugin-restart';
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
  readonly pods: PluginPods;
  /** The node's own state from the cache. */
  readonly getNodeState: () => SriovNetworkNodeState | undefined;
  readonly journal: PluginJournal;
  readonly recorder: Pick<EventRecorder, 'record'>;
  readonly log: Logger;
  readonly metrics: PluginMetrics;
}

/**
 * Restarts the device plugin after a pass if the table says so, and writes down what is known of it. Resolves with a
 * sentence when that failed, and it is then tried again after the next pass; never rejects. `nodeState` is the one that
 * the pass worked for.
 */
export type RestartPlugin = (nodeState: SriovNetworkNodeState, end: PassEnd) => Promise<string | undefined>;

/** Makes the restarter of this node's device plugin. */
export function createPluginRestarter(ports: PluginPorts): RestartPlugin {
  const { journal, metrics, log } = ports;
  return async (nodeState, end) => {
    const facts = gatherRestart(end, { nodeState, cached: ports.getNodeState() ?? nodeState });
    const decision = endPass(facts);
    const { record, action } = decision;
    const isDue = action === 'list-pods';
    try {
      if (isDue) await restart(ports, { nodeState, facts, decision });
      else await journal.recordPlugin(record, facts.now);
      metrics.restartOwed(action === 'wait');
      return undefined;
    } catch (err) {
      const problem = isDue
        ? `the device plugin could not be restarted: ${messageOf(err)}`
        : `what the device plugin knows could not be written down: ${messageOf(err)}`;
      log.warn({ err }, problem);
      metrics.restartOwed(record.owed !== undefined);
      if (isDue) metrics.pluginRestarted('failed');
      return problem;
    }
  };
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
