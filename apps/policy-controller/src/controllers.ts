import {
  DEFAULT_OPERATOR_CONFIG_NAME,
  SRIOV_NETWORK_NODE_POLICY,
  SRIOV_NETWORK_POOL_CONFIG,
  SRIOV_OPERATOR_CONFIG,
} from '@sriov/api';
import { Controller, type ControllerOptions, createControllerMetrics } from '@sriov/controller';
import { Cluster } from '@sriov/kube';
import { type ServiceContext } from '@sriov/runtime';
import pLimit from 'p-limit';
import { allInformers, createCaches } from './caches/caches.ts';
import { ConfigMapWriter } from './config-map/config-map-writer.ts';
import { FailingNodes, affectedSubjects } from './status/failing-nodes.ts';
import { FleetView } from './caches/fleet-view.ts';
import { NodeFindings } from './status/node-findings.ts';
import { Expectations } from './caches/expectations.ts';
import { ProgressThrottle } from './status/progress-throttle.ts';
import { reconcileNode } from './reconcile-node.ts';
import { type OperatorConfigContext, reconcileOperatorConfig } from './reconcile-operator-config.ts';
import { reconcilePolicy } from './reconcile-policy.ts';
import { reconcilePool } from './reconcile-pool.ts';
import { type Settings } from './settings.ts';
import { VanishedPfs } from './caches/vanished-pfs.ts';
import { recordFailures } from './status/record-failures.ts';
import { connectWatches, enqueueSubjects } from './watches.ts';

/** Nodes in work at the same time. Many: those that wait for the ConfigMap that they share are written together. */
const NODE_WORKERS = 1_024;
/** Failures of nodes come together; the SriovOperatorConfig tells of all of them at once. */
const FAILING_DELAY_MS = 1_000;
/** Writes of nodes at the same time: the client has 64 connections, of which watches, lease and statuses need some. */
const NODE_WRITES = 48;

/**
 * The policy controller: one controller brings each node in line with the policies, the others say on each policy,
 * each pool and the SriovOperatorConfig how far that has come.
 */
export async function runControllers(context: ServiceContext<Settings>): Promise<void> {
  const { settings, log, clock } = context;
  const { namespace } = settings;
  const cluster = new Cluster(context, {
    service: 'policy-controller',
    leads: true,
    ...settings,
    kubeconfig: settings.kubeconfig,
  });
  const { client, recorder } = cluster;
  const caches = createCaches(cluster.informerContext, settings);
  const view = new FleetView(caches, settings);
  const findings = new NodeFindings();
  const failing = new FailingNodes();
  const now = (): number => clock.now();
  const expectations = new Expectations(clock);
  const vanishedPfs = new VanishedPfs({ graceMs: settings.vanishedPfGraceMinutes * 60_000, clock });
  const configMaps = new ConfigMapWriter({
    client,
    namespace,
    present: (name) => caches.devicePluginConfigs.get(name)?.store.get(`${namespace}/${name}`),
    clock,
    onRefusal: () => statusControllers.operatorConfig.enqueue(DEFAULT_OPERATOR_CONFIG_NAME),
  });
  const shared = { timers: clock, log, metrics: createControllerMetrics(context.metrics) };
  const throttle = new ProgressThrottle(clock);
  const sources = { caches, view, findings, failing, settings, client, recorder, now, configMaps, throttle };
  const writeLimit = pLimit(NODE_WRITES);

  const statusControllers: StatusControllers = createStatusControllers(shared, sources);
  const { operatorConfig, policies, pools } = statusControllers;
  const wake = (subjects: Iterable<string>): void =>
    enqueueSubjects({ policies, pools, findings, namespace }, subjects);
  const nodes = new Controller({
    ...shared,
    name: 'node',
    workers: NODE_WORKERS,
    reconcile: (name) =>
      reconcileNode(
        {
          ...sources,
          log,
          writeLimit,
          expectations,
          vanishedPfs,
          onFindings: (node, found) => wake(findings.set(node, found)),
        },
        name,
      ),
    onFailing(name, failure) {
      wake(failing.set(name, failure && { failure, subjects: affectedSubjects(sources, name) }));
      operatorConfig.enqueue(DEFAULT_OPERATOR_CONFIG_NAME, FAILING_DELAY_MS);
    },
  });
  connectWatches({ ...sources, nodes, policies, pools, operatorConfig, namespace });

  await cluster.lead(allInformers(caches), async (signal) => {
    await Promise.all([nodes, policies, pools, operatorConfig].map((controller) => controller.run(signal)));
  });
}

type Shared = Pick<ControllerOptions, 'timers' | 'log' | 'metrics'>;
type StatusControllers = Readonly<Record<'operatorConfig' | 'policies' | 'pools', Controller>>;

/** The controllers that write statuses alone: where one is refused, an Event is all that is left. */
function createStatusControllers(shared: Shared, sources: OperatorConfigContext): StatusControllers {
  const { caches, view, recorder } = sources;
  return {
    operatorConfig: new Controller({
      ...shared,
      name: 'operator-config',
      reconcile: () => reconcileOperatorConfig(sources),
      onFailing: recordFailures(recorder, SRIOV_OPERATOR_CONFIG, () => view.operatorConfig),
    }),
    policies: new Controller({
      ...shared,
      name: 'policy',
      reconcile: (key) => reconcilePolicy(sources, key),
      onFailing: recordFailures(recorder, SRIOV_NETWORK_NODE_POLICY, (key) => caches.policies.store.get(key)),
    }),
    pools: new Controller({
      ...shared,
      name: 'pool',
      reconcile: (key) => reconcilePool(sources, key),
      onFailing: recordFailures(recorder, SRIOV_NETWORK_POOL_CONFIG, (key) => caches.pools.store.get(key)),
    }),
  };
}
