import { ANNOTATION, readPlannedFrom, REASON, SRIOV_NETWORK_NODE_STATE, type SriovNetworkNodeState } from '@sriov/api';
import { messageOf } from '@sriov/errors';
import { type EventRecorder } from '@sriov/kube';
import { type Logger } from '@sriov/runtime';
import { type Converged } from '../converge.ts';
import { type Journal } from '../journal/journal.ts';
import { type NodeMetrics } from '../metrics.ts';
import { decideRestart, type OwedRestart, type PluginRecord, unsettledPfs } from './decide-restart.ts';
import { type PluginPods } from './plugin-pods.ts';

/** What restarting the device plugin takes. */
export interface PluginPorts {
  readonly pods: PluginPods;
  /** The node's own state from the cache. */
  readonly getNodeState: () => SriovNetworkNodeState | undefined;
  readonly journal: Journal;
  readonly recorder: Pick<EventRecorder, 'record'>;
  readonly log: Logger;
  readonly metrics: Pick<NodeMetrics, 'pluginRestarted' | 'restartOwed'>;
}

/**
 * Restarts the device plugin after a pass if that is due, and writes down what is known of it. Resolves with a sentence
 * when that failed, which is then tried again after the next pass; never rejects. `nodeState` is the one that the pass
 * worked for.
 */
export type RestartPlugin = (nodeState: SriovNetworkNodeState, converged: Converged) => Promise<string | undefined>;

/** Makes the restarter of this node's device plugin. */
export function createPluginRestarter(ports: PluginPorts): RestartPlugin {
  const { journal, metrics, log } = ports;
  return async (nodeState, converged) => {
    const { before, now, hasChangedVfs } = converged.plugin;
    const cached = ports.getNodeState() ?? nodeState;
    const configHash = configHashOf(cached, nodeState);
    // A spec that came meanwhile is next: one restart will do for both.
    const isOutdated = !isSameSpec(cached, nodeState);
    const unsettled = [...unsettledPfs(converged), ...(isOutdated ? [''] : [])];
    const { record, isDue } = decideRestart({ before, now, configHash, hasChangedVfs, unsettled });
    try {
      if (isDue && record.owed !== undefined) {
        await restart(ports, { nodeState, known: now, record, owed: record.owed, configHash });
      } else {
        await journal.recordPlugin(record, now);
      }
      metrics.restartOwed(record.owed !== undefined && !isDue);
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

/** The newest hash. A node state that is not planned says nothing of what the device plugin shall have. */
function configHashOf(cached: SriovNetworkNodeState, nodeState: SriovNetworkNodeState): string | undefined {
  const { metadata } = readPlannedFrom(cached) === undefined ? nodeState : cached;
  return metadata.annotations?.[ANNOTATION.devicePluginConfigHash];
}

/** A node state that was deleted and made anew can have the generation of the one before. */
function isSameSpec({ metadata: a }: SriovNetworkNodeState, { metadata: b }: SriovNetworkNodeState): boolean {
  return a.uid === b.uid && a.generation === b.generation;
}

interface Restart {
  readonly nodeState: SriovNetworkNodeState;
  /** What the journal has. */
  readonly known: PluginRecord;
  /** What it shall have until the restart is done. */
  readonly record: PluginRecord;
  readonly owed: OwedRestart;
  readonly configHash: string | undefined;
}

/**
 * The pods are written down before they are deleted: whatever happens then, their successors are left alone. Nobody
 * waits for those, they come by themselves.
 */
async function restart(ports: PluginPorts, { nodeState, known, record, owed, configHash }: Restart): Promise<void> {
  const { journal, log, metrics, pods } = ports;
  const present = await pods.list();
  const uids = owed.found?.uids ?? present.map(({ uid }) => uid);
  const old = present.filter(({ uid }) => uids.includes(uid));
  const restarting = { ...record, owed: { because: owed.because, found: { uids, configHash } } };
  if (old.length > 0) await journal.recordPlugin(restarting, known);
  for (const pod of old) await pods.delete(pod);
  await journal.recordPlugin({ configHash: configHash ?? record.configHash }, old.length > 0 ? restarting : known);
  if (old.length === 0) return;
  const message = `restarted the device plugin: ${owed.because.join('; ')}`;
  log.info({ reason: REASON.devicePluginRestarted, pods: old.map(({ name }) => name) }, message);
  metrics.pluginRestarted('done');
  ports.recorder.record(SRIOV_NETWORK_NODE_STATE, nodeState, {
    type: 'Normal',
    reason: REASON.devicePluginRestarted,
    message,
  });
}
