import { beforeEach, describe, expect, it } from '@jest/globals';
import { type DesiredInterface, type NodeStateSpec } from '@sriov/api';
import { EXEC_DEADLINE_MS, type Kernel } from '@sriov/host';
import { parseWorld, SimulatedKernel } from '@sriov/host-sim';
import { verdictOf } from '@sriov/node-plan';
import { FakeClock } from '@sriov/testing';
import { converge, type Converged } from './converge.ts';
import { CardFirmware, type FirmwareSettings } from './firmware/card-firmware.ts';
import { Journal } from './journal/journal.ts';
import { hostPorts, MemoryFolder, PowerCut } from './test/test-host.ts';

const P0 = '0000:5e:00.0';
const P1 = '0000:5e:00.1';
const OTHER = '0000:af:00.0';

let kernel: SimulatedKernel;
let folder: MemoryFolder;
/** Commands of mstflint that were run, without their device. */
let commands: string[];
/** One for the life of a daemon. */
let firmware: CardFirmware;
let port: Kernel;

/** Listens to the commands of mstflint. */
function listening(to: Kernel): Kernel {
  return Object.assign(new PowerCut(Infinity).kernel(to), {
    exec: (...[command, args, options]: Parameters<Kernel['exec']>) => {
      if (command.startsWith('mst')) commands.push([command, ...args].join(' ').replace(/ -d \S+/, ''));
      return to.exec(command, args, options);
    },
  });
}

function startDaemon(settings: FirmwareSettings = {}): void {
  port = listening(kernel);
  firmware = new CardFirmware(port, settings);
}

function start(nic: object = {}, world: object = {}): void {
  const nics = [P0, P1, OTHER].map((address, index) => ({
    ...{ model: 'mlx5', address, name: `ens${index}`, mac: `b8:59:9f:00:00:1${index}`, up: true, totalVfs: 4 },
    ...nic,
  }));
  kernel = new SimulatedKernel({ world: parseWorld({ latency: 'none', nics, ...world }), clock: new FakeClock() });
  folder = new MemoryFolder();
  commands = [];
  startDaemon();
}
beforeEach(() => start());

const wanting = (...wanted: [string, number, Partial<DesiredInterface>?][]): NodeStateSpec => ({
  interfaces: wanted.map(([pciAddress, numVfs, change]) => ({
    pciAddress,
    numVfs,
    vfGroups: [{ resourceName: 'r', policyName: 'p', vfRange: `0-${numVfs - 1}`, deviceType: 'netdevice' }],
    ...change,
  })),
});

type Granted = 'nothing' | 'reboot';

/** One pass of the daemon. */
function pass(spec: NodeStateSpec, mayDisturb: Granted = 'nothing', cut = new PowerCut(Infinity)): Promise<Converged> {
  const cutKernel = cut.kernel(port);
  const ports = { ...hostPorts({ kernel: cutKernel, journal: new Journal(cut.folder(folder)) }), firmware };
  const wanted = { spec, plannedFrom: new Set([P0, P1, OTHER]), allowHostInterfaces: false, mayDisturb };
  return converge(ports, wanted, { onPlan: () => Promise.resolve(), onStep: () => undefined });
}

/** The node is rebooted; a new daemon starts. */
function reboot(): void {
  kernel.reboot();
  startDaemon();
}

const summary = (end: Converged): unknown[] => {
  const { syncStatus, reason } = verdictOf(end);
  return [syncStatus, reason, (end.rest.needsReboot ?? []).map(({ pciAddress }) => pciAddress)];
};
const writes = (): string[] => commands.filter((line) => line.includes(' set '));
const vfs = (end: Converged): number[] => end.observed.interfaces.map(({ sriov }) => sriov?.vfs.length ?? 0);

describe('more VFs than the firmware allows', () => {
  const spec = wanting([P0, 8], [P1, 12], [OTHER, 4]);

  it('wait for a reboot, before which nothing is written, and are there after it', async () => {
    const first = await pass(spec);
    expect(summary(first)).toEqual(['InProgress', 'RebootRequired', [P0]]);
    expect(verdictOf(first).message).toMatch(/ens0 .*8 VFs are wanted, and the firmware allows 4; ens1 .*12 VFs/);
    expect([vfs(first), writes()]).toEqual([[0, 0, 4], []]);
    const granted = await pass(spec, 'reboot');
    expect(summary(granted)).toEqual(['InProgress', 'RebootRequired', [P0]]);
    expect(writes()).toEqual(['mstconfig -y set NUM_OF_VFS=12']);
    reboot();
    const last = await pass(spec);
    expect([summary(last), vfs(last)]).toEqual([
      ['Succeeded', 'InSync', []],
      [8, 12, 4],
    ]);
    expect(writes()).toHaveLength(1);
    // Nothing is remembered of it.
    expect(folder.files.get('firmware.json')).toBe('{}\n');
  });

  it('cost one query for each NIC in the life of a daemon, and none where others have the firmware', async () => {
    for (let passes = 0; passes < 3; passes += 1) await pass(spec);
    expect(commands).toEqual(['mstconfig -e q', 'mstconfig -e q']);
    startDaemon({ isOff: 'disablePlugins has mellanox' });
    commands = [];
    const end = await pass(spec, 'reboot');
    expect(summary(end)).toEqual(['Failed', 'Unsupported', []]);
    expect(commands).toEqual([]);
  });

  it('are there after one reboot, however often the daemon is killed on the way', async () => {
    for (let calls = 0, isDone = false; !isDone; calls += 1) {
      start();
      const cut = new PowerCut(calls);
      await pass(spec, 'reboot', cut).catch(() => undefined);
      isDone = !cut.happened;
      startDaemon();
      expect(summary(await pass(spec, 'reboot'))).toEqual(['InProgress', 'RebootRequired', [P0]]);
      reboot();
      const last = await pass(spec);
      expect([calls, summary(last), vfs(last)]).toEqual([calls, ['Succeeded', 'InSync', []], [8, 12, 4]]);
    }
  });

  it.each(['keeps', 'forgets'])(
    'are not asked for with a second reboot where the firmware %s what it had',
    async (atBoot) => {
      start({ firmware: { atBoot } });
      await pass(spec, 'reboot');
      reboot();
      for (const granted of ['nothing', 'reboot', 'nothing'] as const) {
        const end = await pass(spec, granted);
        expect(summary(end)).toEqual(['Failed', 'FirmwareNotApplied', []]);
        expect(verdictOf(end).message).toMatch(/mstfwreset/);
      }
      expect(writes()).toHaveLength(1);
      // Other wishes are tried.
      expect(summary(await pass(wanting([P0, 9])))).toEqual(['InProgress', 'RebootRequired', [P0]]);
    },
  );

  it('come without a write where somebody else has written them', async () => {
    await kernel.exec('mstconfig', ['-d', P0, '-y', 'set', 'NUM_OF_VFS=12']);
    expect(summary(await pass(spec, 'reboot'))).toEqual(['InProgress', 'RebootRequired', [P0]]);
    expect(writes()).toEqual([]);
  });

  it('come with SR-IOV itself, and the other way round', async () => {
    start({ firmware: { sriovEnabled: false } });
    await pass(wanting([P0, 2]), 'reboot');
    expect(writes()).toEqual(['mstconfig -y set SRIOV_EN=True']);
    reboot();
    expect(vfs(await pass(wanting([P0, 2])))).toEqual([2, 0, 0]);
  });
});

describe('the firmware that will do', () => {
  it('is never written, whatever becomes of the number of VFs', async () => {
    for (const numVfs of [3, 4, 3, 4, 3, 4]) expect(summary(await pass(wanting([P0, numVfs])))[0]).toBe('Succeeded');
    await pass({ interfaces: [] });
    expect(writes()).toEqual([]);
  });

  it('is not asked where the kernel is locked down, and where it will not do that is said of the PF alone', async () => {
    start({}, { lockdown: 'integrity' });
    expect(summary(await pass(wanting([P0, 4])))).toEqual(['Succeeded', 'InSync', []]);
    const end = await pass(wanting([P0, 8], [OTHER, 4]), 'reboot');
    expect(summary(end)).toEqual(['Failed', 'FirmwareLocked', []]);
    expect([vfs(end), commands]).toEqual([[4, 0, 4], []]);
  });

  it('is asked once in the life of a daemon, also where the tool is missing, which is no failure', async () => {
    kernel.addFault({ verb: 'exec', path: 'mstconfig *', errno: 'ENOENT' });
    for (const numVfs of [2, 3, 3])
      expect(summary(await pass(wanting([P0, numVfs])))).toEqual(['Succeeded', 'InSync', []]);
    expect(commands).toEqual(['mstconfig -e q']);
    expect(summary(await pass(wanting([P0, 8])))).toEqual(['Failed', 'FirmwareUnreadable', []]);
  });

  it('keeps what it has at its next start, without a reboot', async () => {
    await kernel.exec('mstconfig', ['-d', P0, '-y', 'set', 'NUM_OF_VFS=0']);
    const end = await pass(wanting([P0, 3]));
    expect([summary(end), vfs(end)]).toEqual([
      ['Succeeded', 'InSync', []],
      [3, 0, 0],
    ]);
    expect(writes()).toEqual(['mstconfig -y set NUM_OF_VFS=3']);
    reboot();
    expect(summary(await pass(wanting([P0, 3])))).toEqual(['Succeeded', 'InSync', []]);
  });
});

describe('the link type of a policy', () => {
  it('comes with a reboot', async () => {
    const spec = wanting([P1, 0, { linkType: 'IB', vfGroups: [] }]);
    await pass(spec, 'reboot');
    expect(writes()).toEqual(['mstconfig -y set LINK_TYPE_P2=IB']);
    reboot();
    const end = await pass(spec);
    expect(end.observed.interfaces.map(({ linkType }) => linkType)).toEqual(['ETH', 'IB', 'ETH']);
    expect(summary(end)).toEqual(['Succeeded', 'InSync', []]);
  });

  it.each([
    ['the ports of a NIC have one type only', { isVpi: false }, /has no setting LINK_TYPE_P1/],
    ['a DPU has the NIC', { isDpu: true }, /BlueField in DPU mode/],
  ])('is refused where %s', async (_, nicFirmware, message) => {
    start({ firmware: nicFirmware });
    const end = await pass(wanting([P0, 2, { linkType: 'IB' }]), 'reboot');
    expect(summary(end)).toEqual(['Failed', 'Unsupported', []]);
    expect(verdictOf(end).message).toMatch(message);
    expect(writes()).toEqual([]);
  });
});

describe('a fault of the tool', () => {
  const spec = wanting([P0, 8], [OTHER, 4]);
  const say = (stdout: string) => (): Promise<unknown> => Promise.resolve({ exitCode: 0, stdout, stderr: '' });

  it.each<[string, Partial<Parameters<SimulatedKernel['addFault']>[0]>, RegExp]>([
    ['there is none', { errno: 'ENOENT' }, /ENOENT/],
    ['it is killed for its endless output', { errno: 'EMSGSIZE' }, /EMSGSIZE/],
  ])('is one of its PF alone, and goes with it: %s', async (_, fault, message) => {
    const remove = kernel.addFault({ verb: 'exec', path: `mstconfig -e -d ${P0} q`, ...fault });
    const end = await pass(spec, 'reboot');
    expect(summary(end)).toEqual(['Failed', 'FirmwareUnreadable', []]);
    expect(verdictOf(end).message).toMatch(message);
    expect(verdictOf(end).failures?.map(({ pciAddress }) => pciAddress)).toEqual([P0]);
    expect(vfs(end)).toEqual([0, 0, 4]);
    remove();
    expect(summary(await pass(spec))).toEqual(['InProgress', 'RebootRequired', [P0]]);
  });

  it.each<[string, string]>([
    ['says nothing', ''],
    ['says nonsense', 'NUM_OF_VFS\u0000 yes'],
    ['says 10 MB of it', `Configurations: Default Current Next Boot\n${'NUM_OF_VFS 1 2\n'.repeat(700_000)}`],
  ])('that %s is one of its PF alone', async (_, stdout) => {
    port = Object.assign(new PowerCut(Infinity).kernel(kernel), { exec: say(stdout) });
    firmware = new CardFirmware(port);
    await firmware.read(new Map([['0000:5e:00', P0]]));
    expect([...(await firmware.facts(new Map())).readings.values()]).toEqual([
      { kind: 'unread', cause: expect.stringMatching(/has no setting NUM_OF_VFS$/) },
    ]);
  });

  it('that hangs is given up', async () => {
    const clock = new FakeClock();
    const nics = [{ model: 'mlx5', address: P0, name: 'ens0', mac: 'b8:59:9f:00:00:10', totalVfs: 4 }];
    kernel = new SimulatedKernel({ world: parseWorld({ latency: 'none', nics }), clock });
    kernel.addFault({ verb: 'exec', path: 'mstconfig *', delayMs: 10 * EXEC_DEADLINE_MS });
    startDaemon();
    const reading = firmware.read(new Map([['0000:5e:00', P0]]));
    await clock.advance(61_000);
    await reading;
    expect([...(await firmware.facts(new Map())).readings.values()]).toMatchObject([{ kind: 'unread' }]);
  });

  it('at a write leaves the node unprepared, and the failure names the PF', async () => {
    kernel.addFault({ verb: 'exec', path: 'mstconfig * set *', errno: 'EIO', times: 1 });
    const end = await pass(spec, 'reboot');
    expect(summary(end)).toEqual(['Failed', 'ApplyFailed', [P0]]);
    expect(verdictOf(end).failures?.[0]).toMatchObject({ pciAddress: P0 });
    expect(folder.files.has('firmware.json')).toBe(false);
    expect(summary(await pass(spec, 'reboot'))).toEqual(['InProgress', 'RebootRequired', [P0]]);
  });
});
