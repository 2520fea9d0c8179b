import { expect, it } from '@jest/globals';
import { objectOf, verdictOn } from './test-requests.ts';

it('warns of a blank between tokens that JSON does not know, and lets it in as upstream does', () => {
  const verdict = (ipam: string): ReturnType<typeof verdictOn> =>
    verdictOn(objectOf('SriovNetwork', { resourceName: 'r', ipam }, { name: 'net' }));
  expect(verdict('{\u00a0"type":"static"}')).toMatchObject({
    allowed: true,
    warnings: [expect.stringContaining('spec.ipam: a blank that is none in JSON')],
  });
  expect(verdict('{"type":"a\u00a0b"}').warnings).toEqual([]);
});
