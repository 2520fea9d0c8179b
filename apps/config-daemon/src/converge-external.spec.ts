import { beforeEach, describe, expect, it } from '@jest/globals';
import { type DesiredInterface, type NodeStateSpec } from '@sriov/api';
import { type SimulatedKernel } from '@sriov/host-sim';
import { verdictOf } from '@sriov/node-plan';
import { systemClock } from '@sriov/runtime';
import { converge } from './converge.ts';
import { Journal } from './journal/journal.ts';
import { hostPorts, MemoryFolder, PORTS, testKernel } from './test/test-host.ts';

const [A, B] = PORTS;

let kernel: SimulatedKernel;
let folder: MemoryFolder;
beforeEach(() => {
  kernel = testKernel(systemClock);
  folder = new MemoryFolder();
});

/** One pass of a daemon that was just started: the sync status, and the lines of its message. */
async function pass(spec: NodeStateSpec): Promise<[string, string[]]> {
  const ports = hostPorts({ kernel, journal: new Journal(folder), folder: kernel.handoverFolder });
  const wanted = { spec, plannedFrom: new Set(PORTS), allowHostInterfaces: false };
  const end = await converge(ports, wanted, { onPlan: () => Promise.resolve(), onStep: () => undefined });
  const { syncStatus, message } = verdictOf(end);
  return [syncStatus, message.split('\n')];
}

/** The owner of the VFs makes so many. */
const make = (numVfs: number, pciAddress: string = A): Promise<void> =>
  kernel.write(`/sys/bus/pci/devices/${pciAddress}/sriov_numvfs`, String(numVfs));
const driversOf = (pciAddress: string = A): (string | undefined)[] =>
  (kernel.state.devices[pciAddress]?.pf?.vfs ?? []).map((vf) => kernel.state.devices[vf ?? '']?.driver);

/** VFs 0 and 1 for vfio-pci, on a PF whose VFs someone else makes. */
const external = (change: Partial<DesiredInterface> = {}): DesiredInterface => ({
  pciAddress: A,
  name: 'ens1',
  numVfs: 3,
  externallyManaged: true,
  vfGroups: [{ resourceName: 'd', policyName: 'p', deviceType: 'vfio-pci', vfRange: '0-1' }],
  ...change,
});
const own: DesiredInterface = { pciAddress: B, name: 'ens2', numVfs: 2, vfGroups: [] };
const SYNCED = ['Succeeded', ['the host is as the spec wants it']];

describe('a PF whose VFs someone else makes', () => {
  it('waits for too few VFs, holds nobody up, and is served once there are enough', async () => {
    await make(2);
    const spec = { interfaces: [external(), own] };
    expect(await pass(spec)).toEqual([
      'Failed',
      [`ens1 (${A}): externallyManaged: 3 VFs are wanted, and its owner has made 2`],
    ]);
    expect([driversOf(A), driversOf(B).length]).toEqual([['igbvf', 'igbvf'], 2]);
    await make(0);
    await make(3);
    expect(await pass(spec)).toEqual(SYNCED);
    expect(driversOf(A)).toEqual(['vfio-pci', 'vfio-pci', 'igbvf']);
  });

  it('waits for its MTU, and is served once it is large enough', async () => {
    await make(3);
    const spec = { interfaces: [external({ mtu: 9000 })] };
    expect(await pass(spec)).toEqual([
      'Failed',
      [`ens1 (${A}): externallyManaged: MTU 9000 is wanted, and its owner has set 1500`],
    ]);
    await kernel.exec('ip', ['link', 'set', 'dev', 'ens1', 'mtu', '9000']);
    expect(await pass(spec)).toEqual(SYNCED);
  });

  it('may have more VFs than are wanted: those in no group are left alone, also without a driver', async () => {
    await kernel.write(`/sys/bus/pci/devices/${A}/sriov_drivers_autoprobe`, '0');
    await make(5);
    expect(await pass({ interfaces: [external()] })).toEqual(SYNCED);
    expect(driversOf(A)).toEqual(['vfio-pci', 'vfio-pci', undefined, undefined, undefined]);
    expect(kernel.state.devices[A]?.pf?.autoprobe).toBe(false);
  });

  it('is not touched by a restart of the daemon, whatever MAC addresses its VFs have and whoever has them', async () => {
    await make(3);
    const vfGroups = [{ resourceName: 'k', policyName: 'p', deviceType: 'netdevice', vfRange: '0-2' }];
    await kernel.exec('ip', ['link', 'set', 'dev', 'ens1', 'vf', '1', 'mac', '02:00:00:00:00:99']);
    await pass({ interfaces: [external({ vfGroups })] });
    const { writes } = kernel.state;
    expect(await pass({ interfaces: [external({ vfGroups })] })).toEqual(SYNCED);
    expect(kernel.state.writes).toBe(writes);
    expect(driversOf(A)).toEqual(['igbvf', 'igbvf', 'igbvf']);
  });

  it('keeps its VFs, drivers and MTU when no policy wants them any more', async () => {
    await make(3);
    await pass({ interfaces: [external()] });
    expect(await pass({})).toEqual(SYNCED);
    expect(driversOf(A)).toEqual(['vfio-pci', 'vfio-pci', 'igbvf']);
    expect([...folder.files.keys()].filter((name) => name.endsWith(A))).toEqual([]);
  });
});

describe('a PF of the operator', () => {
  it('has VFs outside of all groups, and they get no driver', async () => {
    const vfGroups = [{ resourceName: 'k', policyName: 'p', deviceType: 'netdevice', vfRange: '1-1' }];
    expect(await pass({ interfaces: [{ ...own, numVfs: 3, vfGroups }] })).toEqual(SYNCED);
    expect(driversOf(B)).toEqual([undefined, 'igbvf', undefined]);
    expect(await pass({ interfaces: [{ ...own, numVfs: 3, vfGroups }] })).toEqual(SYNCED);
    expect(driversOf(B)).toEqual([undefined, 'igbvf', undefined]);
  });
});
