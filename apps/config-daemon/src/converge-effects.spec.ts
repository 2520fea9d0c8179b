import { describe, expect, it } from '@jest/globals';
import { type NodeStateSpec } from '@sriov/api';
import { parseWorld, SimulatedKernel } from '@sriov/host-sim';
import { describePlan } from '@sriov/node-plan';
import { FakeClock } from '@sriov/testing';
import { converge } from './converge.ts';
import { Journal } from './journal/journal.ts';
import { ignoreCommands } from './test/ignore-commands.ts';
import { hostPorts, MemoryFolder } from './test/test-host.ts';
import { verdictOf } from '@sriov/node-plan';

const PF = '0000:01:00.0';

/** A host with one port, and a daemon that makes it what a spec says. */
class Host {
  readonly clock = new FakeClock();
  readonly kernel: SimulatedKernel;
  /** Lines of the plans that were carried out. */
  readonly plans: string[] = [];
  readonly #journal = new Journal(new MemoryFolder());

  constructor(nic: object, world: object = {}) {
    const port = { address: PF, name: 'ens1', mac: '52:54:00:aa:00:10', ...nic };
    this.kernel = new SimulatedKernel({
      world: parseWorld({ latency: 'none', nics: [port], ...world }),
      clock: this.clock,
    });
  }

  /** Makes the host what the spec says; resolves with the verdict as `reason: message`. */
  async make(spec: NodeStateSpec): Promise<string> {
    const followers = {
      onPlan: (plan: Parameters<typeof describePlan>[0]) => {
        this.plans.push(...describePlan(plan));
        return Promise.resolve();
      },
      onStep: () => undefined,
    };
    const ports = hostPorts({ kernel: this.kernel, journal: this.#journal });
    const converged = await converge(
      ports,
      { spec, plannedFrom: new Set([PF]), allowHostInterfaces: false },
      followers,
    );
    const { reason, message } = verdictOf(converged);
    return `${reason}: ${message}`;
  }

  /** Takes back what the PF prescribes. */
  async forgetMacs(): Promise<void> {
    for (const id of this.vfDrivers.keys())
      await this.kernel.exec('ip', ['link', 'set', 'dev', 'ens1', 'vf', String(id), 'mac', '00:00:00:00:00:00']);
  }

  get vfDrivers(): (string | undefined)[] {
    return (this.kernel.state.devices[PF]?.pf?.vfs ?? []).map((vf) => this.kernel.state.devices[vf ?? '']?.driver);
  }
}

const specOf = (numVfs: number, deviceType = 'netdevice', mtu = 1500): NodeStateSpec => ({
  interfaces: [
    {
      pciAddress: PF,
      name: 'ens1',
      numVfs,
      mtu,
      vfGroups: [{ resourceName: 'r', policyName: 'p', deviceType, vfRange: `0-${numVfs - 1}`, mtu }],
    },
  ],
});

describe('a driver that takes a number of VFs in silence and makes none while its link is down', () => {
  it('gets its link up first, and all is done in one pass', async () => {
    const host = new Host({ model: 'bnxt', up: false });
    expect(await host.make(specOf(4))).toBe('InSync: the host is as the spec wants it');
    expect(host.vfDrivers).toEqual(Array(4).fill('bnxt_en'));
    const steps = host.plans.map((line) => line.trim());
    expect(steps.indexOf('set the link up')).toBeLessThan(steps.indexOf('create 4 VFs'));
  });

  it('also gets its link up before its VFs are removed', async () => {
    const host = new Host({ model: 'bnxt', up: true });
    await host.make(specOf(4));
    await host.kernel.exec('ip', ['link', 'set', 'dev', 'ens1', 'down']);
    expect(await host.make({})).toBe('InSync: the host is as the spec wants it');
    expect(host.vfDrivers).toEqual([]);
  });

  it('is reported with both numbers when that does not help', async () => {
    const host = new Host({ model: 'bnxt', up: true });
    const write = host.kernel.write.bind(host.kernel);
    host.kernel.write = (path, value, options) =>
      path.endsWith('sriov_numvfs')
        ? write(path, String(Math.min(Number(value), 3)), options)
        : write(path, value, options);
    expect(await host.make(specOf(4))).toContain(
      `ApplyFailed: ens1 (${PF}): create 4 VFs: 4 VFs were asked for, the kernel reported no error, and the PF has 3`,
    );
  });
});

describe('the driver module of the VFs', () => {
  it.each<[string, object]>([
    ['is not loaded', {}],
    ['is blacklisted, which keeps it from being loaded by itself', { modprobe: { 'a.conf': 'blacklist igbvf' } }],
  ])('is loaded where it %s', async (_, world) => {
    const host = new Host({ model: 'igb' }, world);
    expect(await host.make(specOf(2))).toBe('InSync: the host is as the spec wants it');
    expect(host.vfDrivers).toEqual(['igbvf', 'igbvf']);
    expect(host.plans[0]).toBe('load kernel module igbvf unless it is loaded');
  });

  it.each<[string, object, string]>([
    [
      'a file that makes modprobe fail',
      { modprobe: { 'cis.conf': '# CIS 3.4\ninstall igbvf /bin/false' } },
      '/etc/modprobe.d/cis.conf ("install igbvf /bin/false")',
    ],
    [
      'a file that makes modprobe do nothing',
      { modprobe: { 'cis.conf': 'install igbvf /bin/true' } },
      '/etc/modprobe.d/cis.conf ("install igbvf /bin/true")',
    ],
    [
      'a parameter of the kernel',
      { commandLine: 'ro module_blacklist=igbvf' },
      'the command line of the kernel ("module_blacklist=igbvf")',
    ],
  ])('is named together with what keeps it out: %s', async (_, world, barrier) => {
    const host = new Host({ model: 'igb' }, world);
    const verdict = await host.make(specOf(2));
    expect(verdict.split('\n')).toEqual([
      expect.stringContaining(
        `ApplyFailed: ens1 (${PF}): load kernel module igbvf: the kernel module igbvf is kept out by ${barrier}`,
      ),
    ]);
  });

  it('holds up only the VFs that need it, however long it takes', async () => {
    const host = new Host({ model: 'igb' }, { modules: ['igbvf'] });
    host.kernel.addFault({ verb: 'exec', path: 'modprobe vfio-pci', hang: true });
    void host.make(specOf(2, 'vfio-pci'));
    await host.clock.advance(10);
    expect(host.kernel.state.devices[PF]?.pf?.vfs).toHaveLength(2);
    expect(host.vfDrivers).toEqual([undefined, undefined]);
  });
});

describe('a setting that the kernel took and the driver did not', () => {
  it.each<[string, (line: string) => boolean, NodeStateSpec, string]>([
    [
      'an MTU',
      (line) => line.startsWith('ip link set dev ens1 mtu'),
      specOf(2, 'netdevice', 9000),
      'set the MTU of the PF to 9000: MTU 9000 was asked for, ip reported no error, and ens1 has 1500',
    ],
    [
      'the link',
      (line) => line === 'ip link set dev ens1 up',
      specOf(2),
      'set the link up: ens1 was set up, ip reported no error, and it is down',
    ],
    [
      'MAC addresses of VFs',
      (line) => line.includes(' mac '),
      specOf(2),
      'and the PF prescribes none: its driver or firmware keeps it from that (and likewise VF 1)',
    ],
  ])('is a failure that says what is: %s', async (_, isIgnored, spec, message) => {
    const host = new Host({ model: 'igb', up: false }, { modules: ['igbvf'] });
    ignoreCommands(host.kernel, isIgnored);
    expect(await host.make(spec)).toContain(message);
  });
});

describe('a VF whose MAC address is dropped in silence', () => {
  it.each<[string, number, NodeStateSpec[], string | undefined]>([
    ['is made', 2, [], undefined],
    ['is made alone', 1, [], undefined],
    ['gets another driver', 2, [specOf(2, 'vfio-pci')], undefined],
  ])('is not bound where it %s, in no pass, until the address stays', async (_, count, before, driver) => {
    const host = new Host({ model: 'igb' }, { modules: ['igbvf', 'vfio-pci'] });
    for (const spec of before) {
      await host.make(spec);
      await host.forgetMacs();
    }
    const mend = ignoreCommands(host.kernel, (line) => line.includes(' mac '));
    for (const pass of [1, 2]) {
      expect({ pass, verdict: await host.make(specOf(count)) }).toEqual({
        pass,
        verdict: expect.stringMatching(/^ApplyFailed: .*MAC address 0.* was asked for, ip reported no error/),
      });
      expect(host.vfDrivers).toEqual(Array(count).fill(driver));
    }
    mend();
    expect(await host.make(specOf(count))).toBe('InSync: the host is as the spec wants it');
    expect(host.vfDrivers).toEqual(Array(count).fill('igbvf'));
  });
});
