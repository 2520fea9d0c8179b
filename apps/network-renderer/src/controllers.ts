import { type CustomResource } from '@sriov/api';
import { type Network } from '@sriov/attachment';
import {
  Controller,
  type ControllerMetrics,
  createConditionReporter,
  createControllerMetrics,
} from '@sriov/controller';
import { Cluster, conditionPorts } from '@sriov/kube';
import { type ServiceContext } from '@sriov/runtime';
import { allInformers, type Caches, createCaches, NETWORK_KINDS } from './caches.ts';
import { reconcile } from './reconcile.ts';
import { type Settings } from './settings.ts';
import { connectWatches } from './watches.ts';

/** Networks of one kind that are worked on at the same time. */
const WORKERS = 4;

/** The network renderer: one controller for each kind of network, over shared caches. */
export async function runControllers(context: ServiceContext<Settings>): Promise<void> {
  const { settings, metrics } = context;
  const cluster = new Cluster(context, {
    service: 'network-renderer',
    leads: true,
    ...settings,
    kubeconfig: settings.kubeconfig,
  });
  const caches = createCaches(cluster.informerContext);
  const controllerMetrics = createControllerMetrics(metrics);
  const controllers = new Map(
    NETWORK_KINDS.map((resource) => [
      resource.kind,
      createController({ context, cluster, caches, metrics: controllerMetrics }, resource),
    ]),
  );
  connectWatches(caches, controllers);
  await cluster.lead(allInformers(caches), async (signal) => {
    await Promise.all([...controllers.values()].map((controller) => controller.run(signal)));
  });
}

interface Parts {
  readonly context: ServiceContext<Settings>;
  readonly cluster: Cluster;
  readonly caches: Caches;
  readonly metrics: ControllerMetrics;
}

function createController(parts: Parts, resource: CustomResource<Network>): Controller {
  const { context, cluster, caches, metrics } = parts;
  const { settings, log, clock } = context;
  const get = (key: string): Network | undefined => caches.networks.get(resource.kind)?.store.get(key);
  return new Controller({
    name: resource.kind,
    reconcile: (key) => reconcile({ resource, caches, client: cluster.client, settings, log }, key),
    report: createConditionReporter(conditionPorts({ cluster, clock, resource, get })),
    workers: WORKERS,
    timers: clock,
    log,
    metrics,
  });
}
