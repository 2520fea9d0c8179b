import { describe, expect, it } from '@jest/globals';
import { type NodeStateSpec, SYNC_STATUS } from '@sriov/api';
import { type SimulatedKernel } from '@sriov/host-sim';
import { type HostPlan, verdictOf } from '@sriov/node-plan';
import { type Handover, handoverSchema } from '@sriov/plugin-handover';
import { FakeClock, readJson } from '@sriov/testing';
import { converge, type Converged } from './converge.ts';
import { DevicePlugin } from './device-plugin/device-plugin.ts';
import { type HostPorts, type Wanted } from './gather.ts';
import { Journal } from './journal/journal.ts';
import { hostPorts, MemoryFolder, PORTS, testKernel } from './test/test-host.ts';
import { watchTouchedVfs } from './test/touched-vfs.ts';

const [PF, OTHER] = PORTS;

interface Change {
  readonly deviceType?: string;
  readonly pf?: string;
  readonly mtu?: number;
  /** That of the simulated device plugin is `vf`. */
  readonly resourceName?: string;
}

const specOf = (numVfs: number, change: Change = {}): NodeStateSpec => {
  const { deviceType = 'netdevice', pf = PF, mtu, resourceName = 'r' } = change;
  const vfGroups = [{ resourceName, policyName: 'p', deviceType, vfRange: `0-${numVfs - 1}`, mtu }];
  return { interfaces: [{ pciAddress: pf, numVfs, vfGroups, ...(mtu !== undefined && { mtu }) }] };
};

const join = (...specs: NodeStateSpec[]): NodeStateSpec => ({
  interfaces: specs.flatMap(({ interfaces = [] }) => interfaces),
});

/** A host with 4 VFs on `ens1`, and a device plugin of the operator that serves. */
class Host {
  readonly clock = new FakeClock();
  readonly kernel: SimulatedKernel = testKernel(this.clock);
  readonly wrong = watchTouchedVfs(this.kernel);
  /** The hand-over file after each write. */
  readonly written: Handover[] = [];
  /** PFs of the plans of which the followers were told. */
  readonly told: string[] = [];
  /** Is called once when VFs are withdrawn, before the kubelet is asked. */
  onWithdraw: () => unknown = () => undefined;
  readonly #journal = new Journal(new MemoryFolder());
  #ports: HostPorts;

  constructor() {
    this.#ports = this.#start();
  }

  static async with(): Promise<Host> {
    const host = new Host();
    host.kernel.plugin.start();
    await host.want(specOf(4));
    host.written.length = 0;
    host.told.length = 0;
    return host;
  }

  /** The daemon dies, and another one is started. */
  restartDaemon(): void {
    this.#ports = this.#start();
  }

  /** One pass. Time goes on as long as it waits for something. */
  async want(spec: NodeStateSpec, change: Partial<Wanted> = {}): Promise<Converged> {
    const followers = {
      onPlan: () => Promise.resolve(),
      onStep: () => undefined,
      onWithdraw: ({ pfs }: HostPlan) => {
        this.told.push(...pfs.map(({ pciAddress }) => pciAddress));
        this.onWithdraw();
        this.onWithdraw = () => undefined;
      },
    };
    const wanted = { spec, plannedFrom: new Set(PORTS), allowHostInterfaces: false, ...change };
    return this.clock.run(converge(this.#ports, wanted, followers));
  }

  get vfs(): string[] {
    return this.vfsOf(PF);
  }

  vfsOf(pf: string): string[] {
    return (this.kernel.state.devices[pf]?.pf?.vfs ?? []).flatMap((vf) => vf ?? []);
  }

  vf(id: number): string {
    return this.vfs[id] ?? '';
  }

  /** Does something once at the first write to the host that fits. */
  at(fits: RegExp, deed: () => void): void {
    const write = this.kernel.write.bind(this.kernel);
    let isDone = false;
    this.kernel.write = (path, value, options) => {
      if (!isDone && fits.test(path)) {
        isDone = true;
        deed();
      }
      return write(path, value, options);
    };
  }

  #start(): HostPorts {
    const { kernel, clock } = this;
    const { handoverFolder } = kernel;
    const folder = {
      read: (name: string) => handoverFolder.read(name),
      write: async (name: string, text: string) => {
        this.written.push(readJson(handoverSchema, text));
        await handoverFolder.write(name, text);
      },
    };
    return { ...hostPorts({ kernel, journal: this.#journal }), plugin: new DevicePlugin({ kernel, folder, clock }) };
  }
}

const problemsOf = ({ rest }: Converged): string[] =>
  rest.problems.map(({ reason, message }) => `${reason}: ${message}`);
const statusOf = (end: Converged): string => verdictOf(end).syncStatus;
const SLICE = /sriov_numvfs$/;
const withdrawnOf = ({ written }: Host): Handover['withdrawn'][] => written.map(({ withdrawn }) => withdrawn);

describe('VFs that change', () => {
  it.each<[string, NodeStateSpec, Handover['withdrawn']]>([
    ['their number', specOf(2), [{ pf: PF, because: 'the number of VFs becomes 2' }]],
    [
      'their driver',
      specOf(4, { deviceType: 'vfio-pci' }),
      [{ pf: PF, vfs: [0, 1, 2, 3], because: 'their driver changes' }],
    ],
    ['their MTU', specOf(4, { mtu: 9000 }), [{ pf: PF, vfs: [0, 1, 2, 3], because: 'their MTU changes' }]],
  ])('%s are withdrawn before, and offered afterwards', async (_, spec, withdrawn) => {
    const host = await Host.with();
    expect(statusOf(await host.want(spec))).toBe(SYNC_STATUS.succeeded);
    expect(withdrawnOf(host)).toEqual([withdrawn, []]);
    expect(host.told).toEqual([PF]);
    expect(host.wrong).toEqual([]);
    expect(host.kernel.plugin.allocatable).toEqual(host.vfs);
  });

  it('cause nothing where they are as they should be', async () => {
    const host = await Host.with();
    await host.want(specOf(4));
    expect([host.written, host.told]).toEqual([[], []]);
  });

  it('are withdrawn on one PF, and pods get those of another one', async () => {
    const host = await Host.with();
    let offered: readonly string[] = [];
    host.at(SLICE, () => (offered = host.kernel.plugin.allocatable));
    await host.want(join(specOf(4), specOf(2, { pf: OTHER })));
    expect(offered).toEqual(host.vfs);
    expect(host.kernel.plugin.allocatable).toEqual([...host.vfs, ...host.vfsOf(OTHER)]);
  });

  it('are not withdrawn when a pod has one: nothing is done to the PF', async () => {
    const host = await Host.with();
    host.kernel.users.allocate(host.vf(1));
    const end = await host.want(specOf(2));
    expect(problemsOf(end)).toEqual([expect.stringMatching(/^VirtualFunctionInUse: .*VF 1 by pod default\/web/)]);
    expect([host.written, host.told]).toEqual([[], []]);
  });

  it('are withdrawn without those that pods have', async () => {
    const host = await Host.with();
    host.kernel.users.allocate(host.vf(1));
    await host.want(specOf(4, { deviceType: 'vfio-pci' }));
    expect(host.written[0]?.withdrawn).toEqual([{ pf: PF, vfs: [0, 2, 3], because: 'their driver changes' }]);
    expect(host.wrong).toEqual([]);
  });
});

describe('the configuration of the device plugin', () => {
  const config = { text: '{"resourceList":[]}', hash: 'a' };

  it('is handed over with the withdrawal that it belongs to', async () => {
    const host = await Host.with();
    await host.want(specOf(2), { config });
    expect(host.written).toMatchObject([
      { config, withdrawn: [{ pf: PF, because: 'the number of VFs becomes 2' }] },
      { config, withdrawn: [] },
    ]);
  });

  it('is handed over alone, once, and taken back when it is not told any more', async () => {
    const host = await Host.with();
    await host.want(specOf(4), { config });
    await host.want(specOf(4), { config });
    await host.want(specOf(4));
    expect(host.written).toEqual([{ config, withdrawn: [] }, { withdrawn: [] }]);
  });

  it('stays with all else that was handed over as long as nothing is planned', async () => {
    const host = await Host.with();
    await host.want(specOf(4), { config });
    await host.want({}, { plannedFrom: undefined, config: { text: 'x', hash: 'b' } });
    expect(host.written).toEqual([{ config, withdrawn: [] }]);
  });
});

describe('a pod that is given a VF', () => {
  it('before the kubelet has taken note keeps it, and the other VFs of the PF come back', async () => {
    const host = await Host.with();
    const heard = host.kernel.plugin.muffle();
    host.onWithdraw = () =>
      host.clock.setTimer(1_000, () => {
        host.kernel.users.allocate(host.vf(1));
        heard();
      });
    expect(problemsOf(await host.want(specOf(2)))).toEqual([
      expect.stringMatching(/^VirtualFunctionInUse: .*VF 1 by pod default\/web/),
    ]);
    expect(host.vfs).toHaveLength(4);
    expect(host.kernel.plugin.allocatable).toEqual(host.vfs);
    expect(host.wrong).toEqual([]);
  });

  it('keeps it although it has ended before the next look', async () => {
    const host = await Host.with();
    const { kernel } = host;
    const call = kernel.call.bind(kernel);
    let end = (): void => undefined;
    kernel.call = async (method, message, options) => {
      const answer = await call(method, message, options);
      if (method.method.endsWith('/List')) end();
      return answer;
    };
    host.onWithdraw = () => (end = kernel.users.allocate(host.vf(1)));
    expect(problemsOf(await host.want(specOf(2)))).toEqual([
      expect.stringMatching(/^VirtualFunctionInUse: .*VF 1 by pod default\/web/),
    ]);
    expect(host.vfs).toHaveLength(4);
  });

  it('at the moment of the withdrawal keeps it', async () => {
    const host = await Host.with();
    const given = host.kernel.plugin.allocating(host.vf(3));
    const end = await host.want(specOf(2));
    expect(problemsOf(end)).toEqual([
      expect.stringMatching(/^VirtualFunctionInUse: .*VF 3 by a pod that the kubelet is giving it to/),
    ]);
    expect(host.kernel.plugin.allocatable).toEqual(host.vfs);
    given();
    expect(statusOf(await host.want(specOf(2)))).toBe(SYNC_STATUS.succeeded);
  });

  it('right before the write keeps it: the kubelet does not do as it says', async () => {
    const host = await Host.with();
    host.at(/sriov_drivers_autoprobe$/, () => host.kernel.users.allocate(host.vf(1)));
    expect(problemsOf(await host.want(specOf(2)))).toEqual([expect.stringMatching(/^VirtualFunctionInUse: /)]);
    expect(host.vfs).toHaveLength(4);
    expect(host.kernel.plugin.allocatable).toEqual(host.vfs);
  });
});

describe('a device plugin', () => {
  const NOT_ANSWERED = `DevicePluginNotResponding: ens1 (${PF}): the device plugin does not answer (/run/sriov-operator/device-plugin-a.sock: no answer within 10 s): VFs that pods can be given are not changed`;

  it('that hangs keeps VFs from being changed, until it answers', async () => {
    const host = await Host.with();
    const mend = host.kernel.addFault({ verb: 'call', path: '/run/sriov-operator/*', hang: true });
    const end = await host.want(specOf(2));
    expect(problemsOf(end)).toEqual([
      NOT_ANSWERED,
      'DevicePluginNotResponding: the device plugin does not answer (/run/sriov-operator/device-plugin-a.sock: no answer within 10 s): nobody knows whether pods get the VFs of this node',
    ]);
    expect([statusOf(end), end.plugin.told.kind, host.vfs.length]).toEqual([SYNC_STATUS.failed, 'silent', 4]);
    mend();
    expect(statusOf(await host.want(specOf(2)))).toBe(SYNC_STATUS.succeeded);
    expect(host.wrong).toEqual([]);
  });

  it('that hangs when nothing changes is no failure of the host, if it knows what it should', async () => {
    const host = await Host.with();
    host.kernel.addFault({ verb: 'call', path: '/run/sriov-operator/*', hang: true });
    const end = await host.want(specOf(4));
    expect([statusOf(end), end.plugin.told]).toMatchObject([
      SYNC_STATUS.succeeded,
      { kind: 'silent', isInformed: true },
    ]);
  });

  it('that hangs since the daemon was started may not know what it should', async () => {
    const host = await Host.with();
    host.restartDaemon();
    host.kernel.addFault({ verb: 'call', path: '/run/sriov-operator/*', hang: true });
    expect(statusOf(await host.want(specOf(4)))).toBe(SYNC_STATUS.failed);
  });

  it.each<[string, string]>([
    ['refuses', 'INTERNAL'],
    ['is of another version', 'UNIMPLEMENTED'],
  ])('that %s keeps VFs from being changed', async (_, errno) => {
    const host = await Host.with();
    host.kernel.addFault({ verb: 'call', path: '/run/sriov-operator/*', errno });
    expect(problemsOf(await host.want(specOf(2)))[0]).toContain(`device-plugin-a.sock: call `);
    expect(host.vfs).toHaveLength(4);
  });

  it('that is one of two, of which the other hangs, keeps VFs from being changed', async () => {
    const host = await Host.with();
    host.kernel.plugin.start('b');
    host.kernel.addFault({ verb: 'call', path: '*device-plugin-b.sock *', hang: true });
    expect(problemsOf(await host.want(specOf(2)))[0]).toContain('device-plugin-b.sock: no answer within 10 s');
    expect(host.vfs).toHaveLength(4);
  });

  it('that still offers VFs keeps them from being changed, and no others', async () => {
    const host = await Host.with();
    host.kernel.plugin.disobey();
    const end = await host.want(join(specOf(2), specOf(3, { pf: OTHER })));
    expect(problemsOf(end)).toEqual([
      `VirtualFunctionsNotWithdrawn: ens1 (${PF}): after 15 s the kubelet can still give 4 of them to pods, such as ${host.vf(0)}: VFs that pods can be given are not changed`,
    ]);
    expect([host.vfs.length, host.vfsOf(OTHER).length]).toEqual([4, 3]);
  });

  it('that is absent is told by the file alone, and VFs are changed as with any other plugin', async () => {
    const host = new Host();
    await host.want(specOf(4));
    expect(statusOf(await host.want(specOf(2)))).toBe(SYNC_STATUS.succeeded);
    expect(host.written.map(({ withdrawn }) => withdrawn.length)).toEqual([1, 0, 1, 0]);
    expect(host.told).toEqual([]);
  });

  it('that was killed has left its socket, behind which nobody is', async () => {
    const host = await Host.with();
    host.kernel.plugin.kill();
    const end = await host.want(specOf(2));
    expect([statusOf(end), end.plugin.told]).toEqual([SYNC_STATUS.succeeded, { kind: 'absent' }]);
  });

  it('that is killed in the middle, and started again, offers nothing that is about to change', async () => {
    const host = await Host.with();
    host.at(SLICE, () => {
      host.kernel.plugin.kill();
      host.kernel.plugin.start('b');
    });
    expect(statusOf(await host.want(specOf(2)))).toBe(SYNC_STATUS.succeeded);
    expect(host.wrong).toEqual([]);
    expect(host.kernel.plugin.allocatable).toEqual(host.vfs);
  });

  it('that comes while the daemon is at work offers nothing that is about to change', async () => {
    const host = new Host();
    await host.want(specOf(4));
    host.at(SLICE, () => host.kernel.plugin.start());
    expect(statusOf(await host.want(specOf(2)))).toBe(SYNC_STATUS.succeeded);
    expect(host.wrong).toEqual([]);
    expect(host.kernel.plugin.allocatable).toEqual(host.vfs);
  });

  it('that comes while the daemon is at work is asked before VFs are changed of which it was not told', async () => {
    const host = new Host();
    const both = (numVfs: number): NodeStateSpec => join(specOf(numVfs), specOf(4, { pf: OTHER, mtu: 9000 }));
    await host.want(both(4));
    const [vf] = host.vfsOf(OTHER);
    const link = Object.values(host.kernel.state.links).find(({ device }) => device === vf);
    host.at(SLICE, () => {
      host.kernel.plugin.start();
      Object.assign(link ?? {}, { mtu: 1500 });
    });
    expect(problemsOf(await host.want(both(2)))).toEqual([]);
    expect(link?.mtu).toBe(9000);
    expect([host.wrong, host.told]).toEqual([[], [OTHER]]);
  });
});

describe('the kubelet', () => {
  it('that takes its time is waited for', async () => {
    const host = await Host.with();
    const heard = host.kernel.plugin.muffle();
    host.onWithdraw = () => host.clock.setTimer(14_000, heard);
    expect(statusOf(await host.want(specOf(2)))).toBe(SYNC_STATUS.succeeded);
    expect(host.wrong).toEqual([]);
  });

  it('that takes no note keeps VFs from being changed. They stay withdrawn until the next try', async () => {
    const host = await Host.with();
    const heard = host.kernel.plugin.muffle();
    expect(problemsOf(await host.want(specOf(2)))).toEqual([
      expect.stringMatching(/^VirtualFunctionsNotWithdrawn: .*after 15 s the kubelet can still give 4 of them to pods/),
    ]);
    expect(host.written.at(-1)?.withdrawn).toHaveLength(1);
    heard();
    expect(host.kernel.plugin.allocatable).toEqual([]);
    expect(statusOf(await host.want(specOf(2)))).toBe(SYNC_STATUS.succeeded);
  });

  it('that does not say what it can give to pods keeps VFs from being changed', async () => {
    const host = await Host.with();
    host.kernel.addFault({ verb: 'call', path: '*/GetAllocatableResources', errno: 'UNIMPLEMENTED' });
    expect(problemsOf(await host.want(specOf(2)))).toEqual([
      expect.stringMatching(/the kubelet does not say which VFs it can give to pods \(call .*UNIMPLEMENTED\)/),
    ]);
    expect(host.vfs).toHaveLength(4);
  });
});

describe('VFs that return as the same resource', () => {
  it.each<[string, NodeStateSpec, number]>([
    ['another number', specOf(2, { resourceName: 'vf' }), 2],
    ['another driver', specOf(4, { resourceName: 'vf', deviceType: 'vfio-pci' }), 4],
  ])('stay on offer for pods to wait for: %s', async (_, spec, count) => {
    const host = await Host.with();
    const before = host.vfs;
    let offered: readonly string[] = [];
    host.onWithdraw = () => (offered = host.kernel.plugin.allocatable);
    expect(statusOf(await host.want(spec))).toBe(SYNC_STATUS.succeeded);
    expect(offered).toEqual(before.slice(0, count));
    expect(host.written.map(({ returning }) => returning)).toEqual([
      [{ resource: 'vf', devices: before.slice(0, count) }],
      undefined,
    ]);
    expect([host.wrong, host.kernel.plugin.allocatable]).toEqual([[], host.vfs]);
  });

  it('stay on offer when VFs of another PF are withdrawn after them', async () => {
    const host = await Host.with();
    const both = (numVfs: number): NodeStateSpec =>
      join(specOf(numVfs, { resourceName: 'vf' }), specOf(4, { pf: OTHER, resourceName: 'vf' }));
    await host.want(both(4));
    const [before, others] = [host.vfs, host.vfsOf(OTHER)];
    host.written.length = 0;
    host.onWithdraw = () => host.kernel.write(`/sys/bus/pci/devices/${others[0]}/driver/unbind`, others[0] ?? '');
    expect(statusOf(await host.want(both(2)))).toBe(SYNC_STATUS.succeeded);
    expect(host.written.map(({ returning }) => returning?.flatMap(({ devices }) => devices))).toEqual([
      before.slice(0, 2),
      [...before.slice(0, 2), others[0]],
      undefined,
    ]);
  });

  it('are no longer on offer when their change has failed', async () => {
    const host = await Host.with();
    host.kernel.addFault({ verb: 'write', path: '*/driver_override', errno: 'EINVAL' });
    await host.want(specOf(4, { resourceName: 'vf', deviceType: 'vfio-pci' }));
    expect(host.written.at(-1)).toMatchObject({ withdrawn: [{ pf: PF }] });
    expect(host.written.at(-1)?.returning).toBeUndefined();
    expect(host.kernel.plugin.allocatable).toEqual([]);
  });
});

describe('VFs stay withdrawn', () => {
  it('when their steps failed, and come back when they are done', async () => {
    const host = await Host.with();
    const mend = host.kernel.addFault({ verb: 'write', path: '*/driver_override', errno: 'EINVAL' });
    const spec = specOf(4, { deviceType: 'vfio-pci' });
    expect((await host.want(spec)).failures).toHaveLength(4);
    expect(host.written.at(-1)?.withdrawn).toHaveLength(1);
    expect(host.kernel.plugin.allocatable).toEqual([]);
    mend();
    expect(statusOf(await host.want(spec))).toBe(SYNC_STATUS.succeeded);
    expect(host.kernel.plugin.allocatable).toEqual(host.vfs);
  });

  it('when a call on their PF is still in the kernel, also for the passes that leave the PF alone', async () => {
    const host = await Host.with();
    const release = host.kernel.addFault({ verb: 'write', path: `*${PF}/sriov_numvfs`, hang: true });
    await host.want(specOf(2));
    const blocked = new Map([[PF, 'not back']]);
    await host.want(specOf(2), { blocked });
    expect(host.written.at(-1)?.withdrawn).toHaveLength(1);
    release();
    expect(statusOf(await host.want(specOf(2)))).toBe(SYNC_STATUS.succeeded);
    expect(host.kernel.plugin.allocatable).toEqual(host.vfs);
  });
});

describe('the hand-over file', () => {
  it.each([
    ['a plugin of ours is there', ': VFs that pods can be given are not changed'],
    ['none is there, because one may start at any time', ', and a device plugin that starts would offer them'],
  ])('that cannot be written keeps VFs from being changed while %s', async (who, words) => {
    const host = await Host.with();
    if (who.startsWith('none')) host.kernel.plugin.kill();
    const { handoverFolder } = host.kernel;
    const folder = { ...handoverFolder, write: () => Promise.reject(new Error('EROFS')) };
    const { kernel, clock } = host;
    const ports = { ...hostPorts({ kernel }), plugin: new DevicePlugin({ kernel, folder, clock }) };
    const followers = { onPlan: () => Promise.resolve(), onStep: () => undefined };
    const wanted = { spec: specOf(2), plannedFrom: new Set(PORTS), allowHostInterfaces: false };
    const end = await converge(ports, wanted, followers);
    // No word about a device plugin that does not answer: it does, or none is there.
    expect(problemsOf(end)[0]).toContain(
      `HandoverFailed: ens1 (${PF}): the hand-over file cannot be written: EROFS${words}`,
    );
    expect(problemsOf(end).join()).not.toContain('does not answer');
    expect(host.vfs).toHaveLength(4);
  });

  it('that is damaged may have withdrawn any VF: none is given back before a plan says which are free', async () => {
    const host = await Host.with();
    await host.kernel.handoverFolder.write('handover.json', '{"withdrawn"');
    await host.want(specOf(4), { plannedFrom: undefined });
    expect(host.written.at(-1)?.withdrawn.map(({ pf, vfs }) => [pf, vfs])).toEqual(
      expect.arrayContaining(PORTS.map((pf) => [pf, undefined])),
    );
    await host.want(specOf(4));
    expect(host.written.at(-1)?.withdrawn).toEqual([]);
  });

  it('that is damaged is written anew', async () => {
    const host = await Host.with();
    await host.kernel.handoverFolder.write('handover.json', '{"withdrawn":');
    await host.want(specOf(4));
    expect(host.written).toEqual([{ withdrawn: [] }]);
  });
});
