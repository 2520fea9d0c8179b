import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  ANNOTATION,
  DEFAULT_OPERATOR_NAMESPACE,
  DEFAULT_RESOURCE_PREFIX,
  formatPlannedFrom,
  LABEL,
  type SriovNetworkNodeState,
} from '@sriov/api';
import { renderAttachment } from '@sriov/attachment';
import { converge, DevicePlugin, type HostPorts, Journal, wishOf } from '@sriov/config-daemon';
import { nextStatus, verdictOf } from '@sriov/node-plan';
import { StateFolder } from '@sriov/host';
import { loadWorld, SimulatedKernel } from '@sriov/host-sim';
import { type NodeStatePlan, planNodeState, prepareFleet } from '@sriov/policy';
import { systemClock } from '@sriov/runtime';
import { type Examples } from './examples.ts';
import { type Outcome } from './outcome.ts';
import { type Stopwatch } from './stopwatch.ts';

/** What a run without a cluster leaves unproven, for people. */
export const NOT_PROVEN = [
  'This ran the planners and drivers of the services in one process. It does not prove what is between them:',
  'the API server, CRDs and their rules, the admission webhook, RBAC, watches, leader election, restarts.',
];

const NODE = 'demo-node';

/** Runs the examples on the simulated node in this process: the same planners and drivers, no API server. */
export async function runWithoutCluster(world: string, examples: Examples, stopwatch: Stopwatch): Promise<Outcome> {
  const folder = await mkdtemp(join(tmpdir(), 'sriov-demo-'));
  try {
    const kernel = new SimulatedKernel({ world: loadWorld(world), clock: systemClock });
    const plugin = new DevicePlugin({ kernel, folder: kernel.handoverFolder, clock: systemClock });
    const { modprobeFolder } = kernel;
    const host = { kernel, journal: new Journal(new StateFolder(folder)), plugin, modprobeFolder };
    const before: SriovNetworkNodeState = { metadata: { name: NODE, generation: 1 } };
    const seen = await stopwatch.time('discover the NICs', () => bringInLine(host, before));
    const { spec, plannedFrom = new Set<string>() } = await stopwatch.time('plan the node', () =>
      Promise.resolve(plan(examples, seen)),
    );
    const annotations = { [ANNOTATION.plannedFrom]: formatPlannedFrom(plannedFrom) };
    const planned: SriovNetworkNodeState = { ...seen, metadata: { name: NODE, generation: 2, annotations }, spec };
    const state = await stopwatch.time('configure the NICs', () => bringInLine(host, planned));
    return { state, attachments: examples.networks.map(render), laps: stopwatch.laps };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** One pass of the config daemon, and the state with what it would report. */
async function bringInLine(host: HostPorts, state: SriovNetworkNodeState): Promise<SriovNetworkNodeState> {
  const wanted = { ...wishOf(state), allowHostInterfaces: false };
  const converged = await converge(host, wanted, { onPlan: () => Promise.resolve(), onStep: () => undefined });
  const pass = { observed: converged.observed, verdict: verdictOf(converged) };
  return { ...state, status: nextStatus(state, pass, systemClock.now()).status };
}

function plan({ policies }: Examples, state: SriovNetworkNodeState): NodeStatePlan {
  const fleet = prepareFleet({
    policies,
    pools: [],
    operatorConfig: undefined,
    supportedNics: undefined,
    supportedNicsOnly: false,
  });
  return planNodeState(fleet, { name: NODE, labels: { [LABEL.worker]: '', [LABEL.os]: 'linux' }, state });
}

function render(network: Examples['networks'][number]): Outcome['attachments'][number] {
  const settings = { operatorNamespace: DEFAULT_OPERATOR_NAMESPACE, resourcePrefix: DEFAULT_RESOURCE_PREFIX };
  const rendered = renderAttachment(network, settings);
  return rendered.ok ? rendered.attachment : undefined;
}
