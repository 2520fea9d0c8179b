import { type X509Certificate } from 'node:crypto';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { carryOut, type IssueFacts } from './issue.ts';
import { namesOf } from './names.ts';
import { AUTHORITY_LIFETIMES, BACKDATED_MS } from './plan.ts';
import { readSecret, type StoredCertificates } from './stored.ts';

const LIFETIME = 90 * 86_400_000;
const NOW = Date.UTC(2026, 0, 1);
const NAMES = ['hook.operator.svc', '127.0.0.1'];
const facts = (rest: Partial<IssueFacts>): IssueFacts => ({
  stored: undefined,
  names: NAMES,
  lifetimeMs: LIFETIME,
  now: NOW,
  ...rest,
});

/** What stands in the Secret after the step. */
async function afterStep(step: Parameters<typeof carryOut>[0], rest: Partial<IssueFacts>): Promise<StoredCertificates> {
  const read = readSecret({ metadata: { name: 'cert' }, data: await carryOut(step, facts(rest)) });
  if (read.kind !== 'usable') throw new Error(read.kind);
  return read.stored;
}

const validity = ({ validFrom, validTo }: X509Certificate): number[] => [Date.parse(validFrom), Date.parse(validTo)];
const isSigned = ({ authority, certificate }: StoredCertificates): boolean => certificate.verify(authority.publicKey);

let first: StoredCertificates;
beforeAll(async () => {
  first = await afterStep('create', {});
});

describe('certificates that are made', () => {
  it('are signed by an authority of their own, which lives longer, and begin in the past', () => {
    expect(isSigned(first)).toBe(true);
    expect(first.authority.subject).toBe('CN=sriov-operator webhook authority 2026-01-01T00:00:00.000Z');
    expect(first.certificate.subject).toBe('CN=admission-webhook');
    expect(namesOf(first.certificate)).toEqual(NAMES);
    expect(validity(first.certificate)).toEqual([NOW - BACKDATED_MS, NOW + LIFETIME]);
    expect(validity(first.authority)).toEqual([NOW - BACKDATED_MS, NOW + AUTHORITY_LIFETIMES * LIFETIME]);
    expect(first.earlierAuthorities).toEqual([]);
  });

  it('are made anew, authority and all, where none can be used', async () => {
    const again = await afterStep('renew-certificate', { stored: undefined });
    expect(isSigned(again)).toBe(true);
    expect(again.authority.publicKey.equals(first.authority.publicKey)).toBe(false);
  });

  it('replace those that are there when a new beginning is asked for', async () => {
    const again = await afterStep('create', { stored: first });
    expect(again.earlierAuthorities).toEqual([]);
    expect(again.authority.publicKey.equals(first.authority.publicKey)).toBe(false);
  });
});

describe('an authority that is renewed', () => {
  it('leaves the certificate in force, and is trusted beside those before it that are valid', async () => {
    const now = NOW + LIFETIME;
    const second = await afterStep('renew-authority', { stored: first, now });
    expect(second.pair).toEqual(first.pair);
    expect(second.earlierAuthorities.map(String)).toEqual([String(first.authority)]);
    expect(second.authority.subject).toContain(new Date(now).toISOString());
    const third = await afterStep('renew-authority', { stored: second, now: now + LIFETIME });
    expect(third.earlierAuthorities.map(String)).toEqual([String(second.authority), String(first.authority)]);
    expect(third.bundle).toMatch(/^(-----BEGIN CERTIFICATE-----\n[^-]+-----END CERTIFICATE-----\n){3}$/);
  });

  it('drops those before it that have expired', async () => {
    const now = NOW + AUTHORITY_LIFETIMES * LIFETIME;
    expect((await afterStep('renew-authority', { stored: first, now })).earlierAuthorities).toEqual([]);
  });
});

describe('a certificate that is renewed', () => {
  const now = NOW + LIFETIME / 2;

  it('is signed by the same authority, whose bundle stays', async () => {
    const renewed = await afterStep('renew-certificate', { stored: first, now });
    expect([renewed.bundle, renewed.authorityKey]).toEqual([first.bundle, first.authorityKey]);
    expect(isSigned(renewed)).toBe(true);
    expect(validity(renewed.certificate)).toEqual([now - BACKDATED_MS, now + LIFETIME]);
    expect(renewed.pair.privateKey).not.toBe(first.pair.privateKey);
  });

  it('keeps the names of the one before while that is valid: another replica may have added them', async () => {
    const renewed = await afterStep('renew-certificate', { stored: first, names: ['new', '127.0.0.1'], now });
    expect(namesOf(renewed.certificate).sort()).toEqual(['127.0.0.1', 'hook.operator.svc', 'new']);
  });

  it('has the wanted names alone when the one before has expired', async () => {
    const renewed = await afterStep('renew-certificate', { stored: first, names: ['new'], now: NOW + LIFETIME });
    expect(namesOf(renewed.certificate)).toEqual(['new']);
  });

  it('does not outlive its authority', async () => {
    const late = NOW + AUTHORITY_LIFETIMES * LIFETIME - 1_000;
    const renewed = await afterStep('renew-certificate', { stored: first, now: late });
    expect(renewed.certificate.validTo).toBe(first.authority.validTo);
  });
});
