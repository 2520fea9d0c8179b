import { expect, it } from '@jest/globals';
import { testPfPlan } from '../test/test-remainder.ts';
import { describeWithdrawals } from './describe-withdrawals.ts';

it('says which VFs are withdrawn, of which PF, and why', () => {
  const steps = [{ kind: 'bind-vf', driver: 'vfio-pci' }] as const;
  const other = testPfPlan({
    pciAddress: '0000:02:00.0',
    name: 'ens2',
    before: [],
    vfs: [0, 1, 3].map((id) => ({ id, steps })),
  });
  expect(describeWithdrawals({ pfs: [testPfPlan(), other] })).toEqual([
    'the device plugin withdraws from pods, until they have changed:',
    '  ens1 (0000:01:00.0): all VFs, because the number of VFs becomes 2',
    '  ens2 (0000:02:00.0): VF 0-1, 3, because their driver changes',
  ]);
});

it('says nothing where no VF is disturbed', () => {
  expect(describeWithdrawals({ pfs: [testPfPlan({ before: [{ kind: 'set-link-up' }] })] })).toEqual([]);
});
