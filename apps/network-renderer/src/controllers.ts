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
import { allInformers, type Caches, createCaches, NETWORK_KINDS, UPSTREAM_KINDS, type UpstreamKind } from './caches.ts';
import { endWithNamespace } from './end-with-namespace.ts';
import { reconcile } from './reconcile.ts';
import { type Settings } from './settings.ts';
import { reconcileUpstream } from './upstream-finalizers.ts';
import { connectWatches } from './watches.ts';

/** Networks of one kind that are worked on at the same time. */
const WORKERS = 4;

/**
 * The network renderer: one controller for each kind of network, and for each kind on which upstream's operator has left
 * finalizers, over shared caches.
 */
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
  const parts = { context, cluster, caches, metrics: controllerMetrics };
  const controllers = new Map([
    ...NETWORK_KINDS.map((resource) => [resource.kind, createController(parts, resource)] as const),
    ...UPSTREAM_KINDS.map((kind) => [kind.resource.kind, createUpstreamController(parts, kind)] as const),
  ]);
  connectWatches(caches, controllers);
  await cluster.lead(allInformers(caches), async (signal) => {
    await Promise.all([...controllers.values()].map((controller) => controller.run(signal)));
    const { log } = context;
    if (context.signal.aborted) await endWithNamespace({ caches, client: cluster.client, settings, log });
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

function createUpstreamController({ context, cluster, caches, metrics }: Parts, kind: UpstreamKind): Controller {
  const { log, clock } = context;
  return new Controller({
    name: kind.resource.kind,
    reconcile: (key) => reconcileUpstream({ caches, client: cluster.client, log }, kind, key),
    timers: clock,
    log,
    metrics,
  });
}
