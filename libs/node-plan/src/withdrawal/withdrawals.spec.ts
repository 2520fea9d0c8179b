import { describe, expect, it } from '@jest/globals';
import { type Withdrawal } from '@sriov/plugin-handover';
import fc from 'fast-check';
import { type PfPlan, type VfStep } from '../planning/steps.ts';
import { netdevice, PF, testPf } from '../test/test-host.ts';
import { testPfPlan } from '../test/test-remainder.ts';
import { joinWithdrawals, uncovered, withdrawalsOf, withdrawnDevices } from './withdrawals.ts';

const BIND: VfStep[] = [{ kind: 'unbind-vf' }, { kind: 'bind-vf', driver: 'vfio-pci' }];

describe('a plan withdraws', () => {
  it.each<[string, Partial<PfPlan>, Withdrawal[]]>([
    [
      'all VFs of a PF, those to come among them, where their number changes',
      {
        before: [
          { kind: 'set-num-vfs', numVfs: 0 },
          { kind: 'set-num-vfs', numVfs: 4 },
        ],
        vfs: [{ id: 1, steps: BIND }],
      },
      [{ pf: PF, because: 'the number of VFs becomes 4' }],
    ],
    [
      'none from which only the name goes that its driver was bound by: nobody feels that',
      {
        vfs: [
          { id: 1, steps: [{ kind: 'clear-override' }] },
          { id: 2, steps: [{ kind: 'set-vf-mtu', mtu: 9000 }, { kind: 'clear-override' }] },
        ],
      },
      [{ pf: PF, vfs: [2], because: 'their MTU changes' }],
    ],
    [
      'all VFs of a PF that is given back',
      { before: [{ kind: 'set-num-vfs', numVfs: 0 }] },
      [{ pf: PF, because: 'all VFs are removed' }],
    ],
    [
      'all VFs of a PF whose eSwitch mode changes',
      { before: [{ kind: 'unbind-vfs' }, { kind: 'set-eswitch-mode', mode: 'switchdev' }] },
      [{ pf: PF, because: 'the eSwitch mode of their PF changes' }],
    ],
    [
      'the VFs that get another driver, whatever else they get',
      {
        vfs: [
          { id: 10, steps: [...BIND, { kind: 'set-vf-mtu', mtu: 9000 }] },
          { id: 2, steps: [{ kind: 'set-vf-mtu', mtu: 9000 }] },
        ],
      },
      [{ pf: PF, vfs: [2, 10], because: 'their driver changes' }],
    ],
    [
      'the VFs that lose their driver',
      { vfs: [{ id: 2, steps: [{ kind: 'unbind-vf' }] }] },
      [{ pf: PF, vfs: [2], because: 'their driver changes' }],
    ],
    [
      'the VFs that get a vDPA device',
      {
        vfs: [
          {
            id: 2,
            steps: [
              { kind: 'set-vf-mtu', mtu: 9000 },
              { kind: 'make-vdpa', module: 'mlx5_vdpa' },
              { kind: 'bind-vdpa', driver: 'vhost_vdpa' },
            ],
          },
        ],
      },
      [{ pf: PF, vfs: [2], because: 'their vDPA devices change' }],
    ],
    [
      'the VFs that get another MTU',
      { vfs: [{ id: 2, steps: [{ kind: 'set-vf-mtu', mtu: 9000 }] }] },
      [{ pf: PF, vfs: [2], because: 'their MTU changes' }],
    ],
    [
      'the VFs that get a MAC address',
      { vfs: [{ id: 0, steps: [{ kind: 'set-vf-mac', mac: '02:00:00:00:00:01' }] }] },
      [{ pf: PF, vfs: [0], because: 'their MAC address changes' }],
    ],
    [
      'the VFs that get a GUID, with another bind or without',
      { vfs: [{ id: 0, steps: [{ kind: 'unbind-vf' }, { kind: 'set-vf-guid', guid: '02' }] }] },
      [{ pf: PF, vfs: [0], because: 'their GUIDs change' }],
    ],
    [
      'the VFs whose link comes up',
      { vfs: [{ id: 0, steps: [{ kind: 'set-vf-link-state', state: 'auto' }] }] },
      [{ pf: PF, vfs: [0], because: 'their link comes up' }],
    ],
    [
      'nothing for what a PF gets itself',
      {
        before: [{ kind: 'set-pf-mtu', mtu: 9000 }, { kind: 'set-link-up' }],
        after: [{ kind: 'set-autoprobe', enabled: true }],
      },
      [],
    ],
  ])('%s', (_, change, expected) => {
    expect(withdrawalsOf({ pfs: [testPfPlan({ before: [], ...change })] })).toEqual(expected);
  });
});

const all = (pf: string, because = 'x'): Withdrawal => ({ pf, because });
const some = (pf: string, vfs: number[], because = 'x'): Withdrawal => ({ pf, vfs, because });

describe('what is needed and not there is', () => {
  it.each<[string, Withdrawal[], Withdrawal[], Withdrawal[]]>([
    ['a PF of which nothing is withdrawn', [some('a', [1])], [all('b')], [some('a', [1])]],
    ['nothing of a PF that is withdrawn as a whole', [all('a'), some('b', [1])], [all('a'), all('b')], []],
    ['nothing where the same VFs are withdrawn, and more', [some('a', [1, 2])], [some('a', [0, 1, 2], 'y')], []],
    ['a PF of which a VF is missing', [some('a', [1, 2])], [some('a', [2])], [some('a', [1, 2])]],
    ['a PF of which only single VFs are withdrawn', [all('a')], [some('a', [0, 1])], [all('a')]],
  ])('%s', (_, needed, present, expected) => expect(uncovered(needed, present)).toEqual(expected));
});

describe('two lists together are', () => {
  it.each<[string, Withdrawal[], Withdrawal[], Withdrawal[]]>([
    [
      'in order of their PFs',
      [all('b'), all('d')],
      [some('a', [1]), all('c')],
      [some('a', [1]), all('b'), all('c'), all('d')],
    ],
    ['all VFs where one of them has all', [some('a', [1], 'old')], [all('a', 'new')], [all('a', 'new')]],
    ['all VFs, whichever list has them', [all('a', 'old')], [some('a', [1], 'new')], [all('a', 'new')]],
    ['the VFs of both', [some('a', [10, 2], 'old')], [some('a', [2, 1], 'new')], [some('a', [1, 2, 10], 'new')]],
  ])('%s', (_, earlier, later, expected) => expect(joinWithdrawals(earlier, later)).toEqual(expected));

  it('enough for each of them', () => {
    const ids = fc.uniqueArray(fc.nat(7), { minLength: 1 });
    const withdrawal = fc.record(
      { pf: fc.constantFrom('a', 'b', 'c'), vfs: ids, because: fc.constant('x') },
      { requiredKeys: ['pf', 'because'] },
    );
    const list = fc.uniqueArray(withdrawal, { selector: ({ pf }) => pf });
    fc.assert(
      fc.property(list, list, (earlier, later) => {
        const joined = joinWithdrawals(earlier, later);
        expect([...uncovered(earlier, joined), ...uncovered(later, joined)]).toEqual([]);
        expect(new Set(joined.map(({ pf }) => pf)).size).toBe(joined.length);
      }),
    );
  });
});

describe('the devices that are withdrawn', () => {
  const host = { interfaces: [testPf([netdevice(0), netdevice(1), netdevice(2)])] };
  it.each<[string, Withdrawal[], string[]]>([
    ['are all VFs of a PF', [all(PF)], ['0000:01:10.0', '0000:01:10.1', '0000:01:10.2']],
    ['are single VFs, as far as they are there', [some(PF, [2, 7])], ['0000:01:10.2']],
    ['are none of a PF that is not there', [all('0000:09:00.0')], []],
  ])('%s', (_, withdrawals, expected) => {
    const devices = withdrawnDevices(withdrawals, host);
    expect([...devices.keys()]).toEqual(expected);
    expect([...devices.values()].every((pf) => pf === PF)).toBe(true);
  });

  it('are none of a PF that cannot have VFs', () => {
    const { sriov: _, ...without } = testPf();
    expect(withdrawnDevices([all(PF)], { interfaces: [without] }).size).toBe(0);
  });
});
