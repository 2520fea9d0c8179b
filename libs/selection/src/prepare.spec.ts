import { describe, expect, it } from '@jest/globals';
import { type SriovNetworkNodePolicy } from '@sriov/api';
import { policy } from '@sriov/testing/objects';
import { isAboutNode, preparePolicies } from './prepare.ts';

const named = (stored: SriovNetworkNodePolicy[]): string[] => preparePolicies(stored).prepared.map(({ name }) => name);

describe('preparePolicies', () => {
  it('puts higher priority numbers first, and orders equal ones by name', () => {
    const stored = [policy('b', { priority: 10 }), policy('c', { priority: 99 }), policy('a', { priority: 10 })];
    expect(named(stored)).toEqual(['c', 'a', 'b']);
  });

  it('takes a priority that is absent for 0, the highest precedence', () => {
    expect(named([policy('a'), policy('b', { priority: 1 })])).toEqual(['b', 'a']);
  });

  it('leaves out the policy named default', () => {
    expect(named([policy('default'), policy('a')])).toEqual(['a']);
  });

  it('keeps the rank of a policy that cannot be read, and says what is wrong', () => {
    const odd = policy('odd', { priority: 50, numVfs: 'many' as unknown as number });
    const { prepared, problems } = preparePolicies([policy('a', { priority: 10, nicSelector: { vendor: '1' } }), odd]);
    expect(prepared).toMatchObject([
      { kind: 'unreadable', name: 'odd', priority: 50 },
      { kind: 'readable', name: 'a' },
    ]);
    expect(problems).toEqual([
      {
        kind: 'SriovNetworkNodePolicy',
        name: 'odd',
        reason: 'PolicyInvalid',
        message: 'spec.numVfs "many": must be a whole number',
      },
    ]);
  });

  it('takes a priority that is no number for 0', () => {
    const odd = policy('odd', { priority: 'high' as unknown as number });
    expect(preparePolicies([odd]).prepared).toEqual([{ kind: 'unreadable', name: 'odd', priority: 0 }]);
  });

  it('reads a policy with an empty selector, and says that it selects nothing', () => {
    const { prepared, problems } = preparePolicies([policy('p')]);
    expect(prepared).toMatchObject([{ kind: 'readable' }]);
    expect(problems).toMatchObject([{ name: 'p', message: 'spec.nicSelector is empty: it selects nothing' }]);
  });

  it.each([
    [{ resourceName: 'a.b' }, /^spec.resourceName "a.b" must be 1 to 63 letters/],
    [{ nicSelector: { pfNames: ['ens1#3'] } }, /^spec.nicSelector.pfNames: in "ens1#3"/],
  ])('cannot read a policy with %j', (spec, message) => {
    const { prepared, problems } = preparePolicies([policy('p', spec)]);
    expect(prepared).toMatchObject([{ kind: 'unreadable' }]);
    expect(problems).toMatchObject([{ name: 'p', reason: 'PolicyInvalid', message: expect.stringMatching(message) }]);
  });
});

it('isAboutNode: a policy is about the nodes that it selects, and an unreadable one may be about any', () => {
  const [readable] = preparePolicies([policy('p', { nodeSelector: { zone: 'a' } })]).prepared;
  const about = (labels: Record<string, string>): boolean => readable !== undefined && isAboutNode(readable, labels);
  expect([about({ zone: 'a' }), about({ zone: 'b' }), about({})]).toEqual([true, false, false]);
  expect(isAboutNode({ kind: 'unreadable', name: 'odd', priority: 0 }, {})).toBe(true);
});
