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
    expect([...folder.files.keys()].sort()).toEqual([`initial/${PF}`, `initial/${OTHER}`, `pci/${PF}`, `pci/${OTHER}`]);
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
  it('is a failure of the node, with the cure', async () => {
    const folder = new MemoryFolder();
    folder.write = () => Promise.reject(new Error('EROFS'));
    expect(await takeOverFor(testSpec(4, 2), folder)).toMatchObject([
      {
        pf: 'the node',
        pciAddress: '',
        kind: 'write-journal',
        outcome: 'failed',
        message:
          'the state folder cannot be written, so nothing is done to the host: EROFS: make it writable, or choose another with --state-folder',
      },
    ]);
  });
});
