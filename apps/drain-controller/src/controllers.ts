import { type EventText, SRIOV_NETWORK_NODE_STATE, SRIOV_NETWORK_POOL_CONFIG } from '@sriov/api';
import { Controller, createConditionReporter, createControllerMetrics, Expectations } from '@sriov/controller';
import { Cluster, conditionPorts, POD } from '@sriov/kube';
import { type Clock, type ServiceContext } from '@sriov/runtime';
import { WRITTEN } from './apply.ts';
import { allInformers, type Caches, createCaches } from './caches.ts';
import { type DrainedCondition } from './drained-condition.ts';
import { GivenSlots, noteGivenSlots } from './given-slots.ts';
import { MachineConfigPools } from './openshift/machine-config-pools.ts';
import { PoolPauses } from './openshift/pool-pauses.ts';
import { PodsOfNodes } from './pods-of-nodes.ts';
import { Refusals } from './refusals.ts';
import { reconcileNode, type Told } from './reconcile-node.ts';
import { reconcileTurns } from './reconcile-turns.ts';
import { type Settings } from './settings.ts';
import { reconcileWaiting, Waiting } from './waiting.ts';
import { reconcileStartupTaint } from './startup-taint.ts';
import { connectWatches, PAUSE_KEY, wakeNodesWithSlots } from './watches.ts';

/** Nodes that are drained at the same time; each of them mostly waits for its pods. */
const NODE_WORKERS = 32;
/** Nodes that are told at the same time why they wait: few, so that the API server has time for those that are drained. */
const WAITING_WORKERS = 4;

/**
 * The drain controller: `turns` decides who is drained next, `waiting` tells the others, `nodes` drains. All they know is
 * in the API server, so that another replica goes on where this one stops.
 */
export async function runControllers(context: ServiceContext<Settings>): Promise<void> {
  const { settings, clock, log } = context;
  const { namespace, kubeconfig } = settings;
  const cluster = new Cluster(context, { service: 'drain-controller', leads: true, namespace, kubeconfig });
  const caches = createCaches(cluster.informerContext, namespace);
  const told = { cluster, caches, clock, namespace, expectations: new Expectations(clock) };
  const pods = new PodsOfNodes({ client: cluster.client, clock, log, onChange: (node) => nodes.enqueue(node) });
  const machineConfigPools = new MachineConfigPools(cluster.informerContext, () => pauses.enqueue(PAUSE_KEY.changed));
  const orchestrator = new PoolPauses({ client: cluster.client, log, caches, namespace, machineConfigPools });
  const shared = {
    ...told,
    settings,
    log,
    pods,
    orchestrator,
    client: cluster.client,
    givenSlots: new GivenSlots(clock),
    refusals: new Refusals(clock),
    waiting: new Waiting((node) => waiting.enqueue(node)),
    record: createRecord(told),
    report: createReport(told),
  };
  const options = { timers: clock, log, metrics: createControllerMetrics(context.metrics) };
  const turns = new Controller({ ...options, name: 'turns', reconcile: () => reconcileTurns(shared) });
  const nodes = new Controller({
    ...options,
    name: 'node',
    workers: NODE_WORKERS,
    reconcile: (name) => reconcileNode(shared, name),
  });
  const waiting = new Controller({
    ...options,
    name: 'waiting',
    workers: WAITING_WORKERS,
    reconcile: (name) => reconcileWaiting(shared, name),
  });
  const startupTaints = new Controller({
    ...options,
    name: 'startup-taint',
    reconcile: (name) => reconcileStartupTaint(shared, name),
  });
  const pauses = new Controller({
    ...options,
    name: 'pause',
    reconcile: (key) => {
      if (key === PAUSE_KEY.changed) wakeNodesWithSlots(caches, nodes);
      return orchestrator.endPauses();
    },
  });
  // Without the setting it never wakes.
  connectWatches(caches, { turns, nodes, pauses, ...(settings.startupTaint && { startupTaints }) });
  const all = [turns, nodes, waiting, startupTaints, pauses];
  await cluster.lead([...allInformers(caches), machineConfigPools], async (signal) => {
    // What an earlier term of ours has found may not have been told.
    shared.waiting.update(new Map());
    await noteGivenSlots(shared, signal);
    await Promise.all(all.map((each) => each.run(signal))).finally(() => pods.forgetAll());
  });
}

/** By what people are told, on node states, pools and pods. */
interface TellPorts {
  readonly cluster: Cluster;
  readonly caches: Caches;
  readonly clock: Clock;
  readonly namespace: string;
  readonly expectations: Expectations;
}

function createRecord({ cluster, caches, namespace }: TellPorts): (about: Told, event: EventText) => void {
  return ({ node, pool, pod }, event) => {
    const nodeState = node === undefined ? undefined : caches.nodeStates.store.get(`${namespace}/${node}`);
    const config = pool === undefined ? undefined : caches.pools.store.get(`${namespace}/${pool}`);
    if (nodeState !== undefined) cluster.recorder.record(SRIOV_NETWORK_NODE_STATE, nodeState, event);
    if (config !== undefined) cluster.recorder.record(SRIOV_NETWORK_POOL_CONFIG, config, event);
    if (pod !== undefined) cluster.recorder.record(POD, pod, event);
  };
}

function createReport(ports: TellPorts): (node: string, condition: DrainedCondition) => Promise<void> {
  const { cluster, caches, clock, namespace, expectations } = ports;
  const report = createConditionReporter(
    conditionPorts({
      cluster,
      clock,
      resource: SRIOV_NETWORK_NODE_STATE,
      get: (key) => caches.nodeStates.store.get(key),
      onWritten: ({ metadata }, version) => expectations.expect(metadata.name, WRITTEN.nodeState, version),
    }),
  );
  return (node, condition) => report(`${namespace}/${node}`, [condition]);
}
