import { describe, expect, it } from '@jest/globals';
import { type NodeStateSpec } from '@sriov/api';
import { FakeClock } from '@sriov/testing';
import { lookAndPlan } from '../look-and-plan.ts';
import { type FailedStep } from '../steps/failed-step.ts';
import { MemoryFolder, PORTS, testKernel, testSpec } from '../test/test-host.ts';
import { Journal } from './journal.ts';
import { takeOver } from './take-over.ts';

const [PF, OTHER] = PORTS;

/** Plans for a host without VFs, and writes into the folder what the plan takes over. */
async function takeOverFor(spec: NodeStateSpec, folder: MemoryFolder): Promise<readonly FailedStep[]> {
  const journal = new Journal(folder);
  const wanted = { spec, plannedFrom: new Set(PORTS), allowHostInterfaces: false };
  const { gathered, plan } = await lookAndPlan({ kernel: testKernel(new FakeClock()), journal }, wanted);
  return takeOver(journal, gathered, { plan, because: [] });
}

describe('the journal says', () => {
  it('which PFs the operator takes over, and how they were before', async () => {
    const folder = new MemoryFolder();
    expect(await takeOverFor(testSpec(4, 2), folder)).toEqual([]);
    expect([...folder.files.keys()].sort()).toEqual(
      ['cards', 'initial', 'pci'].flatMap((name) => [`${name}/${PF}`, `${name}/${OTHER}`]),
    );
    expect(JSON.parse(folder.files.get(`initial/${PF}`) ?? '')).toEqual({ mtu: 1500, autoprobe: true });
  });

  it('nothing of PFs on which nothing of ours is left, nor of a takeover that never began', async () => {
    const folder = new MemoryFolder();
    await takeOverFor(testSpec(4, 2), folder);
    folder.files.delete(`pci/${OTHER}`);
    expect(await takeOverFor({}, folder)).toEqual([]);
    expect([...folder.files.keys()]).toEqual([]);
  });
});

describe('a state folder that cannot be written', () => {
  it('is a failure of each PF whose record it lacks, with the cure', async () => {
    const folder = new MemoryFolder();
    folder.write = () => Promise.reject(new Error('EROFS'));
    const failure = (pciAddress: string, name: string): object => ({
      pciAddress,
      kind: 'write-journal',
      outcome: 'failed',
      message: `${name} (${pciAddress}): the state folder cannot be written, so nothing is done to it: EROFS: make it writable, or choose another with --state-folder`,
    });
    expect(await takeOverFor(testSpec(4, 2), folder)).toMatchObject([failure(PF, 'ens1'), failure(OTHER, 'ens2')]);
  });
});
