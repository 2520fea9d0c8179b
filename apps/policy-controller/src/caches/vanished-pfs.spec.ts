import { describe, expect, it } from '@jest/globals';
import { type SriovNetworkNodeState } from '@sriov/api';
import { VanishedPfs } from './vanished-pfs.ts';

const GRACE_MS = 60_000;
const state = (desired: string[], reported: string[]): SriovNetworkNodeState => ({
  metadata: { name: 'n' },
  spec: { interfaces: desired.map((pciAddress) => ({ pciAddress })) },
  status: { interfaces: reported.map((pciAddress) => ({ pciAddress })) },
});
const create = (graceMs = GRACE_MS): { pfs: VanishedPfs; pass: (ms: number) => void } => {
  let time = 1_000_000;
  return { pfs: new VanishedPfs({ graceMs, clock: { elapsed: () => time } }), pass: (ms) => (time += ms) };
};

describe('VanishedPfs', () => {
  it('counts the time from when each PF was first missed', () => {
    const { pfs, pass } = create();
    expect(pfs.look('n', state(['a', 'b', 'c'], ['b', 'c']))).toEqual({
      addresses: new Set(['a']),
      lookAgainMs: GRACE_MS,
    });
    pass(50_000);
    expect(pfs.look('n', state(['a', 'b', 'c'], ['c']))).toEqual({
      addresses: new Set(['a', 'b']),
      lookAgainMs: 10_000,
    });
    pass(10_000);
    expect(pfs.look('n', state(['a', 'b', 'c'], ['c']))).toEqual({ addresses: new Set(['b']), lookAgainMs: 50_000 });
  });

  it('starts again when the PF was there meanwhile', () => {
    const { pfs, pass } = create();
    pfs.look('n', state(['a', 'b'], ['b']));
    pass(59_000);
    expect(pfs.look('n', state(['a', 'b'], ['a', 'b']))).toEqual({ addresses: new Set() });
    expect(pfs.look('n', state(['a', 'b'], ['b'])).lookAgainMs).toBe(GRACE_MS);
  });

  it.each([
    ['each desired PF is reported', state(['a'], ['a', 'b'])],
    ['the node reports no PF at all, and keeps everything anyway', state(['a'], [])],
    ['there is no state', undefined],
  ])('misses nothing when %s', (_, present) => {
    expect(create().pfs.look('n', present)).toEqual({ addresses: new Set() });
  });

  it('keeps nothing without a grace', () => {
    expect(create(0).pfs.look('n', state(['a', 'b'], ['b']))).toEqual({ addresses: new Set() });
  });
});
