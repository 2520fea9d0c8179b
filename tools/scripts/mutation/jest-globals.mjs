// What a spec imports from @jest/globals in a mutation run: Jest's own parts, without its module registry.
import { jestExpect } from '@jest/expect';

export { afterAll, afterEach, beforeAll, beforeEach, describe, it, test } from 'jest-circus';
export const expect = jestExpect;
/** The runner's time limit holds for all tests of a mutant together, so a spec's own limit means nothing. */
export const jest = { setTimeout: () => jest };
