import { describe, expect, it } from '@jest/globals';
import { REASON } from '@sriov/api';
import { isConflict, refusalOf, refusedWrite } from './refusal.ts';

describe('what an error tells about the answer of the API server', () => {
  it.each<[string, unknown, object]>([
    [
      'the status and the wait of an error that has them',
      { status: 429, retryAfterMs: 5 },
      { status: 429, retryAfterMs: 5 },
    ],
    ['nothing where a text was thrown', 'no', {}],
    ['nothing where null was thrown', null, {}],
    ['nothing where nothing was thrown', undefined, {}],
  ])('is %s', (_, error, expected) => {
    expect(refusalOf(error)).toStrictEqual(expected);
  });

  it.each([
    [409, true, undefined],
    [413, false, REASON.objectTooLarge],
    [422, false, REASON.writeRefused],
    [403, false, undefined],
    [0, false, undefined],
  ])('with status %d', (status, conflicts, reason) => {
    expect([isConflict({ status }), refusedWrite({ status })]).toEqual([conflicts, reason]);
  });
});
