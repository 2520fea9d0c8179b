import { describe, expect, it } from '@jest/globals';
import { findNameFault, findNamespaceFault } from './name-faults.ts';

const named = (name: string): string | undefined => findNameFault({ metadata: { name } });
const label = (length: number): string => 'a'.repeat(length);

describe('the API server takes an object', () => {
  it.each([
    ['of one letter', 'a'],
    ['with dashes inside', 'a--b'],
    ['with dots', 'a.b-1.9'],
    ['of the longest name', label(253)],
  ])('%s', (_, name) => {
    expect(named(name)).toBeUndefined();
  });
});

describe('the API server refuses an object', () => {
  it.each([
    ['with a part that ends in a dash', 'a.b-'],
    ['with a part that begins with a dash', '-a.b'],
    ['with an empty part', 'a..b'],
    ['with one good part and one bad', 'good.Bad'],
    ['with a name that is one too long', label(254)],
  ])('%s', (_, name) => {
    expect(named(name)).toMatch(/^metadata\.name ".*" must be at most 253 .* letter or digit$/);
  });
});

describe('there can be a namespace', () => {
  it.each([
    ['of one digit', '1'],
    ['of the longest name', label(63)],
  ])('%s', (_, name) => {
    expect(findNamespaceFault('spec.networkNamespace', name)).toBeUndefined();
  });
});

describe('there can be no namespace', () => {
  it.each([
    ['with a dot', 'a.b', ''],
    ['with a dash at its end', 'a-', ''],
    ['with a name that is one too long', label(64), ''],
    ['of no name', '', ''],
    ['in capitals, which are proposed as small letters', 'Apps', ': write apps'],
    ['with an underscore, which is proposed as a dash', 'my_apps', ': write my-apps'],
    ['in capitals that are the longest name', label(63).toUpperCase(), `: write ${label(63)}`],
    ['in capitals that are too long to be proposed', label(64).toUpperCase(), ''],
    ['in capitals with a blank, which no spelling mends', 'My Apps', ''],
  ])('%s', (_, name, proposal) => {
    expect(findNamespaceFault('metadata.namespace', name)).toBe(
      `metadata.namespace "${name}" must be at most 63 lower-case letters, digits or "-", and begin and end with a letter or digit${proposal}`,
    );
  });
});
