import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { type NodeStateSpec, type SriovNetworkNodeState } from '@sriov/api';
import { type MachineState } from '@sriov/host-sim';
import { serve } from '@sriov/runtime';
import { createNamespace, eventually, installCrds, request, testControlPlane } from '@sriov/testing';
import { stringify } from 'yaml';
import { service } from './service.ts';

jest.setTimeout(60_000);

const PF = '0000:01:00.0';
const NODE = 'node-1';
let namespace: string;
let folder: string;
let running: Promise<void> | undefined;
let stop: AbortController;

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
  await request('POST', statePath(''), {
    apiVersion: 'sriovnetwork.openshift.io/v1',
    kind: 'SriovNetworkNodeState',
    metadata: { name: NODE },
    spec: {},
  });
});
afterEach(async () => {
  await stopDaemon();
  rmSync(folder, { recursive: true, force: true });
});

const writeWorld = (world: object): void => writeFileSync(join(folder, 'world.yaml'), stringify(world));
const statePath = (name = NODE): string =>
  `/apis/sriovnetwork.openshift.io/v1/namespaces/${namespace}/sriovnetworknodestates/${name}`.replace(/\/$/, '');

const startDaemon = (settings: object = {}): void => {
  stop = new AbortController();
  running = serve(
    service,
    {
      listen: '127.0.0.1:0',
      logLevel: 'silent',
      kubeconfig: testControlPlane().kubeconfigPath,
      nodeName: NODE,
      namespace,
      hostRoot: '/',
      stateFolder: '/nowhere',
      auditSeconds: 300,
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
    const { metadata } = await untilSynced('Succeeded');
    await stopDaemon();
    const { writes } = machine();
    startDaemon();
    // A change of another kind shows that the new daemon has looked at everything: its status follows.
    await setSpec({ ...eightVfs, system: { rdmaMode: 'shared' } });
    const after = await untilSynced('Succeeded');
    expect(machine().writes).toBe(writes);
    expect(after.status?.conditions?.find(({ type }) => type === 'Ready')?.lastTransitionTime).toBe(
      (await getState()).status?.conditions?.find(({ type }) => type === 'Ready')?.lastTransitionTime,
    );
    expect(after.metadata.uid).toBe(metadata.uid);
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
    startDaemon();
    await setSpec({ interfaces: [] });
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
      'eno1 (0000:00:03.0): the PF has no SR-IOV capability: switch SR-IOV on in the firmware of the NIC and the BIOS',
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
});
