import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { ANNOTATION, type NodeStateSpec, type SriovNetworkNodeState } from '@sriov/api';
import { runControllers, service as configDaemon } from '@sriov/config-daemon';
import { service as drainController } from '@sriov/drain-controller';
import { StateFolder } from '@sriov/host';
import { parseWorld, SimulatedKernel } from '@sriov/host-sim';
import { type Clock, serve, systemClock } from '@sriov/runtime';
import { createNamespace, eventually, installCrds, request, testControlPlane, tryRequest } from '@sriov/testing';

jest.setTimeout(120_000);

const PF = '0000:01:00.0';
const OTHER = '0000:02:00.0';
const API_VERSION = 'sriovnetwork.openshift.io/v1';
const RESOURCE = 'example.org/vfs';
const WORLD = {
  latency: 'none',
  modules: ['igbvf', 'vhost_net', 'tun'],
  defaultRoute: 'eno1',
  nics: [
    { model: 'virtio', address: '0000:00:03.0', name: 'eno1', mac: '52:54:00:12:34:56', up: true },
    { model: 'igb', address: PF, name: 'ens1', mac: '52:54:00:aa:00:10', up: true },
    { model: 'igb', address: OTHER, bridge: '0000:00:10.1', name: 'ens2', mac: '52:54:00:aa:00:20', up: true },
  ],
} as const;
/** PFs that a spec was planned from. Others that are gone meanwhile make it another text. */
const plannedFrom = (round = 0): string =>
  `0000:00:03.0,${PF},${OTHER}${round === 0 ? '' : `,0000:99:00.${round % 7}`}`;

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

  async restart(): Promise<void> {
    await this.stop();
    this.start();
  }
}

let nodes = 0;
let namespace: string;
let node: string;
let folder: string;
let kernel: SimulatedKernel;
/** How much later it is for the daemon. */
let passedMs: number;
let settings: { drainPolicy: 'whenInUse' | 'always'; useExternalDrainer: boolean };

const common = (): { listen: string; logLevel: 'silent'; kubeconfig: string; namespace: string } => ({
  listen: '127.0.0.1:0',
  logLevel: 'silent',
  kubeconfig: testControlPlane().kubeconfigPath,
  namespace,
});
const daemonClock: Clock = {
  now: () => systemClock.now() + passedMs,
  elapsed: () => systemClock.elapsed() + passedMs,
  setTimer: (ms, callback) => systemClock.setTimer(ms, callback),
  sleep: (ms, signal) => systemClock.sleep(ms, signal),
};
const daemon = new Running((signal) =>
  serve(
    {
      ...configDaemon,
      run: (context) =>
        runControllers({ ...context, clock: daemonClock }, () => {
          const { handoverFolder, udevFolder, modprobeFolder, grubFolder, unitFolder, programs, metadata } = kernel;
          const folders = { handoverFolder, udevFolder, modprobeFolder, grubFolder, unitFolder };
          return { kernel, folder: new StateFolder(folder), ...folders, programs, metadata };
        }),
    },
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
      changeFirmware: false,
      dryRun: false,
      ...settings,
    },
    signal,
  ),
);
const controller = new Running((signal) =>
  serve(
    drainController,
    { ...common(), resourcePrefix: 'example.org', draDriver: 'example.org', countOthers: true, startupTaint: false },
    signal,
  ),
);

const path = (plural: string, name = ''): string =>
  `/apis/${API_VERSION}/namespaces/${namespace}/${plural}/${name}`.replace(/\/$/, '');
const statePath = (): string => path('sriovnetworknodestates', node);
const podPath = (name = ''): string => `/api/v1/namespaces/${namespace}/pods/${name}`.replace(/\/$/, '');
const getState = async (): Promise<SriovNetworkNodeState> =>
  (await request('GET', statePath())) as SriovNetworkNodeState;
const annotations = async (): Promise<unknown[]> => {
  const { metadata } = (await request('GET', `/api/v1/nodes/${node}`)) as SriovNetworkNodeState;
  const ofState = (await getState()).metadata.annotations ?? {};
  return [
    metadata.annotations?.[ANNOTATION.nodeState],
    ofState[ANNOTATION.desiredState],
    ofState[ANNOTATION.currentState],
  ];
};
const isCordoned = async (): Promise<boolean> =>
  ((await request('GET', `/api/v1/nodes/${node}`)) as { spec?: { unschedulable?: boolean } }).spec?.unschedulable ===
  true;
const ready = ({ status }: SriovNetworkNodeState): string | undefined =>
  status?.conditions?.find(({ type }) => type === 'Ready')?.reason;
const condition = (type: string) => async (): Promise<{ reason: string; message: string } | undefined> =>
  (await getState()).status?.conditions?.find((each) => each.type === type);
const untilReason = (type: string, reason: string): Promise<{ reason: string; message: string }> =>
  eventually(async () => {
    const found = await condition(type)();
    expect(found?.reason).toBe(reason);
    return found;
  });
const specOf = (numVfs: number, deviceType = 'netdevice'): NodeStateSpec => ({
  interfaces: [
    {
      pciAddress: PF,
      name: 'ens1',
      numVfs,
      vfGroups: [{ resourceName: 'vfs', deviceType, vfRange: `0-${numVfs - 1}`, policyName: 'p' }],
    },
  ],
});
const want = (spec: NodeStateSpec): Promise<unknown> => request('PATCH', statePath(), { spec });
const vfCount = (): number => kernel.state.devices[PF]?.pf?.vfs.length ?? 0;
const vf = (id: number): string => kernel.state.devices[PF]?.pf?.vfs[id] ?? '';

/** Makes another machine of it. */
const useWorld = (change: object = {}): void => {
  kernel = new SimulatedKernel({ world: parseWorld({ ...WORLD, ...change }), clock: systemClock });
};

/** Pods with a VF, and what the kubelet does when they are gone. */
const held = new Map<string, () => void>();
const addPod = async (name: string, id: number, labels: object = {}): Promise<void> => {
  const resources = { requests: { [RESOURCE]: '1' }, limits: { [RESOURCE]: '1' } };
  const spec = { nodeName: node, containers: [{ name: 'c', image: 'i', resources }] };
  await request('POST', podPath(), { metadata: { name, labels }, spec });
  const status = { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] };
  await request('PATCH', `${podPath(name)}/status`, { status });
  held.set(name, kernel.users.allocate(vf(id), { namespace, name, resource: 'openshift.io/vfs' }));
};
/** The kubelet ends pods that are to end. */
const endPods = async (): Promise<void> => {
  const { items } = (await request('GET', podPath())) as { items: SriovNetworkNodeState[] };
  for (const { metadata } of items) {
    if (metadata.deletionTimestamp === undefined) continue;
    await tryRequest('DELETE', podPath(metadata.name), { gracePeriodSeconds: 0 });
    held.get(metadata.name)?.();
  }
};
const addBudget = async (name: string, labels: object): Promise<void> => {
  const budget = `/apis/policy/v1/namespaces/${namespace}/poddisruptionbudgets`;
  await request('POST', budget, { metadata: { name }, spec: { minAvailable: 1, selector: { matchLabels: labels } } });
  await eventually(async () => {
    const { status } = (await request('GET', `${budget}/${name}`)) as { status?: { currentHealthy?: number } };
    return (status?.currentHealthy ?? 0) > 0;
  });
};
const untilGivenBack = (): Promise<unknown> =>
  eventually(async () => {
    await endPods();
    expect(await annotations()).toEqual(['Idle', 'Idle', 'Idle']);
    expect(await isCordoned()).toBe(false);
    return true;
  });
const untilSynced = (): Promise<unknown> =>
  eventually(async () => {
    await endPods();
    const state = await getState();
    expect([
      ready(state),
      ready(state) === 'InSync' ? '' : state.status?.conditions?.find(({ type }) => type === 'Ready')?.message,
      state.status?.conditions?.find(({ type }) => type === 'Ready')?.observedGeneration,
    ]).toEqual(['InSync', '', state.metadata.generation]);
    return true;
  });

const startBoth = async (): Promise<void> => {
  daemon.start();
  controller.start();
  await untilSynced();
};
/** The node has its VFs, and a pod one of them. */
const startWithPod = async (): Promise<void> => {
  await startBoth();
  await addPod('dpdk', 1);
};
/** The change to two VFs is made, and the node is as it was before. */
const untilDone = async (): Promise<void> => {
  await untilSynced();
  expect(vfCount()).toBe(2);
  await untilGivenBack();
};
const disableDrain = (): Promise<unknown> =>
  request('POST', path('sriovoperatorconfigs'), {
    apiVersion: API_VERSION,
    kind: 'SriovOperatorConfig',
    metadata: { name: 'default' },
    spec: { disableDrain: true },
  });
/** Time passes for the daemon, and something makes it look. */
const pass = async (minutes: number): Promise<void> => {
  passedMs += minutes * 60_000;
  await request('PATCH', statePath(), {
    metadata: { annotations: { [ANNOTATION.plannedFrom]: plannedFrom(passedMs) } },
  });
};

beforeAll(installCrds);
beforeEach(async () => {
  namespace = await createNamespace('operator');
  node = `drained-${(nodes += 1)}`;
  folder = mkdtempSync(join(tmpdir(), 'draining-'));
  passedMs = 0;
  useWorld();
  settings = { drainPolicy: 'whenInUse', useExternalDrainer: false };
  for (const name of [node, `other-${nodes}`]) {
    await request('POST', '/api/v1/nodes', { metadata: { name } });
    const status = { conditions: [{ type: 'Ready', status: 'True', reason: 'Test', message: '' }] };
    await request('PATCH', `/api/v1/nodes/${name}/status`, { status });
  }
  await request('POST', path('sriovnetworknodestates'), {
    apiVersion: API_VERSION,
    kind: 'SriovNetworkNodeState',
    metadata: { name: node, annotations: { [ANNOTATION.plannedFrom]: plannedFrom() } },
    spec: specOf(4),
  });
});
afterEach(async () => {
  await daemon.stop();
  await controller.stop();
  held.clear();
  for (const name of [node, `other-${nodes}`]) await tryRequest('DELETE', `/api/v1/nodes/${name}`);
  rmSync(folder, { recursive: true, force: true });
});

describe('a change of VFs that pods have', () => {
  it('is made when the node has been drained, and the node is given back', async () => {
    await startWithPod();
    await want(specOf(2));
    await untilReason('Drained', 'Draining');
    expect((await untilReason('Ready', 'Draining')).message).toContain('the node waits until its pods have left');
    expect([vfCount(), await isCordoned()]).toEqual([4, true]);
    await untilDone();
  });

  it('waits while a budget is in the way, which the node state says, and comes when it is not', async () => {
    await startBoth();
    await addPod('db', 0, { app: 'db' });
    await addBudget('db', { app: 'db' });
    await want(specOf(2));
    expect((await untilReason('Drained', 'DrainBlocked')).message).toContain(`${namespace}/db`);
    expect(vfCount()).toBe(4);
    await request('DELETE', `/apis/policy/v1/namespaces/${namespace}/poddisruptionbudgets/db`);
    await untilDone();
  });

  it('waits where there is no drain controller, and the request is taken back when nobody needs it any more', async () => {
    daemon.start();
    await untilSynced();
    await addPod('dpdk', 1);
    await want(specOf(2));
    await untilReason('Ready', 'WaitingForDrainSlot');
    await eventually(async () => (await annotations())[1] === 'Drain_Required');
    expect([vfCount(), await isCordoned()]).toEqual([4, false]);
    await want(specOf(4));
    await untilSynced();
    expect((await annotations()).slice(0, 2)).toEqual(['Idle', 'Idle']);
  });

  it('is made at once where nobody wants drains', async () => {
    await disableDrain();
    await startWithPod();
    await want(specOf(2));
    await untilSynced();
    expect([vfCount(), await isCordoned()]).toEqual([2, false]);
  });

  it('is refused where the host itself has one of them', async () => {
    await startWithPod();
    kernel.users.addAddress('ens1v0', '10.0.0.7/24');
    await want(specOf(2));
    await untilReason('Ready', 'VirtualFunctionInUse');
    expect([vfCount(), await isCordoned()]).toEqual([4, false]);
  });
});

describe('a step that fails', () => {
  const failToMake = (pf: string): (() => void) =>
    kernel.addFault({ verb: 'write', path: `/sys/bus/pci/devices/${pf}/sriov_numvfs`, errno: 'EIO' });

  it('on a PF whose VFs nobody has keeps the node no longer drained than another PF needs', async () => {
    await startWithPod();
    failToMake(OTHER);
    const [one, two] = [...(specOf(2).interfaces ?? []), ...(specOf(2).interfaces ?? [])];
    await want({
      interfaces: [
        { ...one, pciAddress: PF },
        { ...two, pciAddress: OTHER, name: 'ens2' },
      ],
    });
    await untilReason('Drained', 'Draining');
    await untilGivenBack();
    expect(vfCount()).toBe(2);
    const { message } = await untilReason('Ready', 'ApplyFailed');
    expect(message).toContain('ens2');
  });

  it('does not keep the node drained for ever, and is tried with another drain later, or when somebody has mended it', async () => {
    await startWithPod();
    const mend = failToMake(PF);
    await want(specOf(2));
    await untilReason('Drained', 'Draining');
    await endPods();
    await untilReason('Ready', 'ApplyFailed');
    expect([await isCordoned(), vfCount()]).toEqual([true, 4]);
    await pass(15);
    await untilGivenBack();
    await addPod('back', 1);
    await pass(1);
    const { message } = await untilReason('Ready', 'DrainInVain');
    expect(message).toContain(`the node was drained for ${PF}, which did not come within 15 min`);
    await daemon.restart();
    await pass(1);
    await untilReason('Ready', 'DrainInVain');
    expect([await annotations(), await isCordoned()]).toEqual([['Idle', 'Idle', 'Idle'], false]);
    mend();
    await request('PATCH', statePath(), { metadata: { annotations: { [ANNOTATION.drainInVain]: null } } });
    await untilReason('Drained', 'Draining');
    await untilDone();
  });
});

describe('an RDMA mode that the kernel does not switch to while there are pods', () => {
  const EXCLUSIVE: NodeStateSpec = { ...specOf(4), system: { rdmaMode: 'exclusive' } };
  /** The network namespace of a pod; what is returned removes it. */
  const startWithNamespace = async (): Promise<() => void> => {
    const rdma = { model: 'mlx5', address: '0000:10:00.0', name: 'ens9', mac: 'b8:59:9f:00:00:10', up: true };
    useWorld({ nics: [...WORLD.nics, rdma] });
    const remove = kernel.addNamespace();
    await startWithPod();
    return remove;
  };
  const modeOf = async (): Promise<string | undefined> => (await getState()).status?.system?.rdmaMode;

  it('comes with a reboot of the node, for which all pods leave', async () => {
    await startWithNamespace();
    await want(EXCLUSIVE);
    await eventually(async () => {
      await endPods();
      return kernel.state.isGoingDown === true;
    });
    expect([await isCordoned(), await modeOf()]).toEqual([true, 'shared']);
    await daemon.stop();
    kernel.reboot();
    daemon.start();
    await untilSynced();
    expect(await modeOf()).toBe('exclusive');
    await untilGivenBack();
  });

  it('comes without a reboot where no pod is left that keeps the kernel from it', async () => {
    const remove = await startWithNamespace();
    await want(EXCLUSIVE);
    await untilReason('Drained', 'Draining');
    remove();
    await untilSynced();
    await untilGivenBack();
    expect([await modeOf(), kernel.state.isGoingDown]).toEqual(['exclusive', undefined]);
  });
});

describe('a reboot where nobody wants drains', () => {
  it('waits for its turn, and takes no pod from the node', async () => {
    useWorld({ iommu: 'on-request', commandLine: 'quiet', bootLoader: 'grub' });
    await disableDrain();
    daemon.start();
    await untilSynced();
    await addPod('dpdk', 1);
    await want(specOf(4, 'vfio-pci'));
    await eventually(async () => (await annotations())[1] === 'Reboot_Required');
    expect(kernel.state.isGoingDown).toBeUndefined();
    controller.start();
    await eventually(() => kernel.state.isGoingDown === true);
    await untilReason('Drained', 'DrainSkipped');
    expect(await isCordoned()).toBe(false);
    const { items } = (await request('GET', podPath())) as { items: SriovNetworkNodeState[] };
    expect(items.map(({ metadata }) => [metadata.name, metadata.deletionTimestamp])).toEqual([['dpdk', undefined]]);
  });
});

describe('a pod that stays, as those of DaemonSets do', () => {
  it('loses its VF to a drain that was granted, and not before', async () => {
    await startWithPod();
    // The kubelet alone knows of this one.
    kernel.users.allocate(vf(0), { namespace, name: 'agent', resource: 'openshift.io/vfs' });
    await want(specOf(2));
    await untilReason('Drained', 'Draining');
    expect(vfCount()).toBe(4);
    await untilDone();
  });
});

describe('with DRAIN_POLICY=always', () => {
  it('the node is drained before VFs change that nobody has', async () => {
    settings = { ...settings, drainPolicy: 'always' };
    daemon.start();
    await untilSynced();
    await want(specOf(2));
    expect((await untilReason('Ready', 'WaitingForDrainSlot')).message).toContain('DRAIN_POLICY=always');
    expect(vfCount()).toBe(4);
    controller.start();
    await untilDone();
  });
});

describe('an external drainer', () => {
  it('is named on the node state before the node asks, and is waited for', async () => {
    settings = { ...settings, useExternalDrainer: true };
    await startBoth();
    await eventually(async () => (await getState()).metadata.annotations?.[ANNOTATION.useExternalDrainer] === 'true');
    await addPod('dpdk', 1);
    await want(specOf(2));
    await eventually(async () => (await condition('Ready')())?.message.includes('external drainer'));
    expect([vfCount(), await isCordoned()]).toEqual([4, false]);
    await request('PATCH', statePath(), { metadata: { annotations: { [ANNOTATION.currentState]: 'DrainComplete' } } });
    await untilSynced();
    expect(vfCount()).toBe(2);
    expect((await annotations()).slice(0, 2)).toEqual(['Idle', 'Idle']);
  });
});

describe('a drain goes on where it was when', () => {
  const WHEN: readonly [string, () => Promise<unknown>][] = [
    ['the request stands', () => eventually(async () => (await annotations())[1] === 'Drain_Required')],
    ['pods leave', () => untilReason('Drained', 'Draining')],
    ['the node is cordoned', () => eventually(isCordoned)],
  ];
  it.each(WHEN)('the daemon is restarted as %s', async (_, until) => {
    await startWithPod();
    await want(specOf(2));
    await until();
    await daemon.restart();
    await untilDone();
  });

  it.each(WHEN)('another drain controller takes over as %s', async (_, until) => {
    await startWithPod();
    await want(specOf(2));
    await until();
    await controller.restart();
    await untilDone();
  });

  it('the daemon was ended between its two writes: it asks anew', async () => {
    daemon.start();
    await untilSynced();
    await daemon.stop();
    await request('PATCH', `/api/v1/nodes/${node}`, {
      metadata: { annotations: { [ANNOTATION.nodeState]: 'Drain_Required' } },
    });
    controller.start();
    await addPod('dpdk', 1);
    await want(specOf(2));
    daemon.start();
    await untilDone();
  });
});
