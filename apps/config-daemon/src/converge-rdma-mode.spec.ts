import { beforeEach, describe, expect, it } from '@jest/globals';
import { type NodeStateSpec } from '@sriov/api';
import { KernelError } from '@sriov/host';
import { parseWorld, SimulatedKernel } from '@sriov/host-sim';
import { verdictOf } from '@sriov/node-plan';
import { systemClock } from '@sriov/runtime';
import { FakeClock } from '@sriov/testing';
import { converge, type Converged } from './converge.ts';
import { type HostPorts } from './gather.ts';
import { Journal } from './journal/journal.ts';
import { HeldRdmaMode } from './steps/held-rdma-mode.ts';
import { hostPorts, MemoryFolder, PowerCut } from './test/test-host.ts';

const FILE = '/etc/modprobe.d/sriov_network_operator_modules_config.conf';
const PARAMETER = '/sys/module/ib_core/parameters/netns_mode';
const EXCLUSIVE: NodeStateSpec = { system: { rdmaMode: 'exclusive' } };

let kernel: SimulatedKernel;
let folder: MemoryFolder;
let held: HeldRdmaMode;
beforeEach(() => {
  const nics = [{ model: 'mlx5', address: '0000:10:00.0', name: 'ens1', mac: 'b8:59:9f:00:00:10', up: true }];
  kernel = new SimulatedKernel({ world: parseWorld({ latency: 'none', nics }), clock: new FakeClock() });
  folder = new MemoryFolder();
  held = new HeldRdmaMode();
});

const read = (path: string): Promise<string> =>
  kernel.read(path).catch((error: unknown) => (error instanceof KernelError ? error.code : ''));

/** One pass of the daemon. */
function pass(spec: NodeStateSpec, ports: Partial<HostPorts> = {}): Promise<Converged> {
  const { modprobeFolder } = kernel;
  const onStep = () => (failure: Parameters<HeldRdmaMode['add']>[0] | undefined) => failure && held.add(failure);
  const wanted = { spec, plannedFrom: new Set<string>(), allowHostInterfaces: false, heldRdmaMode: held };
  const host = { ...hostPorts({ kernel, journal: new Journal(folder), modprobeFolder }), ...ports };
  return converge(host, wanted, { onPlan: () => Promise.resolve(), onStep });
}

describe('VFs that are for RDMA', () => {
  it.each([
    ['have an RDMA device by the driver of an mlx5 port', 'mlx5', 'b8:59:9f:00:00:10', 'InSync'],
    ['have none on an igb port, which is said', 'igb', '52:54:00:aa:00:10', 'RdmaDeviceMissing'],
  ])('%s', async (_, model, mac, reason) => {
    const nics = [{ model, address: '0000:10:00.0', name: 'ens1', mac, up: true }];
    kernel = new SimulatedKernel({
      world: parseWorld({ latency: 'none', nics, modules: ['igbvf'] }),
      clock: systemClock,
    });
    const vfGroups = [{ resourceName: 'r', policyName: 'p', vfRange: '0-1', deviceType: 'netdevice', isRdma: true }];
    const end = await pass({ interfaces: [{ pciAddress: '0000:10:00.0', name: 'ens1', numVfs: 2, vfGroups }] });
    expect(verdictOf(end).reason).toBe(reason);
  });
});

describe('the RDMA mode that a pool wants', () => {
  it('is there at once, and at each start of the kernel, where there is no pod yet', async () => {
    expect(verdictOf(await pass(EXCLUSIVE)).syncStatus).toBe('Succeeded');
    expect([await read(PARAMETER), await read(FILE)]).toEqual([
      'N\n',
      '# This file is managed by sriov-network-operator do not edit.\noptions ib_core netns_mode=0\n',
    ]);
    expect((await pass(EXCLUSIVE)).hasActed).toBe(false);
  });

  it('comes with the next boot where there are pods, which is said, and asked for once', async () => {
    kernel.addNamespace();
    const first = await pass(EXCLUSIVE);
    const { syncStatus, reason, message } = verdictOf(first);
    expect([syncStatus, reason]).toEqual(['InProgress', 'RebootRequired']);
    expect(message).toMatch(/needs a reboot: .*the kernel has refused to switch \(EBUSY\)/);
    expect([await read(PARAMETER), await read(FILE)]).toEqual(['Y\n', expect.stringContaining('netns_mode=0')]);
    const again = await pass(EXCLUSIVE);
    expect([again.hasActed, verdictOf(again)]).toEqual([false, verdictOf(first)]);
    kernel.reboot();
    held = new HeldRdmaMode();
    expect([verdictOf(await pass(EXCLUSIVE)).syncStatus, await read(PARAMETER)]).toEqual(['Succeeded', 'N\n']);
  });

  it('is asked for again by the next daemon', async () => {
    const remove = kernel.addNamespace();
    await pass(EXCLUSIVE);
    remove();
    held = new HeldRdmaMode();
    expect(verdictOf(await pass(EXCLUSIVE)).syncStatus).toBe('Succeeded');
  });

  it('leaves its file with the wish, and the running kernel as it is', async () => {
    await pass(EXCLUSIVE);
    expect(verdictOf(await pass({})).syncStatus).toBe('Succeeded');
    expect([await read(PARAMETER), await read(FILE)]).toEqual(['N\n', 'ENOENT']);
  });

  it('is switched, and the rest is done, where /etc is read-only, which is said', async () => {
    const refuse = (): Promise<never> => Promise.reject(new KernelError({ verb: 'write', path: FILE, code: 'EROFS' }));
    const spec = { ...EXCLUSIVE, interfaces: [{ pciAddress: '0000:10:00.0', name: 'ens1', numVfs: 2 }] };
    const end = await pass(spec, { modprobeFolder: { write: refuse, remove: refuse } });
    expect([await read(PARAMETER), end.observed.interfaces[0]?.sriov?.vfs.length]).toEqual(['N\n', 2]);
    expect(end.failures).toMatchObject([{ kind: 'write-rdma-mode-file', errno: 'EROFS' }]);
    expect(verdictOf(end).syncStatus).toBe('Failed');
  });

  it('is nothing that a host without RDMA fails for', async () => {
    const nics = [{ model: 'igb', address: '0000:10:00.0', name: 'ens1', mac: '52:54:00:aa:00:10', up: true }];
    kernel = new SimulatedKernel({ world: parseWorld({ latency: 'none', nics }), clock: new FakeClock() });
    expect(verdictOf(await pass(EXCLUSIVE)).syncStatus).toBe('Succeeded');
    expect([await read(PARAMETER), await read(FILE)]).toEqual(['ENOENT', expect.stringContaining('netns_mode=0')]);
  });

  it('ends the same when the daemon is killed at any step', async () => {
    for (let calls = 0, isDone = false; !isDone; calls += 1) {
      const cut = new PowerCut(calls);
      const { modprobeFolder } = kernel;
      const journal = new Journal(cut.folder(folder));
      const ports = hostPorts({
        kernel: cut.kernel(kernel),
        journal,
        modprobeFolder: cut.modprobeFolder(modprobeFolder),
      });
      await pass(EXCLUSIVE, ports).catch(() => undefined);
      held = new HeldRdmaMode();
      expect(verdictOf(await pass(EXCLUSIVE)).syncStatus).toBe('Succeeded');
      expect([await read(PARAMETER), await read(FILE)]).toEqual(['N\n', expect.stringContaining('netns_mode=0')]);
      await kernel.exec('rdma', ['system', 'set', 'netns', 'shared']);
      await kernel.modprobeFolder.remove(FILE.split('/').at(-1) ?? '');
      isDone = !cut.happened;
    }
  });
});
