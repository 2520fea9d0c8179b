import { describe, expect, it } from '@jest/globals';
import { Expectations } from './expectations.ts';

const create = (): { expectations: Expectations; pass: (ms: number) => void } => {
  let time = 1_000_000;
  return { expectations: new Expectations({ elapsed: () => time }), pass: (ms) => (time += ms) };
};
const cached =
  (versions: Record<string, string>) =>
  (object: string): string | undefined =>
    versions[object];

describe('Expectations', () => {
  it.each([
    ['an older version', { state: '99' }, true],
    ['the version written', { state: '100' }, false],
    ['a newer one', { state: '1000' }, false],
    ['nothing yet', {}, true],
  ])('waits while the cache has %s: %j', (_, versions, isUnmet) => {
    const { expectations } = create();
    expectations.expect('n', 'state', '100');
    expect(expectations.isUnmet('n', cached(versions))).toBe(isUnmet);
    expect(expectations.isUnmet('other', cached(versions))).toBe(false);
  });

  it('waits for each object that was written', () => {
    const { expectations } = create();
    expectations.expect('n', 'state', '100');
    expectations.expect('n', 'node', '200');
    expect(expectations.isUnmet('n', cached({ state: '100', node: '150' }))).toBe(true);
    expect(expectations.isUnmet('n', cached({ state: '100', node: '200' }))).toBe(false);
  });

  it('does not wait for ever: the object may be gone', () => {
    const { expectations, pass } = create();
    expectations.expect('n', 'state', '100');
    pass(59_999);
    expect(expectations.isUnmet('n', cached({}))).toBe(true);
    pass(1);
    expect(expectations.isUnmet('n', cached({}))).toBe(false);
  });
});
