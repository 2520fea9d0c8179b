import { rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { type MachineState } from '@sriov/host-sim';
import { eventually, findFreePort, request } from '@sriov/testing';
import {
  PF,
  NODE,
  WORLD,
  folder,
  useDaemon,
  writeWorld,
  statePath,
  createState,
  events,
  untilReconciled,
  startDaemon,
  stopDaemon,
  getState,
  setSpec,
  machine,
  untilSynced,
  eightVfs,
} from './test/test-daemon.ts';
import { Way } from './test/way.ts';

useDaemon();

describe('the config daemon', () => {
  it('reports what the node has before anybody wants anything', async () => {
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

  it('loads the modules that pods may need when it starts', async () => {
    writeWorld({ ...WORLD, modules: [] });
    startDaemon();
    await untilSynced('Succeeded');
    await eventually(() => ['tun', 'vhost_net'].every((name) => machine().modules.includes(name)));
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

  it('manages bridges where it is told to, and reports none that it does not look at', async () => {
    const uplinks = [{ pciAddress: PF, name: 'ens1' }];
    await setSpec({ bridges: { ovs: [{ name: 'br-0000_01_00.0', uplinks }] } });
    await request('PATCH', `${statePath()}/status`, { status: { bridges: { ovs: [{ name: 'br0' }] } } });
    startDaemon();
    expect((await untilSynced('Succeeded')).status?.bridges?.ovs ?? []).toEqual([]);
    await stopDaemon();
    startDaemon({ manageSoftwareBridges: true });
    // The simulated host has no Open vSwitch.
    expect((await untilSynced('Failed')).status?.failures).toMatchObject([
      { pciAddress: PF, name: 'ens1', reason: 'OpenVSwitchUnavailable' },
    ]);
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

  it('waits for its node state, and goes on when it comes', async () => {
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

  it('corrects a status that somebody wrote before the daemon had anything to say', async () => {
    startDaemon();
    await untilSynced('Succeeded');
    await stopDaemon();
    const port = await findFreePort();
    startDaemon({ listen: `127.0.0.1:${port}` });
    await untilReconciled(port);
    await request('PATCH', `${statePath()}/status`, { status: { syncStatus: 'Failed', interfaces: [] } });
    expect((await untilSynced('Succeeded')).status?.interfaces).toHaveLength(3);
  });

  it('refuses what somebody has written into the spec by hand, and loses nothing', async () => {
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

  it('goes on by itself after the API server was away', async () => {
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

  it('reports a damaged state file, and leaves alone the VFs whose owner it does not know', async () => {
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
    // The other PF gets its VFs, which wakes the daemon: the next pass has no fault, and the status may be brief.
    expect(await eventually(async () => (await events()).find(({ type }) => type === 'Warning'))).toMatchObject({
      involvedObject: { kind: 'SriovNetworkNodeState', name: NODE },
      reason: 'ApplyFailed',
      message: `ens1 (${PF}): create 7 VFs: write ${path}: ENOMEM (no PCI bus numbers or address space are left: try the kernel parameter pci=realloc (7 wanted, 7 possible))`,
      reportingComponent: 'config-daemon',
    });
    const { status } = await untilSynced('Succeeded');
    expect(status?.lastSyncError ?? '').toBe('');
    expect(status?.interfaces?.map(({ numVfs }) => numVfs)).toEqual([undefined, 7, 7]);
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
      'eno1 (0000:00:03.0): the PF has no SR-IOV capability: on bare metal, switch SR-IOV on in the firmware of the NIC and the BIOS; on a virtual machine, the metadata of the platform has to name the network of the port',
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

  it('does nothing to the host when it cannot record what it takes over', async () => {
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
