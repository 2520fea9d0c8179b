import { SRIOV_NETWORK_NODE_STATE, type SriovNetworkNodeState, withReadableStatus } from '@sriov/api';
import { Controller, createControllerMetrics } from '@sriov/controller';
import { Cluster, Informer, type KubeClient, NODE } from '@sriov/kube';
import { type Clock, type Logger, LookPace, type ServiceContext } from '@sriov/runtime';
import { printPlan } from './dry-run.ts';
import { createBootServiceKeeper, type KeepBootService } from './boot-service/keep-boot-service.ts';
import { followBoot, followHost, followPods, followStatus } from './blocked-calls/follow-calls.ts';
import { type Kernel } from '@sriov/host';
import { type LookPorts } from './gather.ts';
import { CardFirmware } from './firmware/card-firmware.ts';
import { isRebootGranted } from './draining/is-reboot-granted.ts';
import { openDrains } from './draining/open-drains.ts';
import { findGone } from './device-plugin/find-gone.ts';
import { loadStartModules } from './load-start-modules.ts';
import { type OpenedHost, type OpenHost } from './open-host.ts';
import { createCallMetrics, createNodeMetrics } from './metrics.ts';
import { PassWatch } from './blocked-calls/pass-watch.ts';
import { pluginPods } from './plugin-restart/plugin-pods.ts';
import { createPluginRestarter } from './plugin-restart/apply-restart.ts';
import { createPluginMetrics } from './plugin-restart/plugin-metrics.ts';
import { createReconciler } from './reconcile.ts';
import { type Settings } from './settings.ts';
import { createStatusWriter } from './status/status-writer.ts';
import { tellFailing } from './status/tell-failing.ts';
import { tellOnce, warnBy } from './status/tell-once.ts';
import { watchHost } from './watch-host.ts';
import { watchNodeState } from './watches.ts';

const FIRMWARE_OFF = 'firmware is not changed on this node (disablePlugins of the SriovOperatorConfig has mellanox)';

/** What of the host is the daemon's business. */
function businessOf(
  { changeFirmware, manageSoftwareBridges: managesBridges }: Settings,
  kernel: Kernel,
): Pick<LookPorts, 'firmware' | 'managesBridges'> {
  return { firmware: new CardFirmware(kernel, changeFirmware ? {} : { isOff: FIRMWARE_OFF }), managesBridges };
}

/** Reads which machine of which platform the node is; empty where it does not say. */
function providerIDReader(client: KubeClient, { nodeName }: Settings): () => Promise<string> {
  return async () => (await client.get(NODE, { name: nodeName })).spec?.providerID ?? '';
}

/** The part of a pass that keeps the boot service; nothing where nobody says whether there is to be one. */
function bootServiceKeeper(
  opened: OpenedHost,
  { configurationMode: mode, manageSoftwareBridges: managesBridges, stateFolder }: Settings,
  { watch, log, clock }: { readonly watch: PassWatch; readonly log: Logger; readonly clock: Clock },
): { readonly keepBootService?: KeepBootService } {
  if (mode === undefined) return {};
  const ports = { ...followBoot(opened, watch), mode, managesBridges, stateFolder };
  return { keepBootService: createBootServiceKeeper(ports, log, clock) };
}

/** The cache of the node's own SriovNetworkNodeState. */
function openNodeState(
  { informerContext }: Cluster,
  { namespace, nodeName }: Settings,
): { nodeStates: Informer<SriovNetworkNodeState>; getNodeState: () => SriovNetworkNodeState | undefined } {
  const nodeStates = new Informer(informerContext, SRIOV_NETWORK_NODE_STATE, {
    namespace,
    fieldSelector: `metadata.name=${nodeName}`,
    transform: withReadableStatus,
  });
  return { nodeStates, getNodeState: () => nodeStates.store.get(`${namespace}/${nodeName}`) };
}

/**
 * Events of the host cause at most one look in so many milliseconds: pods come and go, each with its veth. The status
 * shows a change within a second all the same.
 */
const LOOK_MS = 750;

/** The config daemon: one controller with one key, the node. Its node state, the host and the clock wake it. */
export async function runControllers<S extends Settings>(
  context: ServiceContext<S>,
  openHost: OpenHost<S>,
): Promise<void> {
  const { settings, log, clock, metrics, health } = context;
  const { namespace, kubeconfig } = settings;
  const cluster = new Cluster(context, { service: 'config-daemon', namespace, kubeconfig });
  const passes = new PassWatch({ clock, limitMs: settings.passLimitSeconds * 1000 });
  const readProviderID = providerIDReader(cluster.client, settings);
  const opened = openHost(settings, context);
  const followed = followHost(opened, { watch: passes, clock, readProviderID, onCall: createCallMetrics(metrics) });
  const dryRun = { ...followed, ...businessOf(settings, followed.kernel), onWarnings: tellOnce(log) };
  if (settings.dryRun) return printPlan(cluster.client, dryRun, settings);

  const { nodeStates, getNodeState } = openNodeState(cluster, settings);
  const { client, recorder } = cluster;
  const pace = new LookPace({ clock, leastMs: LOOK_MS });
  const host = { ...dryRun, pace, onWarnings: tellOnce(log, warnBy(recorder, getNodeState)) };
  const status = followStatus(createStatusWriter({ client, recorder, clock, getNodeState }), passes);
  const plugin = { pods: followPods(pluginPods(client, settings), passes), metrics: createPluginMetrics(metrics) };
  const drains = openDrains(context, cluster, { getNodeState, onChange: () => wake(0) });
  const wake = (delayMs: number): void => controller.enqueue(settings.nodeName, delayMs);
  const controller = new Controller({
    name: 'node',
    reconcile: passes.pass(
      createReconciler({
        host,
        getNodeState,
        status,
        beginDrain: drains.begin,
        isRebootGranted: () => isRebootGranted(client, settings),
        resetsFirmware: drains.resetsFirmware,
        restartPlugin: createPluginRestarter({ ...plugin, ...host, getNodeState, recorder, log }),
        findGone: (nodeState, seen) => findGone(host.kernel, nodeState, seen),
        ...bootServiceKeeper(opened, settings, { watch: passes, log, clock }),
        allowHostInterfaces: settings.configureHostInterfaces,
        iommu: settings.iommu,
        maxReboots: settings.maxReboots,
        clock,
        log,
        metrics: createNodeMetrics(metrics),
        wake: () => wake(0),
        onHeldUp: passes.heldUp,
      }),
    ),
    onFailing: tellFailing({ status, recorder, getNodeState }),
    timers: clock,
    log,
    metrics: createControllerMetrics(metrics),
  });
  health.addHealth('passes', passes.check);
  watchNodeState(nodeStates.store, status, () => wake(0));
  await cluster.follow([nodeStates, ...drains.informers], async (signal) => {
    wake(0);
    await Promise.all([
      loadStartModules(host.kernel, log),
      controller.run(signal),
      watchHost({ ...host, clock, log, auditMs: settings.auditSeconds * 1000 }, wake, signal),
    ]);
  });
}
