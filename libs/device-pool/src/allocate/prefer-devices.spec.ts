import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type Pool } from '../pools/plan-pools.ts';
import { intelVf, nic } from '../test/hosts.ts';
import { planOf } from '../test/plan.ts';
import { type AllocationPolicy, preferDevices } from './prefer-devices.ts';

const ON_A = [0, 1, 2, 3].map((index) => intelVf(index, { numaNode: 0 }));
const PF_B = { pciAddress: '0000:5e:00.0', name: 'ens2f0', isUp: true };
const ON_B = [0, 1].map((index) =>
  nic(`0000:5e:02.${index}`, { driver: 'iavf', numaNode: 1, parent: { ...PF_B, index } }),
);
const POOL: Pool = planOf([{ resourceName: 'x', selectors: {} }], { devices: [...ON_A, ...ON_B] }).pools[0]!;
const ids = POOL.devices.map(({ id }) => id);
const [a0 = '', , a2 = '', , b0 = '', b1 = ''] = ids;

const prefer = (size: number, policy: AllocationPolicy, mustInclude: readonly string[] = []): string[] =>
  preferDevices(POOL, { available: ids, mustInclude, size }, policy).sort();

describe('preferDevices', () => {
  it.each<[string, number, AllocationPolicy, string[], string[]]>([
    ['takes one from the PF with the fewest left', 1, 'packed', [], [b0]],
    ['takes all from the smallest PF that is enough', 2, 'packed', [], [b0, b1]],
    ['takes from the larger PF what the smaller one does not have', 3, 'packed', [], ids.slice(0, 3)],
    ['stays on the PF of what must be included', 2, 'packed', [a2], [a0, a2]],
    ['takes one from each NUMA node only when it must', 2, 'spread', [b0], [b0, b1]],
    ['spreads from the PF with the most left', 1, 'spread', [], [a0]],
  ])('%s', (_, size, policy, mustInclude, expected) => {
    expect(prefer(size, policy, mustInclude)).toEqual(expected);
  });

  it.each<[string, number, AllocationPolicy, string[], string[]]>([
    ['takes the smallest PF that has one', 1, 'packed', [], ['b0']],
    ['takes the whole of a PF that is just enough', 3, 'packed', [], ['c0', 'c1', 'c2']],
    ['stays on a PF, although another is just enough', 2, 'packed', ['c0'], ['c0', 'c1']],
    [
      'fills the largest PF where none is enough, and takes the rest from the smallest that is',
      5,
      'packed',
      [],
      [...['a0', 'a1', 'a2', 'a3', 'b0']],
    ],
    ['takes one of each PF, the largest first', 2, 'spread', [], ['a0', 'c0']],
    ['takes from other PFs than that of what must be included', 3, 'spread', ['a1'], ['a1', 'b0', 'c0']],
    ['takes several of a PF when each has given one', 4, 'spread', [], ['a0', 'a1', 'b0', 'c0']],
  ])('%s, on one NUMA node', (_, size, policy, mustInclude, expected) => {
    const id = (short: string): string => `0000:${short[0]}0:02.${short[1]}`;
    const vfs = ['a0', 'a1', 'a2', 'a3', 'b0', 'b1', 'c0', 'c1', 'c2'].map((short) =>
      nic(id(short), { driver: 'iavf', parent: { pciAddress: `0000:${short[0]}0:00.0` } }),
    );
    const { pools } = planOf([{ resourceName: 'x' }], { devices: vfs });
    const available = vfs.map((device) => device.id);
    for (const order of [available, available.toReversed()]) {
      const request = { available: order, mustInclude: mustInclude.map(id), size };
      expect(preferDevices(pools[0]!, request, policy).sort()).toEqual(expected.map(id));
    }
  });

  it('chooses among devices that cannot be observed, or have no PF, and beside one that it does not know', () => {
    const unreadable = new Map([['0000:3b:02.9', 'EIO']]);
    const facts = { devices: [nic('0000:5f:00.0', { driver: 'igb' })], unreadable };
    const known = new Map([['0000:3b:02.9', 'intel.com/x']]);
    const { pools } = planOf([{ resourceName: 'x' }], { ...facts, known });
    const request = { available: ['0000:3b:02.9', '0000:5f:00.0', 'b'], mustInclude: ['other'], size: 4 };
    const expected = ['other', '0000:3b:02.9', '0000:5f:00.0'];
    expect(preferDevices(pools[0]!, request, 'packed')).toEqual(expected);
    expect(preferDevices(pools[0]!, request, 'spread')).toEqual(expected);
  });

  it('chooses as many as asked for, of those that are available, and what must be included', () => {
    const subset = fc.subarray(ids);
    fc.assert(
      fc.property(
        subset,
        fc.nat(6),
        fc.nat(6),
        fc.constantFrom<AllocationPolicy>('packed', 'spread'),
        (available, size, must, policy) => {
          const mustInclude = available.slice(0, must);
          const chosen = preferDevices(POOL, { available, mustInclude, size }, policy);
          expect(new Set(chosen).size).toBe(chosen.length);
          expect(chosen.length).toBe(Math.min(size, available.length));
          expect(available).toEqual(expect.arrayContaining(chosen));
          expect(chosen).toEqual(expect.arrayContaining(mustInclude.slice(0, size)));
        },
      ),
    );
  });
});
