import { expect, it } from '@jest/globals';
import { nameOfSubject, subjectOf } from './subject.ts';

it('a subject tells its name to who asks for its kind, and to nobody else', () => {
  const subject = subjectOf('SriovNetworkNodePolicy', 'a.b');
  expect(subject).toBe('SriovNetworkNodePolicy/a.b');
  expect(nameOfSubject(subject, 'SriovNetworkNodePolicy')).toBe('a.b');
  expect(nameOfSubject(subject, 'SriovNetworkPoolConfig')).toBeUndefined();
});
