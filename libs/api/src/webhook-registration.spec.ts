import { describe, expect, it } from '@jest/globals';
import {
  type AdmissionRule,
  hasRule,
  isAsked,
  REGISTRATIONS,
  type WebhookConfiguration,
  withoutRule,
  withRule,
} from './webhook-registration.ts';

const rule = (...resources: string[]): AdmissionRule => ({
  apiGroups: ['g'],
  apiVersions: ['v1'],
  operations: ['CREATE', 'UPDATE'],
  resources,
});
const wanted = rule('a', 'b');

describe('a rule', () => {
  it.each<[string, AdmissionRule[] | undefined, boolean]>([
    ['no rules', undefined, false],
    ['an empty list', [], false],
    ['the rule itself', [wanted], true],
    ['the rule as the API server stores it', [{ ...wanted, scope: '*' }], true],
    ['a rule about more', [rule('c', 'b', 'a')], true],
    ['a rule about everything', [{ ...wanted, resources: ['*'], operations: ['*'] }], true],
    ['a rule about less', [rule('a')], false],
    ['two rules about parts', [rule('a'), rule('b')], false],
    ['fewer operations', [{ ...wanted, operations: ['CREATE'] }], false],
    ['another group', [{ ...wanted, apiGroups: ['h'] }], false],
    ['objects without a namespace', [{ ...wanted, scope: 'Cluster' }], false],
  ])('is in force with %s', (_, rules, isInForce) => {
    expect(hasRule(rules, wanted)).toBe(isInForce);
  });

  it.each<[string, AdmissionRule[] | undefined, AdmissionRule[]]>([
    ['nothing', undefined, [wanted]],
    ['a part of it, which it replaces', [rule('a'), { ...rule('b'), scope: '*' }], [wanted]],
    ['rules about something else, which stay', [rule('c'), rule('a', 'd')], [rule('c'), rule('a', 'd'), wanted]],
    ['fewer objects', [{ ...wanted, scope: 'Namespaced' }], [wanted]],
  ])('is added to %s', (_, rules, together) => {
    expect(withRule(rules, wanted)).toEqual(together);
  });
});

it('a rule is taken away with its parts, and no rule that says more', () => {
  expect(withoutRule([rule('c'), rule('a', 'd'), rule('b'), { ...wanted, scope: '*' }], wanted)).toEqual([
    rule('c'),
    rule('a', 'd'),
  ]);
  expect(withoutRule(undefined, wanted)).toEqual([]);
});

describe('the registrations', () => {
  const entry = (name: string, rules: readonly AdmissionRule[]): WebhookConfiguration => ({
    metadata: { name: 'c' },
    webhooks: [{ name, clientConfig: {}, rules }],
  });

  it('ask about policies for their defaults, and for a verdict about all kinds that people write', () => {
    expect(REGISTRATIONS.map(({ wanted: { resources } }) => resources)).toEqual([
      ['sriovnetworknodepolicies'],
      [
        'ovsnetworks',
        'sriovibnetworks',
        'sriovnetworknodepolicies',
        'sriovnetworkpoolconfigs',
        'sriovnetworks',
        'sriovoperatorconfigs',
      ],
    ]);
  });

  it.each(REGISTRATIONS)('of $kind count when our entry has the rule, and by no entry of others', (registration) => {
    const ours = 'operator-webhook.sriovnetwork.openshift.io';
    expect(isAsked(registration, entry(ours, [registration.wanted]))).toBe(true);
    expect(isAsked(registration, entry(ours, []))).toBe(false);
    expect(isAsked(registration, entry('other', [registration.wanted]))).toBe(false);
    expect(isAsked(registration, { metadata: { name: 'c' } })).toBe(false);
    expect(isAsked(registration, undefined)).toBe(false);
  });
});
