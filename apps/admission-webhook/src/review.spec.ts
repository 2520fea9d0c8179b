import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { answerMutating, answerValidating } from './answers.ts';
import { type Question, readReview, writeReview } from './review.ts';

const review = (request: object): object => ({
  apiVersion: 'admission.k8s.io/v1',
  kind: 'AdmissionReview',
  request: {
    uid: 'u',
    kind: { group: 'g', version: 'v1', kind: 'SriovNetwork' },
    operation: 'CREATE',
    object: { metadata: { name: 'net', namespace: 'ns' } },
    ...request,
  },
});

describe('readReview', () => {
  it('reads the object, and the one before on an update only', () => {
    const oldObject = { metadata: { name: 'net', namespace: 'ns' }, spec: { a: 1 } };
    expect(readReview(review({ oldObject }))).toMatchObject({ uid: 'u', operation: 'CREATE', oldObject: undefined });
    expect(readReview(review({ oldObject, operation: 'UPDATE' }))).toMatchObject({ oldObject });
    expect(readReview(review({ oldObject, operation: 'DELETE', object: null }))).toMatchObject({ object: oldObject });
  });

  it('takes kind and namespace from the request, where the object need not repeat them', () => {
    const object = { metadata: { generateName: 'net-' } };
    expect(readReview(review({ object, namespace: 'ns' }))).toMatchObject({
      object: { kind: 'SriovNetwork', metadata: { name: '', namespace: 'ns', generateName: 'net-' } },
    });
  });

  it.each<[string, unknown, string]>([
    ['no JSON object', 'x', 'not an AdmissionReview of admission.k8s.io/v1: body: '],
    ['another version', { ...review({}), apiVersion: 'admission.k8s.io/v1beta1' }, ': apiVersion: '],
    ['no uid', review({ uid: '' }), ': request.uid: '],
    ['an unknown operation', review({ operation: 'PATCH' }), ': request.operation: '],
    ['no object', review({ object: null }), 'the request has no object'],
    ['an object without metadata', review({ object: {} }), ': request.object.metadata: '],
  ])('refuses %s', (_, body, message) => {
    expect(readReview(body)).toEqual(expect.stringContaining(message));
  });

  it('reads anything without a throw, and what it reads can be answered', () => {
    const cluster = { nodes: [], nodeStates: [], policies: [], pools: [], supportedNics: undefined };
    const settings = { operatorNamespace: 'ns', supportedNicsOnly: false };
    fc.assert(
      fc.property(fc.constantFrom('SriovNetworkNodePolicy', 'OVSNetwork', 'Pod'), fc.object(), (kind, extra) => {
        const question = readReview(review({ kind: { kind }, object: { metadata: {}, ...extra } })) as Question;
        if (typeof question === 'string') return;
        expect(answerMutating(question).allowed).toBe(true);
        const { allowed, message } = answerValidating(question, cluster, settings);
        expect(message === '').toBe(allowed);
      }),
    );
  });
});

describe('writeReview', () => {
  it('says why, as text for people and as a code for programs', () => {
    expect(writeReview('u', { allowed: false, message: 'no', warnings: [], patch: [] })).toEqual({
      apiVersion: 'admission.k8s.io/v1',
      kind: 'AdmissionReview',
      response: { uid: 'u', allowed: false, status: { code: 403, reason: 'Forbidden', message: 'no' } },
    });
  });

  it('carries warnings and the patch, which is base64', () => {
    const patch = [{ op: 'add' as const, path: '/spec/priority', value: 99 }];
    const { response } = writeReview('u', { allowed: true, message: '', warnings: ['w'], patch }) as {
      response: { patch: string };
    };
    expect(response).toMatchObject({ uid: 'u', allowed: true, warnings: ['w'], patchType: 'JSONPatch' });
    expect(JSON.parse(Buffer.from(response.patch, 'base64').toString())).toEqual(patch);
  });

  it('is short when there is nothing to say', () => {
    const { response } = writeReview('u', { allowed: true, message: '', warnings: [], patch: [] }) as {
      response: object;
    };
    expect(response).toEqual({ uid: 'u', allowed: true });
  });
});

describe('answers', () => {
  const bad: Question = {
    uid: 'u',
    operation: 'CREATE',
    oldObject: undefined,
    object: {
      kind: 'SriovNetworkNodePolicy',
      metadata: { name: 'p' },
      spec: { resourceName: '-' },
    } as Question['object'],
  };
  const cluster = { nodes: [], nodeStates: [], policies: [], pools: [], supportedNics: undefined };
  const settings = { operatorNamespace: 'ns', supportedNicsOnly: false };

  it('set defaults on a bad object as well, and refuse it afterwards, without a patch', () => {
    expect(answerMutating(bad)).toMatchObject({ allowed: true, patch: [{ value: 99 }, { value: false }] });
    expect(answerValidating(bad, cluster, settings)).toMatchObject({ allowed: false, patch: [] });
  });

  it('have nothing against a connection', () => {
    const question = { ...bad, operation: 'CONNECT' as const };
    expect([answerMutating(question), answerValidating(question, cluster, settings)]).toEqual(
      Array(2).fill({ allowed: true, message: '', warnings: [], patch: [] }),
    );
  });
});
