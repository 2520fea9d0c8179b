import { describe, expect, it } from '@jest/globals';
import { type AdmissionCluster } from '@sriov/admission';
import { type KubeObject } from '@sriov/api';
import { answerMutating, answerValidating } from './answers.ts';
import { type Question } from './review.ts';

const policy = (spec: object = {}, name = 'p'): KubeObject =>
  ({
    kind: 'SriovNetworkNodePolicy',
    metadata: { name, namespace: 'operator' },
    spec: { resourceName: 'r', numVfs: 4, nodeSelector: {}, nicSelector: { pfNames: ['ens1'] }, ...spec },
  }) as KubeObject;
const question = (object: KubeObject, rest: Partial<Question> = {}): Question => ({
  uid: 'u',
  operation: 'CREATE',
  object,
  oldObject: undefined,
  ...rest,
});
const cluster: AdmissionCluster = { nodes: [], nodeStates: [], policies: [], pools: [], supportedNics: undefined };
const settings = { operatorNamespace: 'operator', supportedNicsOnly: false };
const ALLOWED = { allowed: true, message: '', warnings: [], patch: [] };

describe('the answer of the mutating webhook', () => {
  it('allows, and sets the defaults of the kind', () => {
    const { patch, ...rest } = answerMutating(question(policy()));
    expect(rest).toEqual({ allowed: true, message: '', warnings: [] });
    expect(patch.length).toBeGreaterThan(0);
  });

  it('leaves a CONNECT alone', () => {
    expect(answerMutating(question(policy(), { operation: 'CONNECT' }))).toEqual(ALLOWED);
  });
});

describe('the answer of the validating webhook', () => {
  it('allows what is right, with warnings that name the object, and without a patch', () => {
    const { warnings, ...rest } = answerValidating(question(policy()), cluster, settings);
    expect(rest).toEqual({ allowed: true, message: '', patch: [] });
    expect(warnings.length).toBeGreaterThan(0);
    for (const warning of warnings) expect(warning).toMatch(/^SriovNetworkNodePolicy p: /);
  });

  it('refuses what is wrong, in a message that names the object', () => {
    const answer = answerValidating(question(policy({ numVfs: -1 })), cluster, settings);
    expect(answer).toMatchObject({ allowed: false, patch: [] });
    expect(answer.message).toMatch(/^SriovNetworkNodePolicy p: .*numVfs/);
  });

  it('says of an object whose name is yet to be made that it has none', () => {
    const { message } = answerValidating(question(policy({ numVfs: -1 }, '')), cluster, settings);
    expect(message).toMatch(/^SriovNetworkNodePolicy without a name yet: /);
  });

  it('quotes 8,192 characters of what the object says, and no more', () => {
    const messageFor = (length: number): string =>
      answerValidating(question(policy({ numVfs: -1 }, 'x'.repeat(length))), cluster, settings).message;
    const long = messageFor(20_000);
    expect(long).toHaveLength(8_195);
    expect(long.endsWith('...')).toBe(true);
    expect(messageFor(100).endsWith('...')).toBe(false);
  });

  it('judges a change by what the object was, and a CONNECT not at all', () => {
    const same = policy({ numVfs: -1 });
    expect(answerValidating(question(same, { operation: 'CONNECT' }), cluster, settings)).toEqual(ALLOWED);
    const change = question(same, { operation: 'UPDATE', oldObject: same });
    expect(answerValidating(change, cluster, settings)).not.toEqual(
      answerValidating(question(same), cluster, settings),
    );
  });

  it('judges by its settings', () => {
    const elsewhere = answerValidating(question(policy()), cluster, { ...settings, operatorNamespace: 'other' });
    expect(JSON.stringify(elsewhere)).toContain('other');
  });
});
