import { beforeEach, describe, expect, it } from '@jest/globals';
import { type NodeStateSpec } from '@sriov/api';
import { type Kernel } from '@sriov/host';
import { parseWorld, SimulatedKernel } from '@sriov/host-sim';
import { BOOT_FILES, BOOT_UNITS, type BootResult, type Pass, readBootResult } from '@sriov/node-plan';
import { FakeClock } from '@sriov/testing';
import { converge } from '../converge.ts';
import { Journal } from '../journal/journal.ts';
import { hostPorts, MemoryFolder, PORTS, portrait, PowerCut, testSpec } from '../test/test-host.ts';
import { createBootServiceKeeper } from './keep-boot-service.ts';
import { runPhase } from './run-phase.ts';

const SPEC = testSpec(4, 2);
const log = { info: () => undefined, warn: () => undefined };

/** A node with its disk, and what runs on it: the daemon, and the boot service. */
class Node {
  readonly clock = new FakeClock();
  readonly folder = new MemoryFolder();
  readonly kernel: SimulatedKernel;

  constructor(world: object = {}) {
    const nics = [
      { model: 'virtio', address: '0000:00:03.0', name: 'eno1', mac: '52:54:00:12:34:56', up: true },
      { model: 'igb', address: PORTS[0], name: 'ens1', mac: '52:54:00:aa:00:10', up: true },
      { model: 'igb', address: PORTS[1], bridge: '0000:00:10.1', name: 'ens2', mac: '52:54:00:aa:00:20', up: true },
    ];
    const machine = { latency: 'none', modules: ['igbvf'], defaultRoute: 'eno1', nics, ...world };
    this.kernel = new SimulatedKernel({ world: parseWorld(machine), clock: this.clock });
  }

  /** One pass of the daemon; what the node says of its boot service. */
  async pass(
    spec: NodeStateSpec,
    mode: 'systemd' | 'daemon' = 'systemd',
    cut = new PowerCut(Infinity),
  ): Promise<Pass['bootService']> {
    const { clock, folder, kernel } = this;
    const wanted = { spec, plannedFrom: new Set(PORTS), allowHostInterfaces: false };
    const followers = { onStep: () => undefined, onPlan: () => Promise.resolve() };
    const { udevFolder, modprobeFolder } = kernel;
    const journal = new Journal(folder);
    const end = await converge(
      { ...hostPorts({ kernel, journal, clock, modprobeFolder }), udevFolder },
      wanted,
      followers,
    );
    const ports = {
      kernel: cut.kernel(kernel),
      folder: cut.folder(folder),
      unitFolder: kernel.unitFolder,
      programs: kernel.programs,
    };
    const keep = createBootServiceKeeper(
      { ...ports, stateFolder: '/etc/sriov-operator', mode, managesBridges: false },
      log,
      clock,
    );
    return keep({ end, wanted });
  }

  /** The machine boots, up to where the network would start, and runs the first unit if it is there. */
  boot(cut?: PowerCut): Promise<BootResult | undefined> {
    this.kernel.reboot();
    return this.phase('pre', cut);
  }

  /** What systemd does with the unit of a phase. */
  async phase(phase: 'pre' | 'post', cut = new PowerCut(Infinity)): Promise<BootResult | undefined> {
    const { clock, folder, kernel } = this;
    const enabled = await kernel.unitFolder.list('multi-user.target.wants');
    if (!enabled.includes(BOOT_UNITS[phase])) return undefined;
    const { udevFolder, modprobeFolder } = kernel;
    const cutOff: Kernel = cut.kernel(kernel);
    const host = { kernel: cutOff, folder: cut.folder(folder), udevFolder, modprobeFolder };
    return runPhase({ ...host, clock, log }, phase);
  }

  /** All that the boot service can leave. */
  get left(): unknown {
    const { unitFiles = {}, programs = [] } = this.kernel.state;
    const files = [...this.folder.files.keys()].filter((name) => name.startsWith('sriov-'));
    return { units: Object.keys(unitFiles).sort(), programs, files: files.sort() };
  }

  get result(): BootResult | undefined {
    return readBootResult(this.folder.files.get(BOOT_FILES.result) ?? '');
  }

  get vfDrivers(): (string | undefined)[] {
    const { devices } = this.kernel.state;
    return PORTS.flatMap((pf) => devices[pf]?.pf?.vfs ?? []).map((vf) => devices[vf ?? '']?.driver);
  }
}

const NOTHING = { units: [], programs: [], files: [] };
const OF_SPEC = ['vfio-pci', 'vfio-pci', 'igbvf', 'igbvf', 'vfio-pci', 'vfio-pci', 'igbvf', 'igbvf'];

let node: Node;
beforeEach(() => {
  node = new Node();
});

describe('a host in systemd mode', () => {
  it('has its VFs without the daemon after a boot: first without drivers, then with them', async () => {
    expect(await node.pass(SPEC)).toMatchObject({ status: 'True', reason: 'BootServiceReady' });
    const before = portrait(node.kernel.state);
    expect(await node.boot()).toMatchObject({ syncStatus: 'InProgress', lastSyncError: '' });
    expect(node.vfDrivers).toEqual(Array(8).fill(undefined));
    expect(await node.phase('post')).toMatchObject({ syncStatus: 'Succeeded', lastSyncError: '' });
    expect(node.vfDrivers).toEqual(OF_SPEC);
    expect(portrait(node.kernel.state)).toEqual(before);
  });

  it('leaves nothing to do to the daemon, which says so', async () => {
    await node.pass(SPEC);
    await node.boot();
    await node.phase('post');
    const { writes } = node.kernel.state;
    expect(await node.pass(SPEC)).toMatchObject({ status: 'True', reason: 'BootServiceReady' });
    expect(node.kernel.state.writes).toBe(writes);
  });

  it('changes at once when the spec does, and makes the change again at the next boot', async () => {
    await node.pass(SPEC);
    await node.pass(testSpec(2, 1));
    expect(node.vfDrivers).toEqual(['vfio-pci', 'igbvf', 'vfio-pci', 'igbvf']);
    await node.boot();
    await node.phase('post');
    expect(node.vfDrivers).toEqual(['vfio-pci', 'igbvf', 'vfio-pci', 'igbvf']);
  });

  it('lets nobody bind VFs before the network is up, even where udev loads their driver then', async () => {
    await node.pass(SPEC);
    await node.boot();
    expect(await node.kernel.read(`/sys/bus/pci/devices/${PORTS[0]}/sriov_drivers_autoprobe`)).toBe('0\n');
    await node.phase('post');
    expect(await node.kernel.read(`/sys/bus/pci/devices/${PORTS[0]}/sriov_drivers_autoprobe`)).toBe('1\n');
  });

  it('does not take pods of the last boot for users', async () => {
    await node.pass(SPEC);
    await node.boot();
    node.kernel.users.allocate('0000:01:10.0');
    expect(await node.phase('post')).toMatchObject({ syncStatus: 'Succeeded' });
    expect(node.vfDrivers).toEqual(OF_SPEC);
  });

  it('is left alone when the units run again: the daemon cares for a host that is up', async () => {
    await node.pass(SPEC);
    expect([await node.phase('pre'), await node.phase('post')]).toEqual([undefined, undefined]);
    await node.boot();
    await node.phase('post');
    expect([await node.phase('pre'), await node.phase('post')]).toEqual([undefined, undefined]);
  });
});

describe('a boot that goes wrong', () => {
  it('says what has failed, and the second phase makes it good', async () => {
    node = new Node({ faults: [{ verb: 'write', path: '*/sriov_numvfs', errno: 'EIO', after: 2, times: 1 }] });
    await node.pass(SPEC);
    expect(await node.boot()).toMatchObject({
      syncStatus: 'Failed',
      lastSyncError: expect.stringMatching(/^pre: .*EIO/s),
    });
    expect(await node.phase('post')).toMatchObject({
      syncStatus: 'Succeeded',
      lastSyncError: expect.stringMatching(/^pre: .*EIO/s),
    });
    expect(await node.pass(SPEC)).toMatchObject({
      status: 'False',
      reason: 'BootServiceFailed',
      message: expect.stringContaining('EIO'),
    });
  });

  it.each(['', '{"spec":', 'spec:\n    interfaces: []\n'])('has a result where the file is %j', async (text) => {
    await node.pass(SPEC);
    node.folder.files.set(BOOT_FILES.config, text);
    const failed = {
      syncStatus: 'Failed',
      lastSyncError: expect.stringContaining(`${BOOT_FILES.config} of the state`),
    };
    expect([await node.boot(), await node.phase('post'), node.result]).toMatchObject([failed, failed, failed]);
    expect(await node.pass(SPEC)).toMatchObject({ status: 'False', reason: 'BootServiceFailed' });
    expect(node.vfDrivers).toEqual(OF_SPEC);
  });

  it('is noticed when the units have not run at all, until the next boot', async () => {
    await node.pass(SPEC);
    node.kernel.reboot();
    const expected = { status: 'False', reason: 'BootServiceFailed', message: expect.stringContaining('have not run') };
    expect(await node.pass(SPEC)).toMatchObject(expected);
    expect(await node.pass(testSpec(2, 1))).toMatchObject(expected);
    await node.boot();
    await node.phase('post');
    expect(await node.pass(testSpec(2, 1))).toMatchObject({ status: 'True' });
  });

  it('is over once the daemon has looked: a second phase that begins later would not see what pods have', async () => {
    await node.pass(SPEC);
    await node.boot();
    const expected = {
      status: 'False',
      reason: 'BootServiceFailed',
      message: expect.stringContaining('has not begun'),
    };
    expect(await node.pass(SPEC)).toMatchObject(expected);
    expect(await node.phase('post')).toBeUndefined();
    expect(await node.pass(SPEC)).toMatchObject(expected);
  });

  it.each(['pre', 'post'] as const)('leaves a result when the phase %s is killed, wherever', async (killed) => {
    for (let calls = 0, isCut = true; isCut; calls += 1) {
      node = new Node();
      await node.pass(SPEC);
      const cut = new PowerCut(calls);
      if (killed === 'post') await node.boot();
      await (killed === 'pre' ? node.boot(cut) : node.phase('post', cut)).catch(() => undefined);
      isCut = cut.happened;
      if (killed === 'pre') await node.phase('post');
      // A first phase that was killed before it began is one that has not failed: the second did all.
      const isTold = isCut && (killed === 'post' || calls > 0);
      expect(await node.pass(SPEC)).toMatchObject({ status: isTold ? 'False' : 'True' });
      expect(node.vfDrivers).toEqual(OF_SPEC);
    }
  });
});

describe('a host that leaves systemd mode', () => {
  it('has nothing of it, and boots without it', async () => {
    await node.pass(SPEC, 'daemon');
    expect(node.left).toEqual(NOTHING);
    await node.pass(SPEC);
    expect(node.left).toMatchObject({ programs: ['program-simulated'] });
    await node.boot();
    await node.phase('post');
    expect(await node.pass(SPEC, 'daemon')).toBeNull();
    expect(node.left).toEqual(NOTHING);
    expect(await node.boot()).toBeUndefined();
    expect(node.vfDrivers).toEqual([]);
    await node.pass(SPEC, 'daemon');
    expect(node.vfDrivers).toEqual(OF_SPEC);
  });

  it.each(['systemd', 'daemon'] as const)(
    'is the same when the daemon is killed on the way to %s, wherever',
    async (mode) => {
      const other = mode === 'systemd' ? 'daemon' : 'systemd';
      const undisturbed = new Node();
      await undisturbed.pass(SPEC, other);
      await undisturbed.pass(SPEC, mode);
      for (let calls = 0, isCut = true; isCut; calls += 1) {
        node = new Node();
        await node.pass(SPEC, other);
        const cut = new PowerCut(calls);
        await node.pass(SPEC, mode, cut);
        isCut = cut.happened;
        await node.pass(SPEC, mode);
        expect(node.left).toEqual(undisturbed.left);
      }
    },
  );
});

describe('a host that cannot have it', () => {
  it.each([
    ['without systemd', { systemd: false }, 'systemd does not run this host'],
    ['with a read-only /etc', { readOnlyEtc: true }, '/etc/systemd/system (EROFS) cannot be written'],
  ])('%s says so, and has its VFs by the daemon', async (_, world, cause) => {
    node = new Node(world);
    expect(await node.pass(SPEC)).toMatchObject({
      status: 'False',
      reason: 'Unsupported',
      message: expect.stringContaining(cause),
    });
    expect(node.vfDrivers).toEqual(OF_SPEC);
    expect(node.left).toEqual(NOTHING);
  });

  it('says what systemd refuses, and tries again', async () => {
    node = new Node({ faults: [{ verb: 'exec', path: 'systemctl enable *', errno: 'EIO', times: 1 }] });
    expect(await node.pass(SPEC)).toMatchObject({ status: 'False', reason: 'BootServiceNotSetUp' });
    expect(await node.pass(SPEC)).toMatchObject({ status: 'True', reason: 'BootServiceReady' });
  });
});
