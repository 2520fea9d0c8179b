import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { FairQueue } from './fair-queue.ts';

const takeAll = (keys: FairQueue): string[] => {
  const taken: string[] = [];
  for (let key = keys.take(); key !== undefined; key = keys.take()) taken.push(key);
  return taken;
};
const filled = (...names: string[]): FairQueue => {
  const keys = new FairQueue();
  for (const name of names) keys.add(name);
  return keys;
};

describe('waiting keys', () => {
  it('of one namespace do not hold up those of another', () => {
    const flood = Array.from({ length: 1_000 }, (_, index) => `flood/${index}`);
    expect(takeAll(filled(...flood, 'other/a')).indexOf('other/a')).toBe(1);
  });

  it.each([
    ['of one namespace come in the order in which they were added', ['n/b', 'n/a', 'n/c'], ['n/b', 'n/a', 'n/c']],
    ['without a namespace as well', ['b', 'a', 'c'], ['b', 'a', 'c']],
    ['of several namespaces take turns', ['n/a', 'n/b', 'm/a', 'm/b', 'x'], ['n/a', 'm/a', 'x', 'n/b', 'm/b']],
    ['without a namespace form one group, whatever their names', ['/x', 'b', '/y', 'n/a'], ['/x', 'n/a', 'b', '/y']],
    ['that are added twice come once', ['n/a', 'n/b', 'n/a'], ['n/a', 'n/b']],
  ])('%s', (_, added, taken) => {
    expect(takeAll(filled(...added))).toEqual(taken);
  });

  it('are all taken, once each, whatever is added when', () => {
    const step = fc.oneof(fc.constantFrom('a/1', 'a/2', 'b/1', 'b/2', 'c'), fc.constant(undefined));
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const keys = new FairQueue();
        const waiting = new Set<string>();
        for (const each of steps) {
          if (each === undefined) {
            const key = keys.take();
            expect(key === undefined).toBe(waiting.size === 0);
            if (key !== undefined) expect(waiting.delete(key)).toBe(true);
          } else {
            keys.add(each);
            waiting.add(each);
          }
          expect(keys.size).toBe(waiting.size);
        }
        expect(new Set(takeAll(keys))).toEqual(waiting);
      }),
    );
  });
});
