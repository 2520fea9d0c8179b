import { describe, expect, it } from '@jest/globals';
import { type Withdrawal } from '@sriov/plugin-handover';
import { type PfPlan, type VfStep } from '../planning/steps.ts';
import { PF } from '../test/test-host.ts';
import { testPfPlan } from '../test/test-remainder.ts';
import { stillWithdrawn, type WithdrawnEnd } from './still-withdrawn.ts';

const ALL: Withdrawal = { pf: PF, because: 'the number of VFs becomes 4' };
const SOME: Withdrawal = { pf: PF, vfs: [1, 2, 3], because: 'their MTU changes' };
const BIND: VfStep[] = [{ kind: 'bind-vf', driver: 'vfio-pci' }];
const restOf = (change: Partial<PfPlan>): WithdrawnEnd['rest'] => ({ pfs: [testPfPlan({ before: [], ...change })] });
const failed = (vfId?: number, outcome: 'failed' | 'blocked' | 'refused' = 'failed'): WithdrawnEnd['failures'] => [
  { pciAddress: PF, outcome, ...(vfId !== undefined && { vfId }) },
];

const DONE: WithdrawnEnd = {
  withdrawn: [ALL],
  rest: { pfs: [] },
  failures: [],
  observed: { problems: [] },
  untouched: new Set(),
};

describe('after a pass', () => {
  it.each<[string, Partial<WithdrawnEnd>, Withdrawal[]]>([
    ['nothing stays withdrawn where all is done', {}, []],
    ['nothing stays withdrawn where nothing will be done, because somebody uses a VF', { withdrawn: [SOME] }, []],
    ['nothing is withdrawn that was not', { withdrawn: [], rest: restOf({ vfs: [{ id: 1, steps: BIND }] }) }, []],
    [
      'a PF stays withdrawn whose VFs are still to be made',
      { rest: restOf({ before: [{ kind: 'set-num-vfs', numVfs: 4 }] }) },
      [ALL],
    ],
    [
      'single VFs stay withdrawn of which a PF without number is to be made again',
      { withdrawn: [SOME], rest: restOf({ before: [{ kind: 'set-num-vfs', numVfs: 4 }] }) },
      [SOME],
    ],
    [
      'the VFs stay withdrawn that still get another driver, and the others come back',
      { rest: restOf({ vfs: [{ id: 2, steps: BIND }] }) },
      [{ pf: PF, vfs: [2], because: 'their driver changes' }],
    ],
    [
      'only VFs stay withdrawn that were',
      {
        withdrawn: [SOME],
        rest: restOf({
          vfs: [
            { id: 3, steps: BIND },
            { id: 9, steps: BIND },
          ],
        }),
      },
      [{ pf: PF, vfs: [3], because: 'their driver changes' }],
    ],
    [
      'a VF stays withdrawn whose step failed, although nothing is left to do',
      { failures: failed(2) },
      [{ ...ALL, vfs: [2] }],
    ],
    [
      'VFs stay withdrawn in order, each once',
      {
        withdrawn: [SOME],
        rest: restOf({
          vfs: [
            { id: 3, steps: BIND },
            { id: 2, steps: BIND },
          ],
        }),
        failures: [...failed(2), ...failed(1)],
      },
      [{ pf: PF, vfs: [1, 2, 3], because: 'their driver changes' }],
    ],
    ['the VFs come back of a PF whose own step failed', { withdrawn: [SOME], failures: failed() }, []],
    ['all of a PF stays withdrawn whose call is still in the kernel', { failures: failed(1, 'blocked') }, [ALL]],
    [
      'all of a PF stays withdrawn that cannot be looked at',
      { observed: { problems: [{ pciAddress: PF, message: 'EIO' }] } },
      [ALL],
    ],
    ['all of a PF stays withdrawn that is left as it is', { withdrawn: [SOME], untouched: new Set([PF]) }, [SOME]],
  ])('%s', (_, change, expected) => expect(stillWithdrawn({ ...DONE, ...change })).toEqual(expected));

  it('what happens to one PF does not keep another one', () => {
    const end = { ...DONE, withdrawn: [{ ...ALL, pf: 'other' }], failures: failed(1), untouched: new Set([PF]) };
    expect(stillWithdrawn(end)).toEqual([]);
  });
});
