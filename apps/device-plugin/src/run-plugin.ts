import { dirname } from 'node:path';
import { CDI_FOLDER, DEVICE_INFO_FOLDER, planPools } from '@sriov/device-pool';
import { type Kernel } from '@sriov/host';
import { isSyncSocket } from '@sriov/plugin-handover';
import { followSources, LookPace, type ServiceContext } from '@sriov/runtime';
import { isResourceSocket } from './kubelet/resource-server.ts';
import { removeDeadSockets } from './kubelet/serve-socket.ts';
import { createPluginMetrics } from './metrics.ts';
import { type LookPorts, Looks } from './looks.ts';
import { recordOffered } from './offered-resources.ts';
import { Offers } from './offers.ts';
import { Passes } from './passes.ts';
import { type Settings } from './settings.ts';
import { StaleFiles } from './stale-files.ts';
import { SyncSocket } from './sync-socket.ts';
import { eventSources } from './watches.ts';
import { writeFiles } from './write-files.ts';

/** Events cause at most one look in so many milliseconds: the kubelet has to hear of a change within a second. */
const LOOK_MS = 250;

/** What the plugin works with, beside what each service has. */
export interface PluginPorts extends Pick<LookPorts, 'onAnswered'> {
  readonly kernel: Kernel;
}

/**
 * The device plugin: one kind of pass (look, plan, tell the kubelet), woken by the daemon, by files, by the host and by
 * the clock. Its own socket comes first: from then on the daemon waits for an answer before it changes VFs.
 */
export async function runPlugin(context: ServiceContext<Settings>, { kernel, onAnswered }: PluginPorts): Promise<void> {
  const { settings, log, clock, health, signal } = context;
  const { kubeletFolder, handoverFolder, configFile } = settings;
  const metrics = createPluginMetrics(context.metrics);
  const look = (): Promise<void> => looks.look();
  const wake = (delayMs: number): void => looks.wake(delayMs);
  const stale = new StaleFiles({ deviceInfo: DEVICE_INFO_FOLDER, cdi: CDI_FOLDER }, clock);
  const files = {
    writeFiles,
    recordOffered: (names: readonly string[]) => recordOffered(handoverFolder, names),
    removeStaleFiles: stale.remove.bind(stale),
  };
  const offers = new Offers({ ...settings, ...files, kernel, clock, log, metrics, wake, look });
  const own = new SyncSocket(handoverFolder, async () => {
    await looks.pass();
    return offers.answer();
  });
  const pace = new LookPace({ clock, leastMs: LOOK_MS });
  const passes = new Passes(() =>
    pace.look(async () => {
      await own.serve();
      await offers.pass(planPools);
    }),
  );
  const isComplete = (): boolean => offers.isComplete;
  const isAnswered = (): boolean => offers.isAnswered;
  const looks = new Looks({ passes, isComplete, isAnswered, onAnswered, clock, log, metrics, signal });
  await Promise.all([
    removeDeadSockets(kubeletFolder, isResourceSocket),
    removeDeadSockets(handoverFolder, isSyncSocket),
  ]);
  health.addReadiness('kubelet', () => looks.problem ?? true);

  await own.serve();
  try {
    looks.wake(0);
    // A ConfigMap exchanges its files by a link beside them.
    const sources = eventSources(kernel, [dirname(configFile), kubeletFolder, handoverFolder]);
    const auditMs = settings.auditSeconds * 1000;
    await followSources({ sources, clock, log, pace, auditMs }, (ms) => looks.wake(ms), signal);
  } finally {
    // The kubelet rejects a pod for good when it gets no answer. A device that is being changed is known by Sync.
    await offers.settled();
    await passes.end();
    await offers.close();
    // Last: for the daemon, a plugin without a socket gives nothing to pods. Until then, Sync fails and nothing is changed.
    await own.close();
  }
}
