import { describe, expect, it } from '@jest/globals';
import { SimulatedKernel } from './simulated-kernel.ts';
import { parseMachineState, type StateStore } from './state-file.ts';
import { type MachineState } from './state.ts';
import { parseWorld, type World } from './world.ts';

const PF = '0000:01:00.0';
const VF = '0000:01:10.0';
const DEVICE = `/sys/bus/pci/devices/${PF}`;

const worldOf = (modules: string[]): World =>
  parseWorld({ modules, nics: [{ model: 'igb', address: PF, name: 'ens1', mac: '52:54:00:aa:00:10', up: true }] });

/** A process that simulates the machine. Its end can come at every moment of which the disk has another picture. */
class Life implements StateStore {
  /** What is on the disk at each moment, oldest first. */
  readonly moments: string[] = [];
  readonly kernel: SimulatedKernel;

  constructor(world: World, disk?: string) {
    if (disk !== undefined) this.moments.push(disk);
    // Others save the state as well while an operation takes its time.
    const sleep = (): Promise<void> => Promise.resolve().then(() => this.save(this.kernel.state));
    const clock = { now: () => 0, sleep };
    this.kernel = new SimulatedKernel({ world, clock, stateFile: this });
  }

  load(): MachineState | undefined {
    const disk = this.moments.at(-1);
    return disk === undefined ? undefined : parseMachineState(disk);
  }

  save(state: MachineState): void {
    const disk = JSON.stringify(state);
    if (disk !== this.moments.at(-1)) this.moments.push(disk);
  }
}

type Work = (kernel: SimulatedKernel) => Promise<void>;

/** What the daemon would do, and do again after a crash. */
const numVfs =
  (count: number): Work =>
  async (kernel) => {
    if ((await kernel.read(`${DEVICE}/sriov_numvfs`)) === `${count}\n`) return;
    await kernel.write(`${DEVICE}/sriov_numvfs`, '0');
    await kernel.write(`${DEVICE}/sriov_numvfs`, String(count));
  };
const driverOf = async (kernel: SimulatedKernel): Promise<string | undefined> =>
  (await kernel.readlink(`/sys/bus/pci/devices/${VF}/driver`).catch(() => '')).split('/').at(-1);
const bindVfio: Work = async (kernel) => {
  await kernel.write(`/sys/bus/pci/devices/${VF}/driver_override`, 'vfio-pci');
  const driver = await driverOf(kernel);
  if (driver === 'igbvf') await kernel.write('/sys/bus/pci/drivers/igbvf/unbind', VF);
  // Behind whoever has the lock of the PF.
  await kernel.read(`${DEVICE}/sriov_numvfs`);
  if (driver !== 'vfio-pci') await kernel.write('/sys/bus/pci/drivers_probe', VF);
};
const modules: Work = async (kernel) => {
  await kernel.exec('modprobe', ['igbvf']);
  await kernel.exec('modprobe', ['vfio-pci']);
};
const settings: Work = async (kernel) => {
  await kernel.exec('ip', ['link', 'set', 'dev', 'ens1', 'vf', '0', 'mac', '02:00:00:00:00:01']);
  await kernel.exec('ip', ['link', 'set', 'dev', 'ens1', 'mtu', '9000']);
  await kernel.exec('ip', ['link', 'set', 'dev', 'ens1', 'down']);
};
const newId: Work = async (kernel) => {
  const code = await kernel.write('/sys/bus/pci/drivers/vfio-pci/new_id', '8086 10ca').catch((error: unknown) => error);
  expect(code === undefined || (code as { code: string }).code === 'EEXIST').toBe(true);
};
const unplug: Work = async (kernel) => {
  const isThere = (await kernel.list('/sys/bus/pci/devices')).includes(PF);
  // It can go at any moment where an earlier process had begun to pull it.
  if (isThere) await kernel.unplug(PF).catch((error: unknown) => expect(error).toMatchObject({ code: 'ENODEV' }));
};
const replug: Work = async (kernel) => {
  await unplug(kernel);
  await kernel.write('/sys/bus/pci/rescan', '1');
};
const unbindPf: Work = async (kernel) => {
  const drivers = await kernel.list('/sys/bus/pci/drivers/igb');
  if (drivers.includes(PF)) await kernel.write('/sys/bus/pci/drivers/igb/unbind', PF);
};

/** Numbers that the kernel gives out as it pleases, and what counts calls. */
const portrait = (state: MachineState): unknown => {
  const { writes: _, nextIfindex: __, nextMac: ___, ...rest } = structuredClone(state);
  for (const link of Object.values(rest.links)) {
    Object.assign(link, { ifindex: 0, carrierChanges: 0, ...(link.isRandomMac && { mac: '' }) });
  }
  for (const device of Object.values(rest.devices)) {
    Object.assign(device, { irqs: device.irqs.length, iommuGroup: 0 });
  }
  return rest;
};

/** Every link has its device, every VF its PF, and every PF the VFs that are its. */
const inconsistencies = ({ devices, links }: MachineState): string[] => [
  ...Object.entries(links).flatMap(([name, { device }]) => (devices[device] ? [] : `${name} has no device`)),
  ...Object.entries(devices).flatMap(([address, { vf, pf }]) => [
    ...(vf && !devices[vf.pf]?.pf?.vfs.includes(address) ? [`${address} is no VF of ${vf.pf}`] : []),
    ...(pf?.vfs.some((each) => each === null || !devices[each]) ? [`${address} has VFs that are not there`] : []),
  ]),
];

/** Waits for what goes on by itself: whoever reads the number of VFs waits for the PF's lock. */
const settled = async (kernel: SimulatedKernel): Promise<void> => {
  for (let turn = 0; turn < 5; turn += 1) await new Promise(setImmediate);
  await kernel.read(`${DEVICE}/sriov_numvfs`).catch(() => undefined);
};

describe('a machine whose process is killed at any moment and started again', () => {
  const loaded = ['igbvf', 'vfio-pci'];
  it.each<[string, string[], Work[], Work]>([
    ['making VFs', loaded, [], numVfs(3)],
    ['taking VFs away', loaded, [numVfs(3)], numVfs(0)],
    ['another number of VFs', loaded, [numVfs(3)], numVfs(2)],
    ['taking VFs of different drivers away', loaded, [numVfs(3), bindVfio], numVfs(0)],
    ['another driver for a VF', loaded, [numVfs(2)], bindVfio],
    ['loading modules', [], [], modules],
    ['what the PF prescribes, MTU and link', loaded, [numVfs(1)], settings],
    ['a new id', loaded, [numVfs(2)], newId],
    ['pulling the card', loaded, [numVfs(3)], unplug],
    ['another card in its place', loaded, [numVfs(2)], replug],
    ['taking the driver from the PF', loaded, [numVfs(3)], unbindPf],
  ])('comes to the same end: %s', async (_, present, before, work) => {
    const world = worldOf(present);
    const first = new Life(world);
    for (const step of before) await step(first.kernel);
    const start = first.moments.length - 1;
    await work(first.kernel);
    const end = portrait(first.kernel.state);
    expect(first.moments.length - start).toBeGreaterThan(1);
    for (const [index, disk] of first.moments.entries()) {
      if (index < start) continue;
      const next = new Life(world, disk);
      await work(next.kernel);
      await settled(next.kernel);
      await work(next.kernel);
      expect([index, inconsistencies(next.kernel.state)]).toEqual([index, []]);
      expect([index, portrait(next.kernel.state)]).toEqual([index, end]);
      const last = new Life(world, next.moments.at(-1));
      await settled(last.kernel);
      expect([index, portrait(last.kernel.state)]).toEqual([index, end]);
    }
  });

  it('goes on with a removal that waits for a program, as soon as that lets go', async () => {
    const world = worldOf(loaded);
    const first = new Life(world);
    await numVfs(2)(first.kernel);
    await bindVfio(first.kernel);
    first.kernel.holdVfio(VF);
    void first.kernel.write(`${DEVICE}/sriov_numvfs`, '0');
    await new Promise(setImmediate);
    const next = new Life(world, first.moments.at(-1));
    const removal = next.kernel.write(`${DEVICE}/sriov_numvfs`, '0');
    await new Promise(setImmediate);
    expect(await next.kernel.list('/sys/bus/pci/devices')).toContain(VF);
    next.kernel.releaseVfio(VF);
    await removal;
    expect(await next.kernel.list('/sys/bus/pci/devices')).toEqual([PF]);
    expect(inconsistencies(next.kernel.state)).toEqual([]);
  });
});

describe('commands of a simulated machine', () => {
  it('that hang are given up at their deadline, and go on when they can', async () => {
    let expire: () => void = () => undefined;
    const sleep = (): Promise<void> => new Promise((resolve) => (expire = resolve));
    const kernel = new SimulatedKernel({ world: worldOf([]), clock: { now: () => 0, sleep } });
    const release = kernel.addFault({ verb: 'exec', path: 'ip link set *', hang: true });
    const call = kernel.exec('ip', ['link', 'set', 'dev', 'ens1', 'down']).catch((error: unknown) => error);
    expire();
    const failure = await call;
    expect(failure).toMatchObject({ name: 'KernelBlockedError', waitedMs: 30_000 });
    await expect(kernel.exec('ip', ['link', 'set', 'dev', 'ens1', 'down'])).rejects.toBe(failure);
    release();
    await (failure as { released: Promise<void> }).released;
    expect(kernel.state.links['ens1']?.up).toBe(false);
  });

  it('that are merely slow are ended at their deadline, and do nothing any more', async () => {
    const timers: (() => void)[] = [];
    const sleep = (): Promise<void> => new Promise((resolve) => timers.push(resolve));
    const kernel = new SimulatedKernel({ world: worldOf([]), clock: { now: () => 0, sleep } });
    kernel.addFault({ verb: 'exec', path: 'ip link set *', delayMs: 60_000 });
    const call = kernel.exec('ip', ['link', 'set', 'dev', 'ens1', 'down'], { deadlineMs: 1_000 });
    const [delay, deadline] = timers;
    deadline?.();
    await expect(call).rejects.toMatchObject({ name: 'KernelError', code: 'ETIMEDOUT' });
    delay?.();
    await new Promise(setImmediate);
    expect(kernel.state.links['ens1']?.up).toBe(true);
  });

  it('take an interface by any name that the kernel allows', async () => {
    for (const name of ['-h', '--help', 'dev', 'up', 'vf', '-j', 'a;b', '$(x)', 'ä', "it's"]) {
      const nics = [{ model: 'igb', address: PF, name, mac: '52:54:00:aa:00:10' }];
      const clock = { now: () => 0, sleep: () => Promise.resolve() };
      const kernel = new SimulatedKernel({ world: parseWorld({ modules: ['igbvf'], latency: 'none', nics }), clock });
      expect(await kernel.exec('ip', ['link', 'set', 'dev', name, 'mtu', '9000'])).toMatchObject({ exitCode: 0 });
      await numVfs(1)(kernel);
      const mac = ['vf', '0', 'mac', '02:00:00:00:00:01'];
      expect(await kernel.exec('ip', ['link', 'set', 'dev', name, ...mac])).toMatchObject({ exitCode: 0 });
      const { stdout } = await kernel.exec('ip', ['-j', '-d', 'link', 'show', 'dev', name]);
      expect(JSON.parse(stdout)).toMatchObject([{ ifname: name, mtu: 9000, vfinfo_list: [{ vf: 0 }] }]);
    }
  });

  it.each(['a/b', 'a b', '.', '..', 'a:b', 'sixteen-letters-'])(
    'has no world an interface that no kernel has: %j',
    (name) => {
      const nics = [{ model: 'igb', address: PF, name, mac: '52:54:00:aa:00:10' }];
      expect(() => parseWorld({ nics })).toThrow(/name/);
    },
  );
});
