import { type NodeStateSpec } from '@sriov/api';
import { parseWorld, SimulatedKernel } from '@sriov/host-sim';
import { type IommuPreset, type Verdict, verdictOf } from '@sriov/node-plan';
import { FakeClock } from '@sriov/testing';
import { describe, expect, it } from '@jest/globals';
import { converge } from '../converge.ts';
import { CardFirmware } from '../firmware/card-firmware.ts';
import { Journal } from '../journal/journal.ts';
import { hostPorts, MemoryFolder, PowerCut } from '../test/test-host.ts';
import { Rebooter } from './rebooter.ts';

const PF = '0000:01:00.0';
const PLANNED = new Map([[PF, undefined]]) as never;

/** Two VFs for vfio-pci, and one for the kernel. */
const SPEC: NodeStateSpec = {
  interfaces: [
    {
      pciAddress: PF,
      name: 'ens1',
      numVfs: 3,
      vfGroups: [
        { resourceName: 'd', policyName: 'dpdk', deviceType: 'vfio-pci', vfRange: '0-1' },
        { resourceName: 'k', policyName: 'kernel', deviceType: 'netdevice', vfRange: '2-2' },
      ],
    },
  ],
};

/** A disk whose record of reboots cannot be read, or written, at times. */
class Disk extends MemoryFolder {
  /** How reading the record fails. */
  fault: string | undefined;
  /** What cannot be written into it. */
  refuses: string | undefined;

  override read(name: string): Promise<string | undefined> {
    const isFaulty = name === 'reboots.json' && this.fault !== undefined;
    return isFaulty ? Promise.reject(new Error(this.fault)) : super.read(name);
  }

  override write(name: string, content: string): Promise<void> {
    const isRefused = this.refuses !== undefined && content.includes(this.refuses);
    return isRefused ? Promise.reject(new Error('ENOSPC')) : super.write(name, content);
  }
}

/** A node that was granted a reboot: the machine, its disk, and the daemon that runs on it at present. */
class Node {
  readonly clock = new FakeClock();
  readonly folder = new Disk();
  readonly kernel: SimulatedKernel;
  mayDisturb: 'nothing' | 'drain' | 'reboot' = 'reboot';
  iommu: IommuPreset = 'passthrough';
  maxReboots = 2;
  /** What the API server says when it is asked. */
  isStillGranted = (): Promise<boolean> => Promise.resolve(true);
  isPressing = false;
  spec = SPEC;
  /** What the daemon knows of firmware; absent where that is none of its business. */
  firmware: CardFirmware | undefined;
  resetsFirmware = true;
  #rebooter: Rebooter | undefined;

  constructor(world: object = {}) {
    const nics = [{ model: 'igb', address: PF, name: 'ens1', mac: '52:54:00:aa:00:10', up: true }];
    const machine = { latency: 'none', modules: ['igbvf'], commandLine: 'quiet', iommu: 'on-request', nics };
    this.kernel = new SimulatedKernel({
      world: parseWorld({ ...machine, bootLoader: 'grub', ...world }),
      clock: this.clock,
    });
  }

  /** One pass, as the reconciler makes it. */
  async pass(cut?: PowerCut): Promise<Verdict> {
    const kernel = cut === undefined ? this.kernel : cut.kernel(this.kernel);
    const journal = new Journal(cut === undefined ? this.folder : cut.folder(this.folder));
    const { firmware, spec } = this;
    const ports = hostPorts({ kernel, journal, clock: this.clock });
    const host = { ...ports, grubFolder: this.kernel.grubFolder, ...(firmware && { firmware }) };
    this.#rebooter ??= new Rebooter({
      host,
      clock: this.clock,
      log: { info: () => undefined, warn: () => undefined },
      isRebootGranted: () => this.isStillGranted(),
      resetsFirmware: () => this.resetsFirmware,
    });
    const rebooter = this.#rebooter;
    const goingDown = await rebooter.goingDown();
    if (goingDown !== undefined) return goingDown;
    const { mayDisturb, iommu, maxReboots, isPressing } = this;
    const may = { mayDisturb, iommu, maxReboots, isPressing };
    const wanted = { spec, plannedFrom: PLANNED, allowHostInterfaces: false, ...may };
    const followers = { onStep: () => undefined, onPlan: () => Promise.resolve() };
    const end = await converge(host, wanted, followers);
    const verdict = (await rebooter.rebootIfDue(end, wanted)) ?? verdictOf(end);
    if (verdict.syncStatus === 'Succeeded') await rebooter.settled();
    return verdict;
  }

  /** The machine boots, and another daemon starts. */
  boot(): void {
    this.kernel.reboot();
    this.restart();
  }

  restart(): void {
    this.#rebooter = undefined;
  }

  /** As the daemon of the last pass knows it. */
  get isUnderWay(): boolean {
    return this.#rebooter?.isGoingDown === true;
  }

  get isGoingDown(): boolean {
    return this.kernel.state.isGoingDown === true;
  }

  get commandLine(): Promise<string> {
    return this.kernel.read('/proc/cmdline');
  }
}

const summary = ({ syncStatus, reason }: Verdict): string => `${syncStatus}: ${reason}`;

describe('a node that needs a kernel argument', () => {
  it.each(['grub', 'grubby', 'rpm-ostree'])('has it after one reboot, by %s', async (bootLoader) => {
    const node = new Node({ bootLoader });
    expect(summary(await node.pass())).toBe('InProgress: Rebooting');
    expect(node.isGoingDown).toBe(true);
    node.boot();
    expect(await node.commandLine).toBe('quiet intel_iommu=on iommu=pt\n');
    expect(summary(await node.pass())).toBe('Succeeded: InSync');
    expect(node.folder.files.has('reboots.json')).toBe(false);
    expect(node.kernel.state.devices['0000:01:10.0']?.driver).toBe('vfio-pci');
  });

  it.each(['nothing', 'drain'] as const)(
    'is not rebooted, and nothing is prepared, with a grant for %s',
    async (grant) => {
      const node = new Node();
      node.mayDisturb = grant;
      expect(summary(await node.pass())).toBe('InProgress: RebootRequired');
      expect([node.isGoingDown, node.kernel.state.grubFiles]).toEqual([false, undefined]);
    },
  );

  it('serves what needs no IOMMU in the meantime', async () => {
    const node = new Node();
    node.mayDisturb = 'nothing';
    await node.pass();
    const drivers = ['0000:01:10.0', '0000:01:10.2', '0000:01:10.4'].map((vf) => node.kernel.state.devices[vf]?.driver);
    expect(drivers.at(-1)).toBe('igbvf');
    expect(drivers).not.toContain('vfio-pci');
  });

  it('is rebooted once where the machine boots by something else, and says so', async () => {
    const node = new Node({ bootLoader: 'ignored' });
    await node.pass();
    node.boot();
    const verdict = await node.pass();
    expect([summary(verdict), node.isGoingDown]).toEqual(['Failed: RebootLoop', false]);
    expect(verdict.message).toContain('the boot loader was told, so the host boots by something else');
    node.restart();
    expect(summary(await node.pass())).toBe('Failed: RebootLoop');
  });

  it.each([
    ['no boot loader is known', { bootLoader: 'none' }],
    ['/etc is read-only', { readOnlyEtc: true }],
  ])('is not rebooted where %s', async (_, world) => {
    const node = new Node(world);
    expect([summary(await node.pass()), node.isGoingDown]).toEqual(['Failed: KernelArgumentsMissing', false]);
  });

  it('is not rebooted where somebody else takes care of arguments', async () => {
    const node = new Node();
    node.iommu = 'none';
    expect([summary(await node.pass()), node.isGoingDown]).toEqual(['Failed: IommuOff', false]);
  });

  it('is not rebooted where the daemon may not', async () => {
    const node = new Node();
    node.maxReboots = 0;
    expect([summary(await node.pass()), node.isGoingDown]).toEqual(['Failed: RebootRequired', false]);
  });

  it('is not rebooted where nobody knows how often it was', async () => {
    const node = new Node();
    node.folder.files.set('reboots.json', '{"attempts": 3}');
    expect([summary(await node.pass()), node.isGoingDown]).toEqual(['Failed: StateDamaged', false]);
  });

  it.each(['EIO', 'EACCES'])(
    'is not rebooted while the count cannot be read (%s), and is when it can',
    async (code) => {
      const node = new Node();
      node.folder.files.set('reboots.json', '{"attempts": []}');
      node.folder.fault = code;
      const verdict = await node.pass();
      expect([summary(verdict), node.isGoingDown]).toEqual(['Failed: StateUnreadable', false]);
      expect(verdict.message).toContain(`the state file reboots.json cannot be read (${code})`);
      expect(verdict.message).not.toContain('remove');
      expect([node.kernel.state.grubFiles, node.folder.files.get('reboots.json')]).toEqual([
        undefined,
        '{"attempts": []}',
      ]);
      node.folder.fault = undefined;
      expect(summary(await node.pass())).toBe('InProgress: Rebooting');
    },
  );

  it('is not rebooted again where the count of earlier reboots could not be read for a while', async () => {
    const node = new Node({ bootLoader: 'ignored' });
    await node.pass();
    node.boot();
    node.folder.fault = 'EIO';
    expect(summary(await node.pass())).toBe('Failed: StateUnreadable');
    node.folder.fault = undefined;
    expect([summary(await node.pass()), node.isGoingDown]).toEqual(['Failed: RebootLoop', false]);
  });

  it('is not rebooted while GRUB fails', async () => {
    const node = new Node();
    const mend = node.kernel.addFault({ verb: 'exec', path: 'update-grub', errno: 'EIO' });
    expect([summary(await node.pass()), node.isGoingDown]).toEqual(['Failed: ApplyFailed', false]);
    mend();
    expect(summary(await node.pass())).toBe('InProgress: Rebooting');
  });
});

describe('a reboot that has been asked for', () => {
  it('is waited for, and nothing is done to the node meanwhile', async () => {
    const node = new Node();
    await node.pass();
    const { writes } = node.kernel.state;
    node.restart();
    expect(summary(await node.pass())).toBe('InProgress: Rebooting');
    expect(node.kernel.state.writes).toBe(writes);
  });

  it('that does not happen is a failure, and is asked for again', async () => {
    const node = new Node();
    await node.pass();
    await node.clock.advance(10 * 60_000);
    // systemd refuses it as long as the first is under way.
    const verdict = await node.pass();
    expect(summary(verdict)).toBe('Failed: RebootFailed');
    expect(verdict.message).toContain('the node cannot be rebooted: ');
    node.boot();
    expect(summary(await node.pass())).toBe('Succeeded: InSync');
  });

  it.each(['2999-01-01T00:00:00Z', 'soon'])('at %s, which nobody can wait for, does not stop the node', async (at) => {
    const node = new Node();
    await node.pass();
    const text = (await node.folder.read('reboots.json')) ?? '';
    await node.folder.write('reboots.json', text.replace(/"at":"[^"]*"/, `"at":"${at}"`));
    expect(await node.pass()).toMatchObject({ reason: 'RebootFailed' });
  });

  it('and that systemd refuses is a failure, also for the next daemon, and comes later', async () => {
    const node = new Node();
    const mend = node.kernel.addFault({ verb: 'exec', path: 'systemd-run *', errno: 'ENOENT' });
    expect(summary(await node.pass())).toBe('Failed: RebootFailed');
    node.restart();
    expect(summary(await node.pass())).toBe('Failed: RebootFailed');
    mend();
    expect(summary(await node.pass())).toBe('InProgress: Rebooting');
    expect(node.isGoingDown).toBe(true);
  });

  it('is known to be under way by the next daemon too, whatever systemd says to a second request', async () => {
    const node = new Node();
    expect([await node.pass(), node.isUnderWay]).toMatchObject([{ reason: 'Rebooting' }, true]);
    node.restart();
    await node.clock.advance(10 * 60_000);
    expect([await node.pass(), node.isUnderWay]).toMatchObject([{ reason: 'RebootFailed' }, true]);
    expect([await node.pass(), node.isUnderWay]).toMatchObject([{ reason: 'RebootFailed' }, true]);
  });

  it('is not asked for when the API server shows that the grant is gone', async () => {
    const node = new Node();
    node.isStillGranted = () => Promise.resolve(false);
    expect([summary(await node.pass()), node.isGoingDown]).toEqual(['InProgress: RebootRequired', false]);
    expect(node.folder.files.has('reboots.json')).toBe(false);
  });

  it('is not asked for while the API server does not say whether it is still granted, and is once it does', async () => {
    const node = new Node();
    for (const refusal of ['403 Forbidden', 'socket hang up']) {
      node.isStillGranted = () => Promise.reject(new Error(refusal));
      const verdict = await node.pass();
      expect([summary(verdict), node.isGoingDown]).toEqual(['Failed: RebootFailed', false]);
      const message = `the API server does not say whether the node is still granted a reboot: ${refusal}`;
      expect(verdict.message).toContain(message);
      expect(node.folder.files.has('reboots.json')).toBe(false);
    }
    node.isStillGranted = () => Promise.resolve(true);
    expect([summary(await node.pass()), node.isGoingDown]).toEqual(['InProgress: Rebooting', true]);
  });

  it('is known to be under way where the answer of systemd cannot be written down, or the record not be read', async () => {
    const node = new Node();
    node.folder.refuses = 'accepted';
    expect([summary(await node.pass()), node.isUnderWay]).toEqual(['InProgress: Rebooting', true]);
    expect([summary(await node.pass()), node.isUnderWay]).toEqual(['InProgress: Rebooting', true]);
    node.folder.fault = 'EIO';
    expect([summary(await node.pass()), node.isUnderWay]).toEqual(['InProgress: Rebooting', true]);
  });

  it('waits for what fails on the node, and comes when it presses', async () => {
    const node = new Node();
    node.kernel.addFault({ verb: 'write', path: '*/driver_override', errno: 'EINVAL' });
    expect([summary(await node.pass()), node.isGoingDown]).toEqual(['Failed: ApplyFailed', false]);
    node.isPressing = true;
    expect([summary(await node.pass()), node.isGoingDown]).toEqual(['InProgress: Rebooting', true]);
    node.boot();
    expect(await node.commandLine).toBe('quiet intel_iommu=on iommu=pt\n');
  });

  it('does not come where its own preparation fails, however it presses', async () => {
    const node = new Node();
    node.isPressing = true;
    node.kernel.addFault({ verb: 'exec', path: 'update-grub', errno: 'EIO' });
    expect([summary(await node.pass()), node.isGoingDown]).toEqual(['Failed: ApplyFailed', false]);
  });

  it('is not asked for where it cannot be written down', async () => {
    const node = new Node();
    node.folder.write = (name) => (name === 'reboots.json' ? Promise.reject(new Error('EROFS')) : Promise.resolve());
    expect([summary(await node.pass()), node.isGoingDown]).toEqual(['Failed: RebootFailed', false]);
  });
});

describe('a node that needs a kernel argument and other firmware', () => {
  it('has both after one reboot', async () => {
    const nic = { model: 'mlx5', address: PF, name: 'ens1', mac: 'b8:59:9f:00:00:10', up: true, totalVfs: 4 };
    const node = new Node({ nics: [nic] });
    const vfGroups = [{ resourceName: 'd', policyName: 'p', deviceType: 'vfio-pci', vfRange: '0-7' }];
    node.spec = { interfaces: [{ pciAddress: PF, name: 'ens1', numVfs: 8, vfGroups }] };
    node.firmware = new CardFirmware(node.kernel);
    const verdict = await node.pass();
    expect(summary(verdict)).toBe('InProgress: Rebooting');
    expect(verdict.message).toMatch(/8 VFs are wanted, and the firmware allows 4[^]*without intel_iommu=on iommu=pt/);
    node.boot();
    node.firmware = new CardFirmware(node.kernel);
    expect(summary(await node.pass())).toBe('Succeeded: InSync');
    const drivers = Object.values(node.kernel.state.devices).map(({ driver }) => driver);
    expect(drivers.filter((driver) => driver === 'vfio-pci')).toHaveLength(8);
  });
});

describe('firmware that a start of the host alone does not bring', () => {
  const start = (): Node => {
    const nic = { model: 'mlx5', address: PF, name: 'ens1', mac: 'b8:59:9f:00:00:10', up: true, totalVfs: 4 };
    const node = new Node({ iommu: true, nics: [{ ...nic, firmware: { atBoot: 'keeps' } }] });
    const vfGroups = [{ resourceName: 'k', policyName: 'p', deviceType: 'netdevice', vfRange: '0-7' }];
    node.spec = { interfaces: [{ pciAddress: PF, name: 'ens1', numVfs: 8, vfGroups }] };
    node.firmware = new CardFirmware(node.kernel);
    return node;
  };
  const afterReboot = async (node: Node): Promise<Verdict> => {
    expect(summary(await node.pass())).toBe('InProgress: Rebooting');
    node.boot();
    node.firmware = new CardFirmware(node.kernel);
    return node.pass();
  };

  it('is started anew on the way to the reboot, also where there are VFs', async () => {
    const node = start();
    await node.kernel.write(`/sys/bus/pci/devices/${PF}/sriov_numvfs`, '4');
    expect(summary(await afterReboot(node))).toBe('Succeeded: InSync');
  });

  it('is not where the cluster does not want that, and the node says what is missing', async () => {
    const node = start();
    node.resetsFirmware = false;
    expect(summary(await afterReboot(node))).toBe('Failed: FirmwareNotApplied');
  });
});

describe('a daemon that is killed at any call', () => {
  it('ends with the argument after one reboot', async () => {
    for (let calls = 0; ; calls += 1) {
      const node = new Node();
      const cut = new PowerCut(calls);
      // It ends with whatever the call before has left.
      const first = await node.pass(cut).catch(() => undefined);
      node.restart();
      let boots = 0;
      for (let passes = 0; passes < 6; passes += 1) {
        await node.pass();
        // Killed after it had written the reboot down: whether it has asked for it nobody knows before the deadline.
        if (!node.isGoingDown) await node.clock.advance(10 * 60_000);
        if (!node.isGoingDown) continue;
        boots += 1;
        node.boot();
      }
      expect([calls, boots, summary(await node.pass())]).toEqual([calls, 1, 'Succeeded: InSync']);
      if (!cut.happened && first !== undefined) break;
    }
  });
});
