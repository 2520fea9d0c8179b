import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, jest } from '@jest/globals';
import { ANNOTATION, type KubeObject, type NodeStateSpec, type SriovNetworkNodeState } from '@sriov/api';
import { type MachineState, parseMachineState } from '@sriov/host-sim';
import { serve } from '@sriov/runtime';
import { createNamespace, eventually, installCrds, request, testControlPlane } from '@sriov/testing';
import { stringify } from 'yaml';
import { simulatedService } from '../simulated/service.ts';

/** The first port of the world's igb NIC, `ens1`. */
export const PF = '0000:01:00.0';
export const NODE = 'node-1';
/** Namespace of the present test. */
export let namespace: string;
/** Folder with the files of the present test's machine. */
export let folder: string;
let running: Promise<void> | undefined;
let stop: AbortController | undefined;

export const WORLD = {
  latency: 'none',
  // What the daemon loads at its start is there.
  modules: ['igbvf', 'vhost_net', 'tun'],
  defaultRoute: 'eno1',
  nics: [
    { model: 'virtio', address: '0000:00:03.0', name: 'eno1', mac: '52:54:00:12:34:56', up: true },
    { model: 'igb', address: PF, name: 'ens1', mac: '52:54:00:aa:00:10', up: true },
    { model: 'igb', address: '0000:02:00.0', bridge: '0000:00:10.1', name: 'ens2', mac: '52:54:00:aa:00:20' },
  ],
};

/** Gives each test of a file a namespace, a node state and a machine of its own; stops its daemon when it ends. */
export function useDaemon(): void {
  jest.setTimeout(60_000);
  beforeAll(installCrds);
  beforeEach(async () => {
    namespace = await createNamespace('operator');
    folder = mkdtempSync(join(tmpdir(), 'config-daemon-'));
    writeWorld(WORLD);
    await createState();
  });
  afterEach(async () => {
    await stopDaemon();
    rmSync(folder, { recursive: true, force: true });
  });
}

export const writeWorld = (world: object): void => writeFileSync(join(folder, 'world.yaml'), stringify(world));
export const statePath = (name = NODE): string =>
  `/apis/sriovnetwork.openshift.io/v1/namespaces/${namespace}/sriovnetworknodestates/${name}`.replace(/\/$/, '');

export const PLANNED = { [ANNOTATION.plannedFrom]: `0000:00:03.0,${PF},0000:02:00.0` };
/** A node state as the policy controller leaves it; without annotations, as it makes a new one. */
export const createState = (annotations: object = PLANNED): Promise<unknown> =>
  request('POST', statePath(''), {
    apiVersion: 'sriovnetwork.openshift.io/v1',
    kind: 'SriovNetworkNodeState',
    metadata: { name: NODE, annotations },
    spec: {},
  });

export interface KubeEvent {
  readonly type: string;
  readonly reason: string;
  readonly message: string;
  readonly involvedObject: object;
}
export const events = async (): Promise<KubeEvent[]> =>
  ((await request('GET', `/api/v1/namespaces/${namespace}/events`)) as { items: KubeEvent[] }).items;

/** Waits until the daemon whose metrics are at the port has looked at everything once. */
export const untilReconciled = (port: number): Promise<unknown> =>
  eventually(async () => {
    const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
    return /^sriov_reconcile_total\{controller="node",outcome="done"\} [1-9]/m.test(text);
  });

export const startDaemon = (settings: object = {}): void => {
  stop = new AbortController();
  running = serve(
    simulatedService,
    {
      listen: '127.0.0.1:0',
      logLevel: 'silent',
      kubeconfig: testControlPlane().kubeconfigPath,
      nodeName: NODE,
      namespace,
      hostRoot: '/',
      stateFolder: '/nowhere',
      auditSeconds: 300,
      passLimitSeconds: 600,
      configureHostInterfaces: false,
      devicePluginMetricsPort: 0,
      manageSoftwareBridges: false,
      changeFirmware: true,
      drainPolicy: 'whenInUse',
      useExternalDrainer: false,
      dryRun: false,
      iommu: 'passthrough',
      maxReboots: 2,
      simulate: join(folder, 'world.yaml'),
      simulateState: join(folder, 'machine.json'),
      ...settings,
    },
    stop.signal,
  );
};
export const stopDaemon = async (): Promise<void> => {
  stop?.abort();
  await running;
  running = undefined;
};

/** The daemon that runs, for a test that waits for its end itself. */
export const takeDaemon = (): Promise<void> | undefined => {
  const daemon = running;
  running = undefined;
  return daemon;
};

export const getState = async (): Promise<SriovNetworkNodeState> =>
  (await request('GET', statePath())) as SriovNetworkNodeState;
export const setSpec = (spec: NodeStateSpec): Promise<unknown> => request('PATCH', statePath(), { spec });
export const machine = (): MachineState => parseMachineState(readFileSync(join(folder, 'machine.json'), 'utf8'));

/** Waits for a verdict on the newest spec. */
export const untilSynced = (syncStatus: 'Succeeded' | 'Failed'): Promise<SriovNetworkNodeState> =>
  eventually(async () => {
    const state = await getState();
    const ready = state.status?.conditions?.find(({ type }) => type === 'Ready');
    return state.status?.syncStatus === syncStatus && ready?.observedGeneration === state.metadata.generation && state;
  });

export const eightVfs = {
  interfaces: [
    {
      pciAddress: PF,
      name: 'ens1',
      numVfs: 7,
      mtu: 9000,
      vfGroups: [
        { resourceName: 'd', deviceType: 'vfio-pci', vfRange: '0-3', policyName: 'dpdk' },
        { resourceName: 'k', deviceType: 'netdevice', vfRange: '4-5', policyName: 'kernel', mtu: 9000 },
      ],
    },
  ],
};

export const specOf = (numVfs: number, deviceType = 'netdevice', mtu = 1500): NodeStateSpec => ({
  interfaces: [
    {
      pciAddress: PF,
      name: 'ens1',
      numVfs,
      mtu,
      vfGroups: [{ resourceName: 'r', deviceType, vfRange: `0-${numVfs - 1}`, policyName: 'p', mtu }],
    },
  ],
});

/** What the policy controller writes: spec and hash at once. */
export const want = (spec: NodeStateSpec, hash: string): Promise<unknown> =>
  request('PATCH', statePath(), { metadata: hashOf(hash), spec });
export const hashOf = (hash: string): object => ({ annotations: { [ANNOTATION.devicePluginConfigHash]: hash } });

const podsPath = (): string => `/api/v1/namespaces/${namespace}/pods`;
/** A pod that its kubelet runs. */
export const createPod = async (nodeName = NODE, app = 'sriov-device-plugin'): Promise<string> => {
  const { metadata } = (await request('POST', podsPath(), {
    metadata: { generateName: 'pod-', labels: { app } },
    spec: { nodeName, containers: [{ name: 'c', image: 'c' }] },
  })) as KubeObject;
  return metadata.name;
};
/** Names of the pods that their kubelets were told to end. */
export const deletedPods = async (): Promise<string[]> =>
  ((await request('GET', podsPath())) as { items: KubeObject[] }).items
    .filter(({ metadata }) => metadata.deletionTimestamp !== undefined)
    .map(({ metadata }) => metadata.name);
export const restartEvents = async (): Promise<string[]> =>
  (await events()).filter(({ reason }) => reason === 'DevicePluginRestarted').map(({ message }) => message);

/** A node whose daemon has made 4 VFs, and the pod of the device plugin that knows them. */
export const startWithFourVfs = async (): Promise<string> => {
  await want(specOf(4), 'a');
  startDaemon();
  await untilSynced('Succeeded');
  return createPod();
};
