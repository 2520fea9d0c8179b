import {
  DEFAULT_OPERATOR_CONFIG_NAME,
  SRIOV_NETWORK_NODE_POLICY,
  SRIOV_NETWORK_POOL_CONFIG,
  SRIOV_OPERATOR_CONFIG,
} from '@sriov/api';
import { Controller, type ControllerOptions, createControllerMetrics, Expectations } from '@sriov/controller';
import { Cluster, type EventRecorder, type KubeClient } from '@sriov/kube';
import { type ServiceContext } from '@sriov/runtime';
import pLimit from 'p-limit';
import { allInformers, type Caches, createCaches } from './caches/caches.ts';
import { FleetView } from './caches/fleet-view.ts';
import { VanishedPfs } from './caches/vanished-pfs.ts';
import { ConfigMapWriter } from './config-map/config-map-writer.ts';
import { createHeldMetric } from './holds/held-metric.ts';
import { PoolCanaries } from './holds/pool-canaries.ts';
import { reconcileNode } from './reconcile-node.ts';
import { type OperatorConfigContext, reconcileOperatorConfig } from './reconcile-operator-config.ts';
import { reconcilePolicy } from './reconcile-policy.ts';
import { reconcilePool } from './reconcile-pool.ts';
import { type Settings } from './settings.ts';
import { affectedSubjects, FailingNodes } from './status/failing-nodes.ts';
import { type Findings, NodeFindings } from './status/node-findings.ts';
import { ProgressThrottle } from './status/progress-throttle.ts';
import { createReadinessMetric } from './status/readiness-metric.ts';
import { recordFailures } from './status/record-failures.ts';
import { connectWatches, enqueueSubjects } from './watches.ts';

/**
 * Nodes that are reconciled at the same time: many, because those that wait for a shared ConfigMap share its next
 * write.
 */
const NODE_WORKERS = 1_024;
/** Nodes tend to fail together, so the SriovOperatorConfig reports them together. */
const FAILING_DELAY_MS = 1_000;
/**
 * Writes for nodes at the same time: the client has 64 connections, and watches, lease and statuses need some of them.
 */
const NODE_WRITES = 48;

/** Follows the cluster, and runs the controllers while this replica leads. */
export async function runControllers(context: ServiceContext<Settings>): Promise<void> {
  const { settings } = context;
  const cluster = new Cluster(context, {
    service: 'policy-controller',
    leads: true,
    ...settings,
    kubeconfig: settings.kubeconfig,
  });
  const { client, recorder } = cluster;
  const caches = createCaches(cluster.informerContext, settings);
  const controllers = createControllers({ ...context, client, recorder, caches });
  await cluster.lead(allInformers(caches), async (signal) => {
    await Promise.all(Object.values(controllers).map((controller) => controller.run(signal)));
  });
}

/** What the controllers are made from: the process, the connection to the cluster, and the caches. */
export interface ControllerParts extends Pick<ServiceContext<Settings>, 'settings' | 'log' | 'clock' | 'metrics'> {
  readonly client: KubeClient;
  readonly recorder: EventRecorder;
  readonly caches: Caches;
}

/** One controller for each kind of key. */
export type Controllers = Readonly<Record<'nodes' | 'policies' | 'pools' | 'operatorConfig', Controller>>;

/**
 * Joins the parts. The node controller brings each node in line with the policies. What it finds out goes into
 * `findings` and `failing`, and wakes the other three: they write the status of each policy, each pool and the
 * SriovOperatorConfig.
 */
export function createControllers(parts: ControllerParts): Controllers {
  const { settings, clock, log, client, recorder, caches } = parts;
  const { namespace } = settings;
  createReadinessMetric(parts.metrics, caches);
  const options = { timers: clock, log, metrics: createControllerMetrics(parts.metrics) };
  const configMaps = new ConfigMapWriter({
    client,
    namespace,
    present: (name) => caches.devicePluginConfigs.get(name)?.store.get(`${namespace}/${name}`),
    clock,
    onRefusal: () => operatorConfig.enqueue(DEFAULT_OPERATOR_CONFIG_NAME),
  });
  const context = {
    settings,
    log,
    client,
    recorder,
    caches,
    configMaps,
    now: (): number => clock.now(),
    // Policies, pools and settings, read once for all nodes.
    view: new FleetView(caches, settings),
    // What the last plan of each node says about policies and pools.
    findings: new NodeFindings(),
    // Nodes for which a write keeps failing.
    failing: new FailingNodes(),
    // Delays statuses that only count progress.
    throttle: new ProgressThrottle(clock),
  };
  const statusControllers = createStatusControllers(options, context);
  const { policies, pools, operatorConfig } = statusControllers;
  const enqueueStatuses = (subjects: Iterable<string>): void =>
    enqueueSubjects({ policies, pools, findings: context.findings, namespace }, subjects);
  createHeldMetric(parts.metrics, context.findings);
  const nodeContext = {
    ...context,
    canaries: new PoolCanaries({
      ...context,
      onProgress: () => [...context.findings.held().keys()].forEach((name) => nodes.enqueue(name)),
    }),
    // Our own writes that the caches do not show yet.
    expectations: new Expectations(clock),
    // PFs that were reported until a moment ago.
    vanishedPfs: new VanishedPfs({ graceMs: settings.vanishedPfGraceMinutes * 60_000, clock }),
    writeLimit: pLimit(NODE_WRITES),
    onFindings: (node: string, found: Findings | undefined): void => enqueueStatuses(context.findings.set(node, found)),
  };
  const nodes = new Controller({
    ...options,
    name: 'node',
    workers: NODE_WORKERS,
    reconcile: (name) => reconcileNode(nodeContext, name),
    onFailing(name, failure) {
      const failing = failure && { failure, subjects: affectedSubjects(context, name) };
      enqueueStatuses(context.failing.set(name, failing));
      operatorConfig.enqueue(DEFAULT_OPERATOR_CONFIG_NAME, FAILING_DELAY_MS);
    },
  });
  const controllers = { nodes, ...statusControllers };
  connectWatches({ ...context, ...controllers, namespace });
  return controllers;
}

/** The controllers that write only statuses. When the API server refuses a status, they record an Event instead. */
function createStatusControllers(
  options: Pick<ControllerOptions, 'timers' | 'log' | 'metrics'>,
  context: OperatorConfigContext,
): Omit<Controllers, 'nodes'> {
  const { caches, view, recorder } = context;
  return {
    operatorConfig: new Controller({
      ...options,
      name: 'operator-config',
      reconcile: () => reconcileOperatorConfig(context),
      onFailing: recordFailures(recorder, SRIOV_OPERATOR_CONFIG, () => view.operatorConfig),
    }),
    policies: new Controller({
      ...options,
      name: 'policy',
      reconcile: (key) => reconcilePolicy(context, key),
      onFailing: recordFailures(recorder, SRIOV_NETWORK_NODE_POLICY, (key) => caches.policies.store.get(key)),
    }),
    pools: new Controller({
      ...options,
      name: 'pool',
      reconcile: (key) => reconcilePool(context, key),
      onFailing: recordFailures(recorder, SRIOV_NETWORK_POOL_CONFIG, (key) => caches.pools.store.get(key)),
    }),
  };
}
