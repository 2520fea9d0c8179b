import { describe, expect, it } from '@jest/globals';
import { conditionSchema } from './conditions.ts';

const CONDITION = {
  type: 'Ready',
  status: 'True',
  lastTransitionTime: '2026-01-01T00:00:00Z',
  reason: 'R',
  message: '',
};
const isTaken = (change: object): boolean => conditionSchema.safeParse({ ...CONDITION, ...change }).success;
const label = (length: number): string => 'a'.repeat(length);

describe('a condition is taken', () => {
  it.each<[string, object]>([
    ['with a type of one letter', { type: 'R' }],
    ['with a type in parts', { type: 'My-own_type.1' }],
    ['with a type that has a domain', { type: 'sriov-2.example.org/Ready' }],
    ['with a type that has a domain of one letter', { type: 'a.b/Ready' }],
    ['with the longest type', { type: label(316) }],
    ['that does not hold', { status: 'False' }],
    ['of which nothing is known', { status: 'Unknown' }],
    ['of an object that was never changed', { observedGeneration: 0 }],
    ['with the longest reason', { reason: label(1024) }],
    ['with a reason of several parts', { reason: 'Not_yet,Done:1' }],
    ['with the longest message', { message: label(32_768) }],
  ])('%s', (_, change) => {
    expect(isTaken(change)).toBe(true);
  });
});

describe('a condition is refused', () => {
  it.each<[string, object]>([
    ['without a type', { type: '' }],
    ['with a type that ends in a dash', { type: 'Ready-' }],
    ['with a type that begins with a dash', { type: '-Ready' }],
    ['with a type of two words', { type: 'Not Ready' }],
    ['with a domain in capitals', { type: 'Example.org/Ready' }],
    ['with a domain that begins with a dash', { type: '-example.org/Ready' }],
    ['with a domain that ends in a dash', { type: 'example-/Ready' }],
    ['with a domain that has an empty part', { type: 'example..org/Ready' }],
    ['with a domain whose last part ends in a dash', { type: 'example.org-/Ready' }],
    ['with a domain and no name', { type: 'example.org/' }],
    ['with a type that is one too long', { type: label(317) }],
    ['with another status', { status: 'true' }],
    ['with a generation below 0', { observedGeneration: -1 }],
    ['without a reason', { reason: '' }],
    ['with a reason that begins with a digit', { reason: '1st' }],
    ['with a reason that ends in a comma', { reason: 'First,' }],
    ['with a reason of two words', { reason: 'Not yet' }],
    ['with a reason that is one too long', { reason: label(1025) }],
    ['with a message that is one too long', { message: label(32_769) }],
    ['with a day for a time', { lastTransitionTime: '2026-01-01' }],
  ])('%s', (_, change) => {
    expect(isTaken(change)).toBe(false);
  });
});
