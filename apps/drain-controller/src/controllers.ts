import { type EventText, SRIOV_NETWORK_NODE_STATE, SRIOV_NETWORK_POOL_CONFIG } from '@sriov/api';
import { Controller, createConditionReporter, createControllerMetrics, Expectations } from '@sriov/controller';
import { Cluster, conditionPorts, POD } from '@sriov/kube';
import { type ServiceContext } from '@sriov/runtime';
import { allInformers, createCaches } from './caches.ts';
import { PodsOfNodes } from './pods-of-nodes.ts';
import { reconcileNode, type Told } from './reconcile-node.ts';
import { reconcileTurns } from './reconcile-turns.ts';
import { type Settings } from './settings.ts';
import { connectWatches } from './watches.ts';

/** Nodes that are drained at the same time; each of them mostly waits for its pods. */
const NODE_WORKERS = 32;

/**
 * The drain controller: `turns` decides who is drained next, `nodes` drains. All they know is in the API server, so that
 * another replica goes on where this one stops.
 */
export async function runControllers(context: ServiceContext<Settings>): Promise<void> {
  const { settings, clock, log } = context;
  const { namespace } = settings;
  const cluster = new Cluster(context, {
    service: 'drain-controller',
    leads: true,
    ...settings,
    kubeconfig: settings.kubeconfig,
  });
  const caches = createCaches(cluster.informerContext, namespace);
  const resource = SRIOV_NETWORK_NODE_STATE;
  const get = (key: string): ReturnType<typeof caches.nodeStates.store.get> => caches.nodeStates.store.get(key);
  const reportConditions = createConditionReporter(conditionPorts({ cluster, clock, resource, get }));
  const pods = new PodsOfNodes({ client: cluster.client, clock, log, onChange: (node) => nodes.enqueue(node) });
  const shared = {
    caches,
    settings,
    namespace,
    clock,
    log,
    pods,
    client: cluster.client,
    expectations: new Expectations(clock),
    record: ({ node, pool, pod }: Told, event: EventText): void => {
      const nodeState = node === undefined ? undefined : get(`${namespace}/${node}`);
      const config = pool === undefined ? undefined : caches.pools.store.get(`${namespace}/${pool}`);
      if (nodeState !== undefined) cluster.recorder.record(resource, nodeState, event);
      if (config !== undefined) cluster.recorder.record(SRIOV_NETWORK_POOL_CONFIG, config, event);
      if (pod !== undefined) cluster.recorder.record(POD, pod, event);
    },
    report: (node: string, condition: Parameters<typeof reportConditions>[1][number]): Promise<void> =>
      reportConditions(`${namespace}/${node}`, [condition]),
  };
  const options = { timers: clock, log, metrics: createControllerMetrics(context.metrics) };
  const turns = new Controller({ ...options, name: 'turns', reconcile: () => reconcileTurns(shared) });
  const nodes = new Controller({
    ...options,
    name: 'node',
    workers: NODE_WORKERS,
    reconcile: (name) => reconcileNode(shared, name),
  });
  connectWatches(caches, { turns, nodes });
  await cluster.lead(allInformers(caches), async (signal) => {
    await Promise.all([turns.run(signal), nodes.run(signal)]).finally(() => pods.forgetAll());
  });
}
