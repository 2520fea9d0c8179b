import { describe, expect, it } from '@jest/globals';
import { OwnWrites } from './own-writes.ts';

const create = (): { writes: OwnWrites; pass: (ms: number) => void } => {
  let time = 1_000_000;
  return { writes: new OwnWrites({ elapsed: () => time }), pass: (ms) => (time += ms) };
};
const cached =
  (versions: Record<string, string>) =>
  (object: string): string | undefined =>
    versions[object];

describe('OwnWrites', () => {
  it.each([
    ['an older version', { state: '99' }, true],
    ['the version written', { state: '100' }, false],
    ['a newer one', { state: '1000' }, false],
    ['nothing yet', {}, true],
  ])('waits while the cache has %s: %j', (_, versions, isAwaited) => {
    const { writes } = create();
    writes.note('n', 'state', '100');
    expect(writes.isAwaited('n', cached(versions))).toBe(isAwaited);
    expect(writes.isAwaited('other', cached(versions))).toBe(false);
  });

  it('waits for each object that was written', () => {
    const { writes } = create();
    writes.note('n', 'state', '100');
    writes.note('n', 'node', '200');
    expect(writes.isAwaited('n', cached({ state: '100', node: '150' }))).toBe(true);
    expect(writes.isAwaited('n', cached({ state: '100', node: '200' }))).toBe(false);
  });

  it('does not wait for ever: the object may be gone', () => {
    const { writes, pass } = create();
    writes.note('n', 'state', '100');
    pass(59_999);
    expect(writes.isAwaited('n', cached({}))).toBe(true);
    pass(1);
    expect(writes.isAwaited('n', cached({}))).toBe(false);
  });
});
