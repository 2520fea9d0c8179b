import { describe, expect, it } from '@jest/globals';
import { Drift, type PassForDrift } from './drift.ts';

const GOOD: PassForDrift = { generation: 1, syncStatus: 'Succeeded', hasActed: false };
const REPAIRED: PassForDrift = { ...GOOD, hasActed: true };
const FAILED: PassForDrift = { ...GOOD, syncStatus: 'Failed', hasActed: true };
const LOST: PassForDrift = { ...FAILED, hasActed: false };
const WORKING: PassForDrift = { ...GOOD, syncStatus: 'InProgress', hasActed: false };
const next = (pass: PassForDrift): PassForDrift => ({ ...pass, generation: 2 });

describe('drift', () => {
  it.each<[string, readonly PassForDrift[], { found: number; repaired: number; isDrifted: boolean }]>([
    ['is not the first work on a spec', [REPAIRED, GOOD], { found: 0, repaired: 0, isDrifted: false }],
    ['is not a spec that was never reached', [FAILED, FAILED, REPAIRED], { found: 0, repaired: 0, isDrifted: false }],
    ['is not the work on the next spec', [REPAIRED, next(REPAIRED)], { found: 0, repaired: 0, isDrifted: false }],
    ['is not a next spec that fails', [REPAIRED, next(FAILED)], { found: 0, repaired: 0, isDrifted: false }],
    ['is found and repaired in one pass', [REPAIRED, REPAIRED, GOOD], { found: 1, repaired: 1, isDrifted: false }],
    ['stays while its repair fails', [GOOD, FAILED, FAILED], { found: 1, repaired: 0, isDrifted: true }],
    ['is also what no step can repair', [GOOD, LOST], { found: 1, repaired: 0, isDrifted: true }],
    ['stays while a step is still at work', [GOOD, FAILED, WORKING], { found: 1, repaired: 0, isDrifted: true }],
    ['is repaired when the host is right again', [GOOD, FAILED, GOOD], { found: 1, repaired: 1, isDrifted: false }],
    ['is found each time', [GOOD, REPAIRED, FAILED, GOOD], { found: 2, repaired: 2, isDrifted: false }],
    ['ends with the spec', [GOOD, FAILED, next(FAILED)], { found: 1, repaired: 0, isDrifted: false }],
    ['does not outlive the spec', [GOOD, FAILED, next(REPAIRED)], { found: 1, repaired: 0, isDrifted: false }],
    ['is not a wait for another plan', [GOOD, WORKING], { found: 0, repaired: 0, isDrifted: false }],
  ])('%s', (_, passes, expected) => {
    const drift = new Drift();
    const seen = passes.map((pass) => drift.passed(pass));
    const count = (key: 'isFound' | 'isRepaired'): number => seen.filter((each) => each[key]).length;
    expect({ found: count('isFound'), repaired: count('isRepaired'), isDrifted: drift.isDrifted }).toEqual(expected);
  });
});
