import { describe, expect, it, jest } from '@jest/globals';
import { type NodeStateSpec } from '@sriov/api';
import { parseWorld, SimulatedKernel } from '@sriov/host-sim';
import { systemClock } from '@sriov/runtime';
import { converge, type Converged } from './converge.ts';
import { Journal } from './journal/journal.ts';
import { hostPorts, MemoryFolder, PORTS, PowerCut, testSpec } from './test/test-host.ts';

jest.setTimeout(60_000);

const MACS = ['52:54:00:aa:00:10', '52:54:00:aa:00:20'] as const;
const [A, B] = PORTS;

/** A machine that has just booted, with cards of these addresses in its slots. */
function boot(macs: readonly string[], names: readonly string[] = ['ens1', 'ens2']): SimulatedKernel {
  const nics = PORTS.map((address, index) => ({
    ...{ model: 'igb', address, bridge: `0000:00:10.${index}`, up: true },
    ...{ name: names[index], mac: macs[index] },
  }));
  return new SimulatedKernel({ world: parseWorld({ latency: 'none', modules: ['igbvf'], nics }), clock: systemClock });
}

/** One pass of a daemon that was just started, on a machine with a state folder; cut off after so many changes. */
async function pass(
  { kernel, folder, warnings = [] }: { kernel: SimulatedKernel; folder: MemoryFolder; warnings?: string[] },
  spec: NodeStateSpec,
  cut = new PowerCut(Infinity),
): Promise<Converged> {
  const journal = new Journal(cut.folder(folder));
  const ports = {
    ...hostPorts({ kernel: cut.kernel(kernel), journal, folder: cut.handoverFolder(kernel.handoverFolder) }),
    onWarnings: (_: unknown, sentences: readonly string[]) => void warnings.push(...sentences),
  };
  const wanted = { spec, plannedFrom: new Set(PORTS), allowHostInterfaces: false };
  return converge(ports, wanted, { onPlan: () => Promise.resolve(), onStep: () => undefined });
}

/** Somebody else makes VFs, and sets the MTU of a port. */
async function useByOthers(kernel: SimulatedKernel, pciAddress: string, name: string): Promise<void> {
  await kernel.write(`/sys/bus/pci/devices/${pciAddress}/sriov_numvfs`, '3');
  await kernel.exec('ip', ['link', 'set', 'dev', name, 'mtu', '4000']);
}

const numVfs = (kernel: SimulatedKernel): (number | undefined)[] =>
  PORTS.map((address) => kernel.state.devices[address]?.pf?.vfs.length);
const mtuOf = (kernel: SimulatedKernel, name: string): number | undefined => kernel.state.links[name]?.mtu;
const filesIn = (files: MemoryFolder): string[] =>
  [...files.files.keys()].filter((name) => name !== 'device-plugin').sort();

/** The state folder of a node whose ports the operator has configured. */
async function configured(): Promise<MemoryFolder> {
  const folder = new MemoryFolder();
  await pass({ kernel: boot(MACS), folder }, testSpec(4, 2));
  return folder;
}

describe('cards that were swapped while the machine was off', () => {
  const swapped = [...MACS].reverse();

  it('are not taken for those that the operator configured: nothing of them is given back', async () => {
    const [folder, kernel, warnings] = [await configured(), boot(swapped), [] as string[]];
    await useByOthers(kernel, A, 'ens1');
    const { rest, failures } = await pass({ kernel, folder, warnings }, {});
    expect([rest.pfs, rest.problems, failures]).toEqual([[], [], []]);
    expect([numVfs(kernel), mtuOf(kernel, 'ens1')]).toEqual([[3, 0], 4000]);
    expect(warnings).toContain(
      `ens1 (${A}): another card is in the slot (8086:10c9 ${MACS[1]}) than the one that the operator configured (8086:10c9 ${MACS[0]}): the record of that one does not count for it, so nothing of it is given back or removed`,
    );
    expect(filesIn(folder)).toEqual([`put-aside/${A}@${MACS[0]}`, `put-aside/${B}@${MACS[1]}`]);
    expect(JSON.parse(folder.files.get(`put-aside/${A}@${MACS[0]}`) ?? '')).toMatchObject({
      card: { address: MACS[0] },
      entry: { pciAddress: A, numVfs: 4 },
      initial: { mtu: 1500 },
    });
    await pass({ kernel, folder }, {});
    expect(numVfs(kernel)).toEqual([3, 0]);
  });

  it('get what the spec wants of their slots, and are given back as they were found', async () => {
    const [folder, kernel] = [await configured(), boot(swapped)];
    await useByOthers(kernel, A, 'ens1');
    await pass({ kernel, folder }, testSpec(4, 2));
    expect([numVfs(kernel), mtuOf(kernel, 'ens1')]).toEqual([[4, 4], 9000]);
    expect(JSON.parse(folder.files.get(`initial/${A}`) ?? '')).toMatchObject({ mtu: 4000 });
    await pass({ kernel, folder }, {});
    expect([numVfs(kernel), mtuOf(kernel, 'ens1'), mtuOf(kernel, 'ens2')]).toEqual([[0, 0], 4000, 1500]);
    expect(filesIn(folder).filter((name) => !name.startsWith('put-aside/'))).toEqual([]);
  });

  it.each<[string, NodeStateSpec]>([
    ['nobody wants them', {}],
    ['they are wanted', testSpec(4, 2)],
  ])('end alike wherever the daemon is killed, when %s', async (_, spec) => {
    const after = async (calls: number): Promise<[unknown, boolean]> => {
      const [folder, kernel, cut] = [await configured(), boot(swapped), new PowerCut(calls)];
      await useByOthers(kernel, A, 'ens1');
      await pass({ kernel, folder }, spec, cut).catch(() => undefined);
      await pass({ kernel, folder }, spec);
      await pass({ kernel, folder }, {});
      const files = [...folder.files].filter(([name]) => name !== 'device-plugin').sort();
      return [[numVfs(kernel), mtuOf(kernel, 'ens1'), files], cut.happened];
    };
    const [expected] = await after(Infinity);
    for (let calls = 0, isDone = false; !isDone; calls += 1) {
      const [seen, isCut] = await after(calls);
      expect(seen).toEqual(expected);
      isDone = !isCut;
    }
  });
});

describe('a card that is not known', () => {
  it('passes for the one of the record, as where upstream has written that: what it made is removed', async () => {
    const [folder, kernel] = [await configured(), boot([...MACS].reverse())];
    for (const address of PORTS) folder.files.delete(`cards/${address}`);
    await useByOthers(kernel, A, 'ens1');
    await pass({ kernel, folder }, {});
    expect([numVfs(kernel), filesIn(folder)]).toEqual([[0, 0], []]);
  });

  it('becomes known at the next look, where its port is wanted', async () => {
    const [folder, kernel] = [await configured(), boot(MACS)];
    folder.files.delete(`cards/${A}`);
    await pass({ kernel, folder }, testSpec(4, 2));
    expect(folder.files.get(`cards/${A}`)).toBe(`{"vendor":"8086","deviceId":"10c9","address":"${MACS[0]}"}\n`);
  });
});

describe('interfaces that have swapped their names', () => {
  it('stay what their PCI address says, and both are named', async () => {
    const [folder, kernel, warnings] = [await configured(), boot(MACS, ['ens2', 'ens1']), [] as string[]];
    const { rest, failures } = await pass({ kernel, folder, warnings }, testSpec(4, 2));
    expect([rest.pfs, rest.problems, failures, numVfs(kernel)]).toEqual([[], [], [], [4, 4]]);
    expect(warnings.filter((sentence) => sentence.includes('the spec calls'))).toContain(
      `the spec calls ens2 (${A}) ens1, and that is the name of ens1 (${B}) now: the PCI address counts, so nothing is done to ens1 (${B}) on account of this entry; a policy that selects PFs by name (pfNames) selects ens1 (${B}) from the next plan on`,
    );
  });
});

describe('a PF that was renamed between two boots', () => {
  it('is the one that the policy means by its PCI address: it gets its VFs, and an Event tells of the name', async () => {
    const [folder, kernel, warnings] = [await configured(), boot(MACS, ['ens1np0', 'ens2']), [] as string[]];
    const { rest, failures } = await pass({ kernel, folder, warnings }, testSpec(4, 2));
    expect([rest.pfs, rest.problems, failures]).toEqual([[], [], []]);
    expect([numVfs(kernel), mtuOf(kernel, 'ens1np0')]).toEqual([[4, 4], 9000]);
    expect(new Set(warnings)).toEqual(
      new Set([
        `ens1np0 (${A}): the spec calls the PF ens1: it was renamed, and a policy that selects it by its old name no longer does when it is planned again`,
      ]),
    );
  });

  it('and has its old name as an alternative one is nothing to tell of: policies still find it', async () => {
    const [folder, kernel, warnings] = [await configured(), boot(MACS, ['ens1np0', 'ens2']), [] as string[]];
    await kernel.exec('ip', ['link', 'property', 'add', 'dev', 'ens1np0', 'altname', 'ens1']);
    await pass({ kernel, folder, warnings }, testSpec(4, 2));
    expect([numVfs(kernel), warnings]).toEqual([[4, 4], []]);
  });
});

describe('what a PF was before it was ours', () => {
  it('is not what it is now, where upstream has configured it: its MTU stays', async () => {
    const [folder, kernel] = [new MemoryFolder(), boot(MACS)];
    const [entry] = testSpec(4, 2).interfaces ?? [];
    folder.files.set(`pci/${A}`, JSON.stringify(entry));
    await useByOthers(kernel, A, 'ens1');
    await pass({ kernel, folder }, { interfaces: entry ? [entry] : [] });
    expect(folder.files.get(`initial/${A}`)).toBe('{"autoprobe":true}\n');
    await pass({ kernel, folder }, {});
    expect([numVfs(kernel), mtuOf(kernel, 'ens1')]).toEqual([[0, 0], 9000]);
  });

  it('survives a reboot', async () => {
    const [folder, kernel] = [await configured(), boot(MACS)];
    await kernel.exec('ip', ['link', 'set', 'dev', 'ens1', 'mtu', '9000']);
    await pass({ kernel, folder }, testSpec(2, 1));
    await pass({ kernel, folder }, {});
    expect([numVfs(kernel), mtuOf(kernel, 'ens1')]).toEqual([[0, 0], 1500]);
  });
});
