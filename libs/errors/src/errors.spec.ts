import { describe, expect, it } from '@jest/globals';
import { hasCode, messageOf } from './errors.ts';

describe('whatever was thrown', () => {
  it.each([
    ['an error', new Error('no'), 'no'],
    ['what looks like one', { message: 'no' }, 'no'],
    ['a text', 'no', 'no'],
    ['nothing', undefined, 'undefined'],
    ['something with a message that is none', { message: 1 }, '[object Object]'],
  ])('%s has a message', (_, thrown, message) => {
    expect(messageOf(thrown)).toBe(message);
  });

  it('is known by its code', () => {
    const error = Object.assign(new Error('no'), { code: 'ENOENT' });
    expect([hasCode(error, 'EIO', 'ENOENT'), hasCode(error, 'EIO'), hasCode('ENOENT', 'ENOENT')]).toEqual([
      true,
      false,
      false,
    ]);
  });
});
