import { describe, expect, it } from '@jest/globals';
import { type NodeStateSpec } from '@sriov/api';
import { type SimulatedKernel } from '@sriov/host-sim';
import { eventually, FakeClock, readJson } from '@sriov/testing';
import { z } from 'zod';
import { converge, type Converged } from './converge.ts';
import { Journal } from './journal/journal.ts';
import { LastLook } from './steps/last-look.ts';
import { hostPorts, MemoryFolder, PORTS, testKernel } from './test/test-host.ts';

const [PF] = PORTS;

/** A host with 4 VFs on `ens1`, bound to their kernel driver unless told otherwise, and whoever uses them. */
class Host {
  readonly kernel: SimulatedKernel = testKernel(new FakeClock());
  readonly blindSpots: string[] = [];
  readonly #journal = new Journal(new MemoryFolder());

  static async with(deviceType: 'netdevice' | 'vfio-pci' = 'netdevice'): Promise<Host> {
    const host = new Host();
    await host.want(4, deviceType);
    return host;
  }

  want(numVfs: number, deviceType = 'netdevice'): Promise<Converged> {
    const vfGroups = [{ resourceName: 'r', policyName: 'p', deviceType, vfRange: `0-${numVfs - 1}` }];
    const spec: NodeStateSpec = { interfaces: [{ pciAddress: PF, name: 'ens1', numVfs, vfGroups }] };
    const ports = {
      ...hostPorts({ kernel: this.kernel, journal: this.#journal }),
      onWarnings: (source: string, sentences: readonly string[]) => {
        if (source === 'uses') this.blindSpots.push(...sentences);
      },
    };
    const followers = { onPlan: () => Promise.resolve(), onStep: () => undefined };
    return converge(ports, { spec, plannedFrom: new Set(PORTS), allowHostInterfaces: false }, followers);
  }

  /** Makes two VFs on each of both ports for vfio-pci, and counts their different MAC addresses. */
  async macsOfBoth(): Promise<number> {
    const vfGroups = [{ resourceName: 'r', policyName: 'p', deviceType: 'vfio-pci', vfRange: '0-1' }];
    const spec = { interfaces: PORTS.map((pciAddress) => ({ pciAddress, numVfs: 2, vfGroups })) };
    const ports = hostPorts({ kernel: this.kernel, journal: this.#journal });
    const followers = { onPlan: () => Promise.resolve(), onStep: () => undefined };
    await converge(ports, { spec, plannedFrom: new Set(PORTS), allowHostInterfaces: true }, followers);
    const settings = PORTS.flatMap((pf) => this.kernel.state.devices[pf]?.pf?.vfSettings ?? []);
    return new Set(settings.map(({ mac }) => mac)).size;
  }

  get vfs(): (string | null)[] {
    return this.kernel.state.devices[PF]?.pf?.vfs ?? [];
  }

  vf(id: number): string {
    return this.vfs[id] ?? '';
  }

  driverOf(id: number): string | undefined {
    return this.kernel.state.devices[this.vf(id)]?.driver;
  }

  /** Does something once right before the first write to a path that fits. */
  before(fits: RegExp, deed: () => void): void {
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

  /** Changes what `ip -j -d link show` prints, as another kernel or another configuration of the host would. */
  changeRows(change: (row: Record<string, unknown>) => Record<string, unknown>[]): void {
    const exec = this.kernel.exec.bind(this.kernel);
    this.kernel.exec = async (command, args, options) => {
      const result = await exec(command, args, options);
      if (command !== 'ip' || !args.includes('-d')) return result;
      const rows = readJson(rowsSchema, result.stdout);
      return { ...result, stdout: JSON.stringify(rows.flatMap(change)) };
    };
  }
}

const rowsSchema = z.array(z.record(z.string(), z.unknown()));

const messagesOf = ({ rest }: Converged): string[] =>
  rest.problems.map(({ reason, message }) => `${reason}: ${message}`);
const removal = (who: string): string =>
  `VirtualFunctionInUse: ens1 (${PF}): changing the number of VFs from 4 to 2 removes VFs that are in use (VF 1 by ${who}): nothing is done until they are free`;

describe('a VF is not taken away from', () => {
  it.each<[string, (host: Host) => () => void, string]>([
    [
      'a pod that has not started, or never will: the kubelet has given it the VF',
      (host) => host.kernel.users.allocate(host.vf(1)),
      'pod default/web',
    ],
    [
      'a pod that has its interface',
      (host) => host.kernel.moveToNamespace('ens1v1'),
      'a pod (its interface is in another network namespace)',
    ],
    [
      'the storage VLAN of the host',
      (host) => host.kernel.users.addLink('ens1v1.477', { type: 'vlan', link: 'ens1v1', master: 'bond9' }),
      'the host (vlan ens1v1.477 on top of it)',
    ],
    [
      'a macvlan of the host',
      (host) => host.kernel.users.addLink('mv0', { type: 'macvlan', link: 'ens1v1' }),
      'the host (macvlan mv0 on top of it)',
    ],
    ['a bond of the host', (host) => host.kernel.users.enslave('ens1v1', 'bond9'), 'the host (part of bond9)'],
    [
      'an address of the host',
      (host) => host.kernel.users.addAddress('ens1v1', '10.7.0.2/24'),
      'the host (address 10.7.0.2/24)',
    ],
    [
      'a route of the host',
      (host) => host.kernel.users.addRoute('10.8.0.0/16', 'ens1v1'),
      'the host (route to 10.8.0.0/16)',
    ],
  ])('%s', async (_, use, who) => {
    const host = await Host.with();
    const release = use(host);
    expect(messagesOf(await host.want(2))).toEqual([removal(who)]);
    expect(host.vfs).toHaveLength(4);
    const rebound = await host.want(4, 'vfio-pci');
    expect(messagesOf(rebound)).toEqual([
      `VirtualFunctionInUse: ens1 (${PF}): VF 1 has driver igbvf, not vfio-pci, and it is in use by ${who}: it is left alone until it is free`,
    ]);
    expect([0, 1, 2, 3].map((id) => host.driverOf(id))).toEqual(['vfio-pci', 'igbvf', 'vfio-pci', 'vfio-pci']);
    release();
    expect(messagesOf(await host.want(2))).toEqual([]);
    expect(host.vfs).toHaveLength(2);
  });

  it('somebody whom we may not see: a process that cannot be looked into may have it open', async () => {
    const host = await Host.with('vfio-pci');
    const mend = host.kernel.addFault({ verb: 'list', path: '/proc/1/fd', errno: 'EACCES' });
    const [message] = messagesOf(await host.want(2));
    expect(message).toContain('the open files of processes cannot be read (process 1: EACCES)');
    expect(host.vfs).toHaveLength(4);
    mend();
    expect(messagesOf(await host.want(2))).toEqual([]);
  });
});

it('VFs that somebody else has made since the plan was made are not taken for new ones: a pod has one already', async () => {
  const host = new Host();
  const write = host.kernel.write.bind(host.kernel);
  let isDone = false;
  host.kernel.write = async (path, value, options) => {
    if (!isDone && path.endsWith('sriov_drivers_autoprobe')) {
      isDone = true;
      await write(`/sys/bus/pci/devices/${PF}/sriov_numvfs`, '4');
      host.kernel.users.allocate(host.vf(1));
    }
    return write(path, value, options);
  };
  const { rest } = await host.want(4, 'vfio-pci');
  expect(rest.problems).toMatchObject([{ reason: 'VirtualFunctionInUse' }]);
  expect([0, 1, 2, 3].map((id) => host.driverOf(id))).toEqual(['vfio-pci', 'igbvf', 'vfio-pci', 'vfio-pci']);
});

describe('the kubelet', () => {
  it('that does not answer has a file that names the pod by its UID', async () => {
    const host = await Host.with();
    host.kernel.addFault({ verb: 'call', path: '*', errno: 'DEADLINE_EXCEEDED' });
    host.kernel.users.allocate(host.vf(1), { uid: 'u-7' });
    expect(messagesOf(await host.want(2))).toEqual([removal('the pod with the UID u-7')]);
  });

  it.each([undefined, 'sriov/daemon'])(
    'that has just started, and has heard of no pod yet, has that file as well (the pod of the daemon is %s)',
    async (pod) => {
      const host = await Host.with();
      if (pod !== undefined) host.kernel.pod = pod;
      host.kernel.users.run({ namespace: 'sriov', name: 'daemon' });
      host.kernel.users.allocate(host.vf(1), { uid: 'u-7' });
      const end = host.kernel.users.restartKubelet();
      expect(messagesOf(await host.want(2))).toEqual([removal('the pod with the UID u-7')]);
      end();
      expect(messagesOf(await host.want(2))).toEqual([removal('pod default/web')]);
    },
  );

  it('that answers in neither way may have given away every VF', async () => {
    const host = await Host.with();
    host.kernel.addFault({ verb: 'call', path: '*', errno: 'UNAVAILABLE' });
    host.kernel.addFault({ verb: 'read', path: '/var/lib/kubelet/*', errno: 'EACCES' });
    const [message] = messagesOf(await host.want(2));
    expect(message).toMatch(
      /VF 0, 1, 2, 3 by an unknown user, because something could not be read: the kubelet cannot be asked \(/,
    );
    expect(host.vfs).toHaveLength(4);
  });

  it('that is not there is reported as missing, and all else counts', async () => {
    const host = await Host.with();
    host.kernel.addFault({ verb: 'list', path: '/var/lib/kubelet/pod-resources', errno: 'ENOENT' });
    host.kernel.addFault({ verb: 'read', path: '/var/lib/kubelet/*', errno: 'ENOENT' });
    const back = host.kernel.moveToNamespace('ens1v1');
    expect(messagesOf(await host.want(2))).toHaveLength(1);
    back();
    expect(messagesOf(await host.want(2))).toEqual([]);
    expect(host.vfs).toHaveLength(2);
    expect(host.blindSpots[0]).toMatch(/^there is neither \/var\/lib\/kubelet\/pod-resources\/kubelet.sock nor /);
  });

  it('is asked, and processes are searched, only when VFs that are there are disturbed', async () => {
    const host = await Host.with();
    let asked = 0;
    host.kernel.call = () => {
      asked += 1;
      return Promise.resolve(new Uint8Array());
    };
    await host.want(4);
    expect(asked).toBe(0);
    await host.want(2);
    expect(asked).toBeGreaterThan(0);
  });
});

describe('right before the write', () => {
  it('VFs are not removed when a pod was given one after the plan was made', async () => {
    const host = await Host.with();
    host.before(/sriov_drivers_autoprobe$/, () => host.kernel.users.allocate(host.vf(1)));
    expect(messagesOf(await host.want(2))).toEqual([removal('pod default/web')]);
    expect(host.vfs).toHaveLength(4);
    const probing = await host.kernel.read(`/sys/bus/pci/devices/${PF}/sriov_drivers_autoprobe`);
    expect(probing).toBe('1\n');
  });

  it('a VF is not bound to another driver when a pod was given it after the plan was made', async () => {
    const host = await Host.with();
    const exec = host.kernel.exec.bind(host.kernel);
    host.kernel.exec = (command, args, options) => {
      if (command === 'modprobe') host.kernel.users.allocate(host.vf(3));
      return exec(command, args, options);
    };
    expect(messagesOf(await host.want(4, 'vfio-pci'))).toEqual([
      `VirtualFunctionInUse: ens1 (${PF}): VF 3 has driver igbvf, not vfio-pci, and it is in use by pod default/web: it is left alone until it is free`,
    ]);
    expect([0, 1, 2, 3].map((id) => host.driverOf(id))).toEqual(['vfio-pci', 'vfio-pci', 'vfio-pci', 'igbvf']);
  });

  it('the kubelet is asked once for all callers during one look', async () => {
    const { kernel } = await Host.with();
    const answer = kernel.call.bind(kernel);
    let asked = 0;
    kernel.call = (method, message, options) => {
      asked += 1;
      return answer(method, message, options);
    };
    const lastLook = new LastLook(kernel);
    const first = lastLook.demandFree(PF, 0);
    // By the time its look has begun, the others come: for other VFs, and for another PF.
    await eventually(() => asked === 1);
    const others = [1, 2, 3].map((id) => lastLook.demandFree(PF, id));
    await Promise.all([first, ...others, lastLook.demandFree(PORTS[1])]);
    expect(asked).toBe(2);
  });

  it('VFs are left alone when the PF cannot be looked at again', async () => {
    const host = await Host.with();
    host.before(/sriov_drivers_autoprobe$/, () =>
      host.kernel.addFault({ verb: 'readlink', path: `*/${host.vf(0)}/driver`, errno: 'EIO' }),
    );
    const { failures } = await host.want(2);
    expect(failures.map(({ message }) => message)).toEqual([
      expect.stringContaining('the PF cannot be looked at: read'),
    ]);
    expect(host.vfs).toHaveLength(4);
  });
});

describe('a kernel before 5.14, whose interfaces do not name their devices', () => {
  const old = (host: Host): void => host.changeRows(({ parentbus: _bus, parentdev: _dev, ...row }) => [row]);

  it('has names, free VFs and an MTU all the same', async () => {
    const host = new Host();
    old(host);
    expect(messagesOf(await host.want(2))).toEqual([]);
    const result = await host.want(3);
    expect(messagesOf(result)).toEqual([]);
    const pf = result.observed.interfaces.find(({ pciAddress }) => pciAddress === PF);
    expect(pf?.link?.name).toBe('ens1');
    expect(pf?.sriov?.vfs.map(({ link, uses }) => [link?.name, uses])).toEqual([
      ['ens1v0', undefined],
      ['ens1v1', undefined],
      ['ens1v2', undefined],
    ]);
  });

  it('keeps its uplink', async () => {
    const host = new Host();
    old(host);
    host.kernel.users.addRoute('default', 'ens1');
    expect(messagesOf(await host.want(2))[0]).toMatch(/^HostInterface: .* in use by the host \(its default route\)/);
    expect(host.vfs).toEqual([]);
  });
});

describe('two PFs of a bond, which have one address now', () => {
  it('give their VFs different addresses', async () => {
    const host = new Host();
    host.kernel.users.enslave('ens1', 'bond0');
    host.kernel.users.enslave('ens2', 'bond0');
    expect(new Set(['ens1', 'ens2'].map((name) => host.kernel.state.links[name]?.mac)).size).toBe(1);
    expect(await host.macsOfBoth()).toBe(4);
  });

  it('do so where the kernel does not report permanent addresses', async () => {
    const host = new Host();
    host.kernel.users.enslave('ens1', 'bond0');
    host.kernel.users.enslave('ens2', 'bond0');
    host.changeRows(({ permaddr: _, ...row }) => [row]);
    host.kernel.addFault({ verb: 'read', path: '*/perm_hwaddr', errno: 'ENOENT' });
    expect(await host.macsOfBoth()).toBe(4);
  });
});
