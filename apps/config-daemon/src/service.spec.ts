import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { request as httpsRequest } from 'node:https';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { ANNOTATION, type KubeObject, type NodeStateSpec, type SriovNetworkNodeState } from '@sriov/api';
import { type MachineState } from '@sriov/host-sim';
import { serve } from '@sriov/runtime';
import { createNamespace, eventually, installCrds, request, testControlPlane, tryRequest } from '@sriov/testing';
import { stringify } from 'yaml';
import { simulatedService } from './simulated/service.ts';

jest.setTimeout(60_000);

const PF = '0000:01:00.0';
const NODE = 'node-1';
let namespace: string;
let folder: string;
let running: Promise<void> | undefined;
let stop: AbortController | undefined;

const WORLD = {
  latency: 'none',
  modules: ['igbvf'],
  defaultRoute: 'eno1',
  nics: [
    { model: 'virtio', address: '0000:00:03.0', name: 'eno1', mac: '52:54:00:12:34:56', up: true },
    { model: 'igb', address: PF, name: 'ens1', mac: '52:54:00:aa:00:10', up: true },
    { model: 'igb', address: '0000:02:00.0', bridge: '0000:00:10.1', name: 'ens2', mac: '52:54:00:aa:00:20' },
  ],
};

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

const writeWorld = (world: object): void => writeFileSync(join(folder, 'world.yaml'), stringify(world));
const statePath = (name = NODE): string =>
  `/apis/sriovnetwork.openshift.io/v1/namespaces/${namespace}/sriovnetworknodestates/${name}`.replace(/\/$/, '');

const PLANNED = { [ANNOTATION.plannedFrom]: `0000:00:03.0,${PF},0000:02:00.0` };
/** A node state as the policy controller leaves it; without annotations, as it makes a new one. */
const createState = (annotations: object = PLANNED): Promise<unknown> =>
  request('POST', statePath(''), {
    apiVersion: 'sriovnetwork.openshift.io/v1',
    kind: 'SriovNetworkNodeState',
    metadata: { name: NODE, annotations },
    spec: {},
  });

interface KubeEvent {
  readonly type: string;
  readonly reason: string;
  readonly message: string;
  readonly involvedObject: object;
}
const events = async (): Promise<KubeEvent[]> =>
  ((await request('GET', `/api/v1/namespaces/${namespace}/events`)) as { items: KubeEvent[] }).items;

const findFreePort = (): Promise<number> =>
  new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });

/** Waits until the daemon whose metrics are at the port has looked at everything once. */
const untilReconciled = (port: number): Promise<unknown> =>
  eventually(async () => {
    const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
    return /^sriov_reconcile_total\{controller="node",outcome="done"\} [1-9]/m.test(text);
  });

interface Table {
  readonly columnDefinitions: readonly { readonly name: string }[];
  readonly rows: readonly { readonly cells: readonly unknown[] }[];
}
/** What kubectl asks for. */
const getTable = (): Promise<Table> =>
  new Promise((resolve, reject) => {
    const { server, ca, admin } = testControlPlane().access;
    const { certificate: cert, privateKey: key } = admin;
    const headers = { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' };
    httpsRequest(new URL(statePath(''), server), { ca, cert, key, headers, agent: false }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      response.on('end', () => resolve(JSON.parse(text) as Table));
    })
      .once('error', reject)
      .end();
  });

/** A way to the API server that can be cut and mended. */
class Way {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #isCut = false;

  private constructor(server: Server) {
    this.#server = server;
    server.on('connection', (near) => {
      if (this.#isCut) return void near.destroy();
      const { hostname, port } = new URL(testControlPlane().access.server);
      const far = connect(Number(port), hostname);
      for (const [from, to] of [
        [near, far],
        [far, near],
      ] as const) {
        this.#sockets.add(from);
        from.on('error', () => undefined).on('close', () => to.destroy());
        from.pipe(to);
      }
    });
  }

  static open(): Promise<Way> {
    const server = createServer();
    return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(new Way(server))));
  }

  /** Writes a kubeconfig of this way into the folder, and returns its path. */
  kubeconfig(into: string): string {
    const { port } = this.#server.address() as { port: number };
    const { kubeconfigPath, access } = testControlPlane();
    const path = join(into, 'kubeconfig');
    writeFileSync(path, readFileSync(kubeconfigPath, 'utf8').replace(access.server, `https://127.0.0.1:${port}`));
    return path;
  }

  cut(): void {
    this.#isCut = true;
    for (const socket of this.#sockets) socket.destroy();
    this.#sockets.clear();
  }

  mend(): void {
    this.#isCut = false;
  }

  close(): void {
    this.cut();
    this.#server.close();
  }
}

const startDaemon = (settings: object = {}): void => {
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
      dryRun: false,
      simulate: join(folder, 'world.yaml'),
      simulateState: join(folder, 'machine.json'),
      ...settings,
    },
    stop.signal,
  );
};
const stopDaemon = async (): Promise<void> => {
  stop?.abort();
  await running;
  running = undefined;
};

const getState = async (): Promise<SriovNetworkNodeState> =>
  (await request('GET', statePath())) as SriovNetworkNodeState;
const setSpec = (spec: NodeStateSpec): Promise<unknown> => request('PATCH', statePath(), { spec });
const machine = (): MachineState => JSON.parse(readFileSync(join(folder, 'machine.json'), 'utf8')) as MachineState;

/** Waits for a verdict on the newest spec. */
const untilSynced = (syncStatus: 'Succeeded' | 'Failed'): Promise<SriovNetworkNodeState> =>
  eventually(async () => {
    const state = await getState();
    const ready = state.status?.conditions?.find(({ type }) => type === 'Ready');
    return state.status?.syncStatus === syncStatus && ready?.observedGeneration === state.metadata.generation && state;
  });

const eightVfs = {
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

describe('the config daemon', () => {
  it('tells what the node has, before anything is asked of it', async () => {
    startDaemon();
    const { status } = await untilSynced('Succeeded');
    expect(status?.interfaces).toEqual([
      expect.objectContaining({ name: 'eno1', pciAddress: '0000:00:03.0', driver: 'virtio-pci', linkType: 'ETH' }),
      {
        name: 'ens1',
        mac: '52:54:00:aa:00:10',
        driver: 'igb',
        pciAddress: PF,
        vendor: '8086',
        deviceID: '10c9',
        mtu: 1500,
        linkSpeed: '1000 Mb/s',
        linkType: 'ETH',
        linkAdminState: 'up',
        eSwitchMode: 'legacy',
        totalvfs: 7,
      },
      expect.objectContaining({ name: 'ens2', linkAdminState: 'down' }),
    ]);
    expect(machine().writes).toBe(0);
  });

  it('makes VFs, binds each to the driver of its group, and sets MTUs and stable MAC addresses', async () => {
    startDaemon();
    await setSpec(eightVfs);
    const { status } = await untilSynced('Succeeded');
    const pf = status?.interfaces?.find(({ pciAddress }) => pciAddress === PF);
    expect(pf).toMatchObject({ numVfs: 7, mtu: 9000 });
    expect(pf?.Vfs?.map(({ vfID, driver, mtu }) => [vfID, driver, mtu])).toEqual([
      [0, 'vfio-pci', undefined],
      [1, 'vfio-pci', undefined],
      [2, 'vfio-pci', undefined],
      [3, 'vfio-pci', undefined],
      [4, 'igbvf', 9000],
      [5, 'igbvf', 9000],
      // In no group: left alone.
      [6, undefined, undefined],
    ]);
    const macs = pf?.Vfs?.slice(0, 6).map(({ mac }) => mac) ?? [];
    expect(new Set(macs).size).toBe(6);
    expect(macs.every((mac) => mac?.startsWith('02:'))).toBe(true);
    expect(machine().devices[PF]?.pf?.autoprobe).toBe(true);
  });

  it('touches only the VFs that differ', async () => {
    startDaemon();
    await setSpec(eightVfs);
    await untilSynced('Succeeded');
    const before = machine();
    const [dpdk, kernel] = eightVfs.interfaces[0]?.vfGroups ?? [];
    const groups = [
      { ...dpdk, vfRange: '0-2' },
      { ...kernel, vfRange: '3-5' },
    ];
    await setSpec({ interfaces: [{ ...eightVfs.interfaces[0], pciAddress: PF, vfGroups: groups }] });
    await untilSynced('Succeeded');
    const after = machine();
    const drivers = (state: MachineState): unknown =>
      state.devices[PF]?.pf?.vfs.map((vf) => state.devices[vf ?? '']?.driver);
    expect(drivers(after)).toEqual(['vfio-pci', 'vfio-pci', 'vfio-pci', 'igbvf', 'igbvf', 'igbvf', undefined]);
    // VF 4 kept its interface, and with it the index that the kernel gave it.
    const indexOf = (state: MachineState): unknown =>
      Object.values(state.links).find(({ device }) => device === before.devices[PF]?.pf?.vfs[4])?.ifindex;
    expect(indexOf(after)).toBe(indexOf(before));
  });

  it('writes nothing to the host or the API when it starts on a node that is as it should be', async () => {
    startDaemon();
    await setSpec(eightVfs);
    await untilSynced('Succeeded');
    await stopDaemon();
    const before = [await getState(), machine(), await events()];
    const port = await findFreePort();
    startDaemon({ listen: `127.0.0.1:${port}` });
    await untilReconciled(port);
    await stopDaemon();
    expect([await getState(), machine(), await events()]).toEqual(before);
  });

  it('waits for its node state, and is there when it comes', async () => {
    await request('DELETE', statePath());
    const port = await findFreePort();
    startDaemon({ listen: `127.0.0.1:${port}` });
    await untilReconciled(port);
    await createState();
    const { status } = await untilSynced('Succeeded');
    expect(status?.interfaces?.map(({ name }) => name)).toEqual(['eno1', 'ens1', 'ens2']);
  });

  it.each<[string, object[]]>([
    ['no PFs', []],
    ['PFs that cannot be read', [{ pciAddress: PF, Vfs: [{}] }, { mtu: '1500' }]],
  ])('says again what is when a hand has written %s into the status', async (_, interfaces) => {
    startDaemon();
    await untilSynced('Succeeded');
    await request('PATCH', `${statePath()}/status`, { status: { syncStatus: 'Failed', interfaces } });
    const { status } = await untilSynced('Succeeded');
    expect(status?.interfaces?.map(({ name }) => name)).toEqual(['eno1', 'ens1', 'ens2']);
  });

  it('says again what is when it has had nothing to say yet itself', async () => {
    startDaemon();
    await untilSynced('Succeeded');
    await stopDaemon();
    const port = await findFreePort();
    startDaemon({ listen: `127.0.0.1:${port}` });
    await untilReconciled(port);
    await request('PATCH', `${statePath()}/status`, { status: { syncStatus: 'Failed', interfaces: [] } });
    expect((await untilSynced('Succeeded')).status?.interfaces).toHaveLength(3);
  });

  it('refuses what a hand has written into the spec, and loses nothing over it', async () => {
    startDaemon();
    await setSpec(eightVfs);
    await untilSynced('Succeeded');
    const { writes } = machine();
    const [entry] = eightVfs.interfaces;
    const wild = [
      { ...entry, pciAddress: PF, numVfs: -1 },
      { pciAddress: PF, numVfs: 0 },
      { pciAddress: '../../etc', numVfs: 1 },
    ];
    await setSpec({ interfaces: wild });
    const { status } = await untilSynced('Failed');
    expect(status?.lastSyncError?.split('\n')).toEqual([
      `ens1 (${PF}): -1 VFs are wanted`,
      `${PF}: the spec has more than one entry of the PF, and only the first counts`,
      '../../etc: the node has no such network device',
    ]);
    expect(machine().writes).toBe(writes);
  });

  it('goes on by itself when the API server was away', async () => {
    const way = await Way.open();
    startDaemon({ kubeconfig: way.kubeconfig(folder) });
    await setSpec(eightVfs);
    await untilSynced('Succeeded');
    const before = machine();
    way.cut();
    await setSpec({ interfaces: eightVfs.interfaces.map((entry) => ({ ...entry, numVfs: 6 })) });
    expect(machine()).toEqual(before);
    way.mend();
    await untilSynced('Succeeded');
    expect(machine().devices[PF]?.pf?.vfs).toHaveLength(6);
    await stopDaemon();
    way.close();
  });

  it('tells of a damaged state file, and leaves the VFs alone of which it cannot tell whose they are', async () => {
    startDaemon();
    await setSpec(eightVfs);
    await untilSynced('Succeeded');
    await stopDaemon();
    writeFileSync(join(folder, 'machine.json.d/pci', PF), '{');
    await setSpec({ interfaces: [] });
    startDaemon();
    const { status } = await untilSynced('Failed');
    expect(status?.lastSyncError).toMatch(/^the state file pci\/0000:01:00\.0 is damaged \(/);
    expect(machine().devices[PF]?.pf?.vfs).toHaveLength(7);
    // A policy that wants the PF says whose it is.
    await setSpec(eightVfs);
    await untilSynced('Succeeded');
    await setSpec({ interfaces: [] });
    await untilSynced('Succeeded');
    expect(machine().devices[PF]?.pf?.vfs).toEqual([]);
  });

  it('removes its VFs and restores the MTU when no policy wants the PF any more', async () => {
    startDaemon();
    await setSpec(eightVfs);
    await untilSynced('Succeeded');
    await setSpec({ interfaces: [] });
    const { status } = await untilSynced('Succeeded');
    expect(status?.interfaces?.find(({ pciAddress }) => pciAddress === PF)).toMatchObject({ mtu: 1500 });
    expect(machine().devices[PF]?.pf?.vfs).toEqual([]);
  });

  it('leaves VFs alone that somebody else made', async () => {
    startDaemon();
    await setSpec(eightVfs);
    await untilSynced('Succeeded');
    await stopDaemon();
    rmSync(join(folder, 'machine.json.d'), { recursive: true });
    await setSpec({ interfaces: [] });
    startDaemon();
    await untilSynced('Succeeded');
    expect(machine().devices[PF]?.pf?.vfs).toHaveLength(7);
  });

  it('names PF, step and cause of a failure, does what else there is to do, and goes on when it passes', async () => {
    const path = `/sys/bus/pci/devices/${PF}/sriov_numvfs`;
    writeWorld({ ...WORLD, faults: [{ verb: 'write', path, errno: 'ENOMEM', times: 1 }] });
    startDaemon();
    const other = { ...eightVfs.interfaces[0], pciAddress: '0000:02:00.0', name: 'ens2' };
    await setSpec({ interfaces: [...eightVfs.interfaces, other] });
    const { status } = await untilSynced('Failed');
    expect(status?.lastSyncError).toBe(
      `ens1 (${PF}): create 7 VFs: write ${path}: ENOMEM (no PCI bus numbers or address space are left: try the kernel parameter pci=realloc (7 wanted, 7 possible))`,
    );
    expect(status?.interfaces?.map(({ numVfs }) => numVfs)).toEqual([undefined, undefined, 7]);
    expect(await eventually(async () => (await events()).find(({ type }) => type === 'Warning'))).toMatchObject({
      involvedObject: { kind: 'SriovNetworkNodeState', name: NODE },
      reason: 'ApplyFailed',
      message: status?.lastSyncError,
      reportingComponent: 'config-daemon',
    });
    await setSpec({ interfaces: [...eightVfs.interfaces, other], system: { rdmaMode: 'shared' } });
    const healed = await untilSynced('Succeeded');
    expect(healed.status?.lastSyncError).toBeUndefined();
  });

  it.each([
    [
      'more VFs than the PF can have',
      { numVfs: 8, vfGroups: [] },
      `ens1 (${PF}): 8 VFs are wanted, and the PF can have 7`,
    ],
    [
      'a PF that is not there',
      { pciAddress: '0000:09:00.0', name: 'ens9' },
      'ens9 (0000:09:00.0): the node has no such network device',
    ],
    [
      'a PF that the host itself needs',
      { pciAddress: '0000:00:03.0', name: 'eno1' },
      'eno1 (0000:00:03.0): the PF has no SR-IOV capability: on bare metal, switch SR-IOV on in the firmware of the NIC and the BIOS; the port of a virtual machine is a VF itself, which this version does not configure',
    ],
  ])('refuses %s, and says so', async (_, change, message) => {
    startDaemon();
    await setSpec({ interfaces: [{ ...eightVfs.interfaces[0], pciAddress: PF, ...change }] });
    const { status } = await untilSynced('Failed');
    expect(status?.lastSyncError).toBe(message);
    expect(machine().writes).toBe(0);
  });

  it('reports a NIC that vanishes between list and read, and serves the others', async () => {
    const path = '/sys/bus/pci/devices/0000:02:00.0/vendor';
    writeWorld({ ...WORLD, faults: [{ verb: 'read', path, errno: 'ENODEV' }] });
    startDaemon();
    const gone = { pciAddress: '0000:02:00.0', name: 'ens2', numVfs: 2 };
    await setSpec({ interfaces: [...eightVfs.interfaces, gone] });
    const { status } = await untilSynced('Failed');
    expect(status?.lastSyncError).toBe(`ens2 (0000:02:00.0): read ${path}: ENODEV`);
    expect(status?.interfaces?.map(({ name, numVfs }) => [name, numVfs])).toEqual([
      ['eno1', undefined],
      ['ens1', 7],
    ]);
  });

  it('does nothing to the host when it cannot write down what it takes over', async () => {
    symlinkSync('/proc/nowhere', join(folder, 'machine.json.d'));
    startDaemon();
    await setSpec(eightVfs);
    const { status } = await untilSynced('Failed');
    expect(status?.lastSyncError).toMatch(/^the state folder cannot be written, so nothing is done to the host: /);
    expect(machine().writes).toBe(0);
  });

  it('says so when the host cannot be looked at', async () => {
    writeWorld({ ...WORLD, faults: [{ verb: 'exec', path: 'ip -j -d link show', errno: 'ENOENT' }] });
    startDaemon();
    const { status } = await untilSynced('Failed');
    expect(status).toMatchObject({ lastSyncError: 'exec ip -j -d link show: ENOENT' });
  });

  it('says on its node state that the API server refuses its status, until it is taken', async () => {
    const admission = '/apis/admissionregistration.k8s.io/v1';
    const metadata = { name: `only-failures-${NODE}` };
    const resourceRules = [
      {
        apiGroups: ['sriovnetwork.openshift.io'],
        apiVersions: ['*'],
        resources: ['sriovnetworknodestates/status'],
        operations: ['UPDATE'],
        resourceNames: [NODE],
      },
    ];
    await request('POST', `${admission}/validatingadmissionpolicies`, {
      metadata,
      spec: {
        matchConstraints: { resourceRules },
        validations: [
          { expression: "object.status.syncStatus == 'Failed'", message: 'the test forbids it', reason: 'Forbidden' },
        ],
      },
    });
    await request('POST', `${admission}/validatingadmissionpolicybindings`, {
      metadata,
      spec: { policyName: metadata.name, validationActions: ['Deny'] },
    });
    const probe = { status: { syncStatus: 'InProgress' } };
    await eventually(async () => (await tryRequest('PATCH', `${statePath()}/status?dryRun=All`, probe)).status === 403);
    startDaemon();
    const { status } = await untilSynced('Failed');
    expect(status?.lastSyncError).toMatch(/^the status cannot be written: .*the test forbids it/s);
    expect(status?.failures).toMatchObject([{ reason: 'ReconcileFailed' }]);
    await request('DELETE', `${admission}/validatingadmissionpolicybindings/${metadata.name}`);
    await request('DELETE', `${admission}/validatingadmissionpolicies/${metadata.name}`);
    await untilSynced('Succeeded');
  });

  it('shows in kubectl how the node is, and which PF failed', async () => {
    startDaemon();
    await untilSynced('Succeeded');
    const { columnDefinitions, rows } = await getTable();
    expect(columnDefinitions.map(({ name }) => name)).toEqual([
      'Name',
      'Sync Status',
      'Desired Sync State',
      'Current Sync State',
      'Age',
      'PFs',
      'VFs',
      'Reason',
      'Failed PF',
      'Failure',
    ]);
    expect(rows[0]?.cells.slice(0, 2)).toEqual([NODE, 'Succeeded']);
    expect(rows[0]?.cells.slice(5)).toEqual([2, 0, 'InSync', null, null]);

    await setSpec({ interfaces: [{ pciAddress: '0000:09:00.0', name: 'ens9', numVfs: 1 }] });
    await untilSynced('Failed');
    const message = 'ens9 (0000:09:00.0): the node has no such network device';
    expect((await getTable()).rows[0]?.cells.slice(7)).toEqual(['InterfaceNotFound', '0000:09:00.0', message]);
  });
});

const specOf = (numVfs: number, deviceType = 'netdevice', mtu = 1500): NodeStateSpec => ({
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
const want = (spec: NodeStateSpec, hash: string): Promise<unknown> =>
  request('PATCH', statePath(), { metadata: hashOf(hash), spec });
const hashOf = (hash: string): object => ({ annotations: { [ANNOTATION.devicePluginConfigHash]: hash } });

const podsPath = (): string => `/api/v1/namespaces/${namespace}/pods`;
/** A pod that its kubelet runs. */
const createPod = async (nodeName = NODE, app = 'sriov-device-plugin'): Promise<string> => {
  const { metadata } = (await request('POST', podsPath(), {
    metadata: { generateName: 'pod-', labels: { app } },
    spec: { nodeName, containers: [{ name: 'c', image: 'c' }] },
  })) as KubeObject;
  return metadata.name;
};
/** Names of the pods that their kubelets were told to end. */
const deletedPods = async (): Promise<string[]> =>
  ((await request('GET', podsPath())) as { items: KubeObject[] }).items
    .filter(({ metadata }) => metadata.deletionTimestamp !== undefined)
    .map(({ metadata }) => metadata.name);
const restartEvents = async (): Promise<string[]> =>
  (await events()).filter(({ reason }) => reason === 'DevicePluginRestarted').map(({ message }) => message);

/** A node whose daemon has made 4 VFs, and the pod of the device plugin that knows them. */
const startWithFourVfs = async (): Promise<string> => {
  await want(specOf(4), 'a');
  startDaemon();
  await untilSynced('Succeeded');
  return createPod();
};

describe('the device plugin is restarted', () => {
  it('when its configuration alone has changed', async () => {
    const pod = await startWithFourVfs();
    const { generation } = (await getState()).metadata;
    await request('PATCH', statePath(), { metadata: hashOf('b') });
    await eventually(async () => (await deletedPods()).length > 0);
    expect(await deletedPods()).toEqual([pod]);
    expect((await getState()).metadata.generation).toBe(generation);
    expect(await eventually(async () => (await restartEvents())[0])).toBe(
      'restarted the device plugin: the configuration of the device plugin has changed',
    );
  });

  it('once, when its VFs and its configuration have changed, and no other pod with it', async () => {
    const pod = await startWithFourVfs();
    await createPod('node-2');
    await createPod(NODE, 'something-else');
    await want(specOf(6), 'b');
    await untilSynced('Succeeded');
    expect(await deletedPods()).toEqual([pod]);
    // The DaemonSet makes the next one.
    const next = await createPod();
    await want(specOf(6, 'netdevice', 9000), 'b');
    await untilSynced('Succeeded');
    expect(await deletedPods()).toEqual([pod]);
    await want(specOf(6, 'vfio-pci', 9000), 'b');
    await untilSynced('Succeeded');
    expect((await deletedPods()).sort()).toEqual([pod, next].sort());
    const told = await eventually(async () => {
      const messages = await restartEvents();
      return messages.length > 1 && messages.sort();
    });
    expect(told).toEqual([
      `restarted the device plugin: ens1 (${PF}): another driver for VF 0-5`,
      `restarted the device plugin: ens1 (${PF}): the number of VFs becomes 6; the configuration of the device plugin has changed`,
    ]);
  });
});

describe('the device plugin is left alone', () => {
  it('when the daemon starts anew, the MTU changes, or somebody writes into the status', async () => {
    await startWithFourVfs();
    await stopDaemon();
    const port = await findFreePort();
    startDaemon({ listen: `127.0.0.1:${port}` });
    await untilReconciled(port);
    expect(await deletedPods()).toEqual([]);
    await want(specOf(4, 'netdevice', 9000), 'a');
    await untilSynced('Succeeded');
    expect(await deletedPods()).toEqual([]);
    await request('PATCH', `${statePath()}/status`, { status: { syncStatus: 'Failed' } });
    await untilSynced('Succeeded');
    expect([await deletedPods(), await restartEvents()]).toEqual([[], []]);
  });

  it('when the daemon comes to a node that somebody else has configured', async () => {
    const pod = await startWithFourVfs();
    await stopDaemon();
    writeFileSync(join(folder, 'machine.json.d/device-plugin'), '{}');
    await request('PATCH', statePath(), { metadata: hashOf('b') });
    const port = await findFreePort();
    startDaemon({ listen: `127.0.0.1:${port}` });
    await untilReconciled(port);
    expect(await deletedPods()).toEqual([]);
    await request('PATCH', statePath(), { metadata: hashOf('c') });
    await eventually(async () => (await deletedPods()).includes(pod));
  });
});

describe('a daemon that may not delete pods', () => {
  /** An account that may do everything else. */
  const openAccount = async (): Promise<string> => {
    const home = `/namespaces/${namespace}`;
    const rbac = `/apis/rbac.authorization.k8s.io/v1${home}`;
    await request('POST', `/api/v1${home}/serviceaccounts`, { metadata: { name: 'daemon' } });
    await request('POST', `${rbac}/roles`, {
      metadata: { name: 'daemon' },
      rules: [
        { apiGroups: ['sriovnetwork.openshift.io', ''], resources: ['*/status', 'events'], verbs: ['*'] },
        { apiGroups: ['sriovnetwork.openshift.io'], resources: ['*'], verbs: ['*'] },
      ],
    });
    await request('POST', `${rbac}/rolebindings`, {
      metadata: { name: 'daemon' },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'daemon' },
      subjects: [{ kind: 'ServiceAccount', name: 'daemon', namespace: namespace }],
    });
    const token = (await request('POST', `/api/v1${home}/serviceaccounts/daemon/token`, { spec: {} })) as {
      status: { token: string };
    };
    const { server, ca } = testControlPlane().access;
    const path = join(folder, 'kubeconfig');
    const kubeconfig = {
      clusters: [{ name: 'c', cluster: { server, 'certificate-authority-data': btoa(ca) } }],
      users: [{ name: 'u', user: { token: token.status.token } }],
      contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
      'current-context': 'x',
    };
    writeFileSync(path, JSON.stringify(kubeconfig));
    return path;
  };

  it('configures the host, says what is missing, and another one does that', async () => {
    const pod = await createPod();
    const kubeconfig = await openAccount();
    await want(specOf(4), 'a');
    startDaemon({ kubeconfig });
    const { status } = await untilSynced('Succeeded');
    expect(machine().devices[PF]?.pf?.vfs).toHaveLength(4);
    expect(status?.conditions?.find(({ type }) => type === 'Ready')).toMatchObject({
      status: 'True',
      message: expect.stringMatching(
        /^the host is as the spec wants it, but the device plugin could not be restarted: GET .* cannot list resource "pods"/,
      ),
    });
    expect(await deletedPods()).toEqual([]);
    await stopDaemon();
    startDaemon();
    await eventually(async () => (await deletedPods()).includes(pod));
    const isGone = async (): Promise<boolean> =>
      !(await getState()).status?.conditions?.some(({ message }) => message.includes('device plugin'));
    await eventually(isGone);
    expect(await restartEvents()).toHaveLength(1);
  });
});

describe('as long as the spec was not planned', () => {
  const untilUnplanned = (): Promise<SriovNetworkNodeState> =>
    eventually(async () => {
      const state = await getState();
      const ready = state.status?.conditions?.find(({ type }) => type === 'Ready');
      return ready?.reason === 'NotPlannedYet' && state;
    });

  it.each<[string, () => Promise<unknown>]>([
    ['its node state was deleted and made anew', () => request('DELETE', statePath()).then(() => createState({}))],
    [
      'a hand took the annotation away',
      () => request('PATCH', statePath(), { metadata: { annotations: { [ANNOTATION.plannedFrom]: null } } }),
    ],
    [
      'a controller that does not know of it has written',
      () =>
        request('DELETE', statePath())
          .then(() => createState({ [ANNOTATION.devicePluginConfigHash]: 'of nothing' }))
          .then(() => setSpec({ interfaces: [] })),
    ],
  ])('the daemon reports the VFs, and touches neither them nor the device plugin, when %s', async (_, lose) => {
    await startWithFourVfs();
    const before = machine();
    await lose();
    const { status, metadata } = await untilUnplanned();
    expect(status).toMatchObject({ syncStatus: 'InProgress' });
    expect(status?.interfaces?.find(({ pciAddress }) => pciAddress === PF)?.Vfs).toHaveLength(4);
    expect(status?.conditions?.map(({ type, status: holds }) => [type, holds])).toEqual([
      ['Ready', 'False'],
      ['Progressing', 'True'],
      ['Degraded', 'False'],
    ]);
    // Planned from what was reported, the spec is the one that it was.
    await request('PATCH', statePath(), {
      metadata: { annotations: { ...PLANNED, [ANNOTATION.devicePluginConfigHash]: 'a' } },
      spec: specOf(4),
    });
    const planned = await untilSynced('Succeeded');
    expect(planned.metadata.uid).toBe(metadata.uid);
    expect(machine()).toEqual(before);
    expect(await deletedPods()).toEqual([]);
  });

  it('with a PF that was missing from the report, that PF stays as it is until it was seen', async () => {
    await startWithFourVfs();
    const before = machine();
    await request('DELETE', statePath());
    await createState({ [ANNOTATION.plannedFrom]: '0000:00:03.0,0000:02:00.0' });
    const { status } = await untilUnplanned();
    expect(status?.conditions?.find(({ type }) => type === 'Ready')?.message).toMatch(
      /^ens1 \(0000:01:00\.0\): the spec has no entry of it, and was planned before the PF was reported/,
    );
    expect(machine()).toEqual(before);
    // Now it is a wish.
    await request('PATCH', statePath(), { metadata: { annotations: PLANNED } });
    await untilSynced('Succeeded');
    expect(machine().devices[PF]?.pf?.vfs).toEqual([]);
  });
});

describe('a world file that cannot be used', () => {
  it('ends the daemon with what is wrong in it', async () => {
    writeWorld({ ...WORLD, nics: [{ ...WORLD.nics[0], mac: 'none' }] });
    startDaemon();
    const failure = running;
    running = undefined;
    await expect(failure).rejects.toMatchObject({
      exitCode: 2,
      message: `world ${join(folder, 'world.yaml')}: nics.0.mac: must be a MAC address such as 52:54:00:aa:00:10`,
    });
  });
});

describe('config-daemon --dry-run', () => {
  const dryRun = (): Promise<{ code: number; out: string; err: string }> =>
    new Promise((resolve) => {
      const flags = {
        kubeconfig: testControlPlane().kubeconfigPath,
        'node-name': NODE,
        namespace,
        simulate: join(folder, 'world.yaml'),
        'simulate-state': join(folder, 'machine.json'),
      };
      const args = Object.entries(flags).flatMap(([name, value]) => [`--${name}`, value]);
      execFile(
        process.execPath,
        ['--import', 'tsx', join(import.meta.dirname, 'main-simulated.ts'), '--dry-run', ...args],
        { env: { PATH: process.env['PATH'] }, encoding: 'utf8' },
        (error, out, err) => resolve({ code: error ? Number(error.code) : 0, out: planOf(out), err }),
      );
    });
  /** Without the lines of the log. */
  const planOf = (out: string): string =>
    out
      .split('\n')
      .filter((line) => !line.startsWith('{'))
      .join('\n');

  it('prints what would be done beside a daemon that runs, and does nothing', async () => {
    startDaemon();
    await untilSynced('Succeeded');
    await stopDaemon();
    await setSpec(eightVfs);
    const before = [await getState(), machine()];
    const { code, out } = await dryRun();
    expect(out).toBe(`load kernel module vfio-pci unless it is loaded
load kernel module vfio_iommu_type1 unless it is loaded
load kernel module igbvf unless it is loaded
ens1 (${PF}):
  because the number of VFs is 0, not 7
  because the MTU is 1500, and 9000 is wanted
  turn driver probing of new VFs off
  set the MTU of the PF to 9000
  create 7 VFs
  VF 0-3: set its MAC address, bind vfio-pci
  VF 4-5: set its MAC address, bind igbvf, set its MTU to 9000
  turn driver probing of new VFs on
restart the device plugin:
  because ens1 (${PF}): the number of VFs becomes 7
`);
    expect(code).toBe(0);
    expect([await getState(), machine()]).toEqual(before);
    // What was printed is what is done.
    startDaemon();
    await untilSynced('Succeeded');
    await stopDaemon();
    expect((await dryRun()).out).toBe('nothing to do: the host is as the spec wants it\n');
  });

  it('says of a spec that was not planned that nothing would be done', async () => {
    await want(specOf(4), 'a');
    startDaemon();
    await untilSynced('Succeeded');
    await stopDaemon();
    await request('DELETE', statePath());
    await createState({ [ANNOTATION.devicePluginConfigHash]: 'of nothing' });
    expect((await dryRun()).out).toMatch(/^not done \(NotPlannedYet\): the spec does not say .*\n$/);
  });

  it('says that there is no node state', async () => {
    await request('DELETE', statePath());
    expect(await dryRun()).toEqual({
      code: 1,
      out: '',
      err: `there is no SriovNetworkNodeState ${namespace}/${NODE}\n`,
    });
  });
});
