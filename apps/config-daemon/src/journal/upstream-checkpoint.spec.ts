import { describe, expect, it } from '@jest/globals';
import { type NodeStateSpec } from '@sriov/api';
import { KernelError, type ReadOptions } from '@sriov/host';
import { type SimulatedKernel } from '@sriov/host-sim';
import { FakeClock } from '@sriov/testing';
import { converge } from '../converge.ts';
import { Journal } from './journal.ts';
import { hostPorts, MemoryFolder, PORTS, testKernel, testSpec } from '../test/test-host.ts';

const [PF, OTHER] = PORTS;
const followers = { onPlan: () => Promise.resolve(), onStep: () => undefined };
const pass = (kernel: SimulatedKernel, folder: MemoryFolder, spec: NodeStateSpec): Promise<unknown> =>
  converge(
    hostPorts({ kernel, journal: new Journal(folder) }),
    { spec, plannedFrom: new Set(PORTS), allowHostInterfaces: false },
    followers,
  );

/** A host that upstream configured: its file of each PF, VFs, a larger MTU, and perhaps what it found at its start. */
async function hostOfUpstream(
  checkpoint: string | undefined,
  isRoots = true,
): Promise<[SimulatedKernel, MemoryFolder]> {
  const kernel = testKernel(new FakeClock());
  const folder = new MemoryFolder();
  await pass(kernel, folder, testSpec(4, 2));
  for (const name of [...folder.files.keys()]) if (!name.startsWith('pci/')) folder.files.delete(name);
  const read = kernel.read.bind(kernel);
  kernel.read = async (path, options?: ReadOptions) => {
    if (path !== '/tmp/sno-initial-node-state.json' || checkpoint === undefined) return read(path, options);
    if (options?.ownedByRoot === true && !isRoots) throw new KernelError({ verb: 'read', path, code: 'EPERM' });
    return checkpoint;
  };
  return [kernel, folder];
}

const mtus = ({ state }: SimulatedKernel): unknown => [PF, OTHER].map((pf) => linkOf(state, pf)?.mtu);
const linkOf = ({ links }: SimulatedKernel['state'], pf: string): { readonly mtu: number } | undefined =>
  Object.values(links).find(({ device }) => device === pf);

const CHECKPOINT = JSON.stringify({
  metadata: { name: 'node-1' },
  status: { interfaces: [{ pciAddress: PF, mtu: 1500, name: 'ens1' }, { pciAddress: OTHER }] },
});

describe('PFs that upstream configured', () => {
  it.each([
    ['at once', []],
    ['after a policy of ours', [testSpec(4, 1)]],
  ])('get the MTU back that upstream found, when they are given back %s', async (_, specs) => {
    const [kernel, folder] = await hostOfUpstream(CHECKPOINT);
    for (const spec of [...specs, {}]) await pass(kernel, folder, spec);
    expect(mtus(kernel)).toEqual([1500, 9000]);
    expect([...folder.files.keys()].filter((name) => name !== 'device-plugin')).toEqual([]);
  });

  it.each<[string, string | undefined, boolean]>([
    ['is gone, as it is after a boot', undefined, true],
    ['is damaged', '{"status":', true],
    ['has nothing in it', '{}', true],
    ['may be from somebody other than root', CHECKPOINT, false],
  ])('keep their MTU when the file %s', async (_, checkpoint, isRoots) => {
    const [kernel, folder] = await hostOfUpstream(checkpoint, isRoots);
    await pass(kernel, folder, {});
    expect(mtus(kernel)).toEqual([9000, 9000]);
  });
});
