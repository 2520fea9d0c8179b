import { randomBytes } from 'node:crypto';
import { rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { planPools } from '@sriov/device-pool';
import { messageOf } from '@sriov/errors';
import { type Kernel } from '@sriov/host';
import { isSyncSocket, type SyncAnswer, syncSocketPath } from '@sriov/plugin-handover';
import { type ServiceContext } from '@sriov/runtime';
import { isResourceSocket } from './kubelet/resource-server.ts';
import { removeDeadSockets, serveSocket } from './kubelet/serve-socket.ts';
import { createPluginMetrics } from './metrics.ts';
import { Offers } from './offers.ts';
import { Passes } from './passes.ts';
import { type Settings } from './settings.ts';
import { SYNC_SERVICE, syncService } from './sync-service.ts';
import { foldersOf, watchAll } from './watches.ts';
import { writeFiles } from './write-files.ts';

/** A pass that failed, or that left the kubelet without a resource, is repeated after so long. */
const RETRY_MS = 2_000;
/** A kubelet that has forgotten a resource is left to finish that before it hears of the resource again. */
const FORGOTTEN_MS = 500;

/**
 * The device plugin: one kind of pass (look, plan, tell the kubelet), woken by the daemon, by files, by the host and by
 * the clock. Its own socket comes first: from then on the daemon waits for an answer before it changes VFs.
 */
export async function runPlugin(context: ServiceContext<Settings>, kernel: Kernel): Promise<void> {
  const { settings, log, clock, health, signal } = context;
  const { kubeletFolder, handoverFolder, configFile } = settings;
  const metrics = createPluginMetrics(context.metrics);
  const onForgotten = (): void =>
    void clock.sleep(FORGOTTEN_MS, signal).then(() => (signal.aborted ? undefined : look()));
  const offers = new Offers({ ...settings, kernel, clock, log, metrics, writeFiles, onForgotten });
  await Promise.all([
    // That of a process that ran in this container before says nothing about this one.
    settings.readyFile === '' ? undefined : rm(settings.readyFile, { force: true }),
    removeDeadSockets(kubeletFolder, isResourceSocket),
    removeDeadSockets(handoverFolder, isSyncSocket),
  ]);

  let problem: string | undefined = 'no look at the host has ended yet';
  const passes = new Passes(async () => {
    await offers.pass(planPools);
    if (offers.isComplete && settings.readyFile !== '') await writeFile(settings.readyFile, '');
  });
  const look = async (): Promise<void> => {
    try {
      await passes.request();
      problem = offers.isComplete ? undefined : 'the kubelet does not know all resources';
      metrics.passed('done');
    } catch (err) {
      if (signal.aborted) return;
      const message = messageOf(err);
      if (problem !== message) log.warn({ err }, 'what is offered cannot be decided: the kubelet keeps what it knows');
      problem = message;
      metrics.passed('failed');
    }
    if (problem !== undefined && !signal.aborted) retry();
  };
  let isRetrying = false;
  const retry = (): void => {
    if (isRetrying) return;
    isRetrying = true;
    void clock.sleep(RETRY_MS, signal).then(() => {
      isRetrying = false;
      return signal.aborted ? undefined : look();
    });
  };
  health.addReadiness('kubelet', () => problem ?? true);

  const sync = async (): Promise<SyncAnswer> => {
    await passes.request();
    return offers.answer();
  };
  const socket = join(handoverFolder, basename(syncSocketPath(randomBytes(6).toString('hex'))));
  const own = await serveSocket(socket, SYNC_SERVICE, syncService(sync));
  try {
    const wake = (): void => void look();
    wake();
    const folders = [...foldersOf(configFile, join(kubeletFolder, 'kubelet.sock')), handoverFolder];
    await watchAll({ kernel, clock, log, auditMs: settings.auditSeconds * 1000, folders }, wake, signal);
  } finally {
    // The kubelet rejects a pod for good when it gets no answer. A device that is being changed is known by Sync.
    await offers.settled();
    await passes.end();
    await own.close();
    await offers.close();
  }
}
