import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { ANNOTATION, CONDITION, LABEL, type SriovNetworkNodePolicy, type SriovNetworkNodeState } from '@sriov/api';
import { simulatedService as configDaemon } from '@sriov/config-daemon';
import { type MachineState, parseMachineState } from '@sriov/host-sim';
import { service as policyController } from '@sriov/policy-controller';
import { serve } from '@sriov/runtime';
import { createNamespace, eventually, installCrds, request, testControlPlane, tryRequest } from '@sriov/testing';
import { stringify } from 'yaml';

jest.setTimeout(120_000);

const [PF, OTHER] = ['0000:01:00.0', '0000:02:00.0'];
const API_VERSION = 'sriovnetwork.openshift.io/v1';
const WORLD = {
  latency: 'none',
  modules: ['igbvf'],
  defaultRoute: 'eno1',
  nics: [
    { model: 'virtio', address: '0000:00:03.0', name: 'eno1', mac: '52:54:00:12:34:56', up: true },
    { model: 'igb', address: PF, name: 'ens1', mac: '52:54:00:aa:00:10', up: true },
    { model: 'igb', address: OTHER, bridge: '0000:00:10.1', name: 'ens2', mac: '52:54:00:aa:00:20', up: true },
  ],
};

let namespace: string;
let node: string;
let folder: string;
let before: MachineState;

/** A service of the operator, in this process. */
class Running {
  readonly #start: (signal: AbortSignal) => Promise<void>;
  #stop = new AbortController();
  #running: Promise<void> = Promise.resolve();

  constructor(start: (signal: AbortSignal) => Promise<void>) {
    this.#start = start;
  }

  start(): void {
    this.#stop = new AbortController();
    this.#running = this.#start(this.#stop.signal);
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }
}

const common = (): { listen: string; logLevel: 'silent'; kubeconfig: string; namespace: string } => ({
  listen: '127.0.0.1:0',
  logLevel: 'silent',
  kubeconfig: testControlPlane().kubeconfigPath,
  namespace,
});
const controller = new Running((signal) =>
  serve(
    policyController,
    {
      ...common(),
      supportedNicsOnly: false,
      // Whatever is kept for a while elsewhere goes at once here: the waits must not be what saves the VFs.
      staleNodeStateCleanupDelayMinutes: 0,
      vanishedPfGraceMinutes: 0,
      devicePluginConfigShards: 1,
    },
    signal,
  ),
);
const daemon = new Running((signal) =>
  serve(
    configDaemon,
    {
      ...common(),
      nodeName: node,
      hostRoot: '/',
      stateFolder: '/nowhere',
      auditSeconds: 300,
      passLimitSeconds: 600,
      configureHostInterfaces: false,
      devicePluginMetricsPort: 0,
      manageSoftwareBridges: false,
      iommu: 'passthrough',
      maxReboots: 2,
      changeFirmware: true,
      drainPolicy: 'whenInUse',
      useExternalDrainer: false,
      dryRun: false,
      simulate: join(folder, 'world.yaml'),
      simulateState: join(folder, 'machine.json'),
    },
    signal,
  ),
);

const path = (plural: string, name = ''): string =>
  `/apis/${API_VERSION}/namespaces/${namespace}/${plural}/${name}`.replace(/\/$/, '');
const STATES = 'sriovnetworknodestates';
const configMap = (): string => `/api/v1/namespaces/${namespace}/configmaps/device-plugin-config`;
const machine = (): MachineState => parseMachineState(readFileSync(join(folder, 'machine.json'), 'utf8'));
const getState = async (): Promise<SriovNetworkNodeState> =>
  (await request('GET', path(STATES, node))) as SriovNetworkNodeState;
const conditionOf = ({ status }: SriovNetworkNodeState | SriovNetworkNodePolicy, type: string): object | undefined =>
  status?.conditions?.find((condition) => condition.type === type);
const untilState = (expected: object, uid?: string): Promise<SriovNetworkNodeState> =>
  eventually(async () => {
    const state = await getState();
    expect(conditionOf(state, CONDITION.ready)).toMatchObject({
      observedGeneration: state.metadata.generation,
      ...expected,
    });
    return state.metadata.uid !== uid && state;
  });
const untilPolicy = (status: 'True' | 'False'): Promise<unknown> =>
  eventually(async () => {
    const policy = (await request('GET', path('sriovnetworknodepolicies', 'four'))) as SriovNetworkNodePolicy;
    expect(conditionOf(policy, CONDITION.ready)).toMatchObject({ status });
    return policy;
  });
/** Node and policy are as they should be, in a node state other than that of `uid`. */
const untilInSync = async (uid?: string): Promise<void> => {
  await untilState({ status: 'True', reason: 'InSync' }, uid);
  await untilPolicy('True');
};
const labelNode = (labels: Record<string, string | null>): Promise<unknown> =>
  request('PATCH', `/api/v1/nodes/${node}`, { metadata: { labels } });
const createOperatorConfig = (): Promise<unknown> =>
  request('POST', path('sriovoperatorconfigs'), {
    apiVersion: API_VERSION,
    kind: 'SriovOperatorConfig',
    metadata: { name: 'default' },
    spec: {},
  });
/** Deletes the SriovOperatorConfig and, as the garbage collector does, all that it owns. */
const deleteOperatorConfig = async (): Promise<void> => {
  await request('DELETE', path('sriovoperatorconfigs', 'default'));
  await tryRequest('DELETE', configMap());
  await tryRequest('DELETE', path(STATES, node));
};
const createState = (annotations: object): Promise<unknown> =>
  request('POST', path(STATES), {
    apiVersion: API_VERSION,
    kind: 'SriovNetworkNodeState',
    metadata: { name: node, annotations },
    spec: {},
  });
const patchStatus = (status: object): Promise<unknown> => request('PATCH', `${path(STATES, node)}/status`, { status });
const reported = async (...addresses: string[]): Promise<object[]> =>
  ((await getState()).status?.interfaces ?? []).filter(({ pciAddress }) => addresses.includes(pciAddress));
const untilPlannedFrom = (text: string): Promise<unknown> =>
  eventually(async () => (await getState()).metadata.annotations?.[ANNOTATION.plannedFrom] === text);

beforeAll(installCrds);
beforeEach(async () => {
  namespace = await createNamespace('operator');
  node = `node-${namespace}`;
  folder = mkdtempSync(join(tmpdir(), 'absence-'));
  writeFileSync(join(folder, 'world.yaml'), stringify(WORLD));
  await createOperatorConfig();
  await request('POST', '/api/v1/nodes', {
    metadata: { name: node, labels: { [LABEL.worker]: '', [LABEL.os]: 'linux' } },
  });
  await request('POST', path('sriovnetworknodepolicies'), {
    apiVersion: API_VERSION,
    kind: 'SriovNetworkNodePolicy',
    metadata: { name: 'four' },
    spec: { resourceName: 'four', numVfs: 4, nodeSelector: {}, nicSelector: { pfNames: ['ens1'] } },
  });
  controller.start();
  daemon.start();
  await untilInSync();
  before = machine();
  expect(before.devices[PF]?.pf?.vfs).toHaveLength(4);
});
afterEach(async () => {
  await Promise.all([controller.stop(), daemon.stop()]);
  await request('DELETE', `/api/v1/nodes/${node}`);
  rmSync(folder, { recursive: true, force: true });
});

const LOSSES: [string, () => Promise<unknown>][] = [
  ['the node state is deleted', () => request('DELETE', path(STATES, node))],
  ['the SriovOperatorConfig is deleted and made again', () => deleteOperatorConfig().then(createOperatorConfig)],
  [
    'the node loses its label, its node state goes, and the label comes back',
    async () => {
      await labelNode({ [LABEL.worker]: null });
      await eventually(async () => (await tryRequest('GET', path(STATES, node))).status === 404);
      await labelNode({ [LABEL.worker]: '' });
    },
  ],
  [
    'the chart is uninstalled and installed again',
    async () => {
      await Promise.all([controller.stop(), daemon.stop()]);
      await deleteOperatorConfig();
      daemon.start();
      await createOperatorConfig();
      controller.start();
    },
  ],
  [
    'a controller that does not tell what it planned from made the node state, until the next one runs',
    async () => {
      await controller.stop();
      await request('DELETE', path(STATES, node));
      await createState({ [ANNOTATION.devicePluginConfigHash]: 'of nothing' });
      await untilState({ status: 'False', reason: 'NotPlannedYet' });
      controller.start();
    },
  ],
  [
    'the node state is created again while the PF is missing from the report',
    async () => {
      const others = await reported(OTHER);
      await daemon.stop();
      await request('DELETE', path(STATES, node));
      await eventually(getState);
      await patchStatus({ interfaces: others, syncStatus: 'Succeeded' });
      await untilPlannedFrom(OTHER);
      daemon.start();
    },
  ],
];

const DAMAGES: [string, () => Promise<unknown>][] = [
  ['the status is emptied', () => patchStatus({ interfaces: null, syncStatus: null, conditions: null })],
  [
    'the status loses the PF while no daemon runs',
    async () => {
      const others = await reported(OTHER);
      await daemon.stop();
      await patchStatus({ interfaces: others });
      await untilPlannedFrom(OTHER);
      daemon.start();
    },
  ],
  [
    'a hand takes away what the spec was planned from',
    () => request('PATCH', path(STATES, node), { metadata: { annotations: { [ANNOTATION.plannedFrom]: null } } }),
  ],
];

describe('no VF is touched, and all is in sync again, when', () => {
  it.each(LOSSES)('%s', async (_, lose) => {
    const { uid } = (await getState()).metadata;
    await lose();
    await untilInSync(uid);
    expect(machine()).toEqual(before);
  });

  it.each(DAMAGES)('%s', async (_, damage) => {
    await damage();
    await untilPlannedFrom(`0000:00:03.0,${PF},${OTHER}`);
    await untilInSync();
    expect((await getState()).spec?.interfaces).toMatchObject([{ pciAddress: PF, numVfs: 4 }]);
    expect(machine()).toEqual(before);
  });
});

describe('a node whose state was deleted', () => {
  it('keeps configuration and label of its device plugin, and its policy is not Ready, until its daemon reports', async () => {
    const facts = async (): Promise<unknown> => [
      ((await request('GET', configMap())) as { data: unknown }).data,
      ((await request('GET', `/api/v1/nodes/${node}`)) as SriovNetworkNodeState).metadata.labels,
    ];
    const standing = await facts();
    await daemon.stop();
    await request('DELETE', path(STATES, node));
    await untilPolicy('False');
    expect(await facts()).toEqual(standing);
    daemon.start();
    await untilInSync();
    expect(await facts()).toEqual(standing);
    expect(machine()).toEqual(before);
  });

  it('loses its VFs when that is a wish: the policy is deleted', async () => {
    await request('DELETE', path(STATES, node));
    await request('DELETE', path('sriovnetworknodepolicies', 'four'));
    await eventually(() => machine().devices[PF]?.pf?.vfs.length === 0);
  });
});
