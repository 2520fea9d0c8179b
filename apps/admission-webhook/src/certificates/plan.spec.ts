import { beforeAll, describe, expect, it } from '@jest/globals';
import { carryOut } from './issue.ts';
import { coversNames, endpointOf, namesOf } from './names.ts';
import { type CertificateFacts, endOf, planCertificates } from './plan.ts';
import { readSecret, type StoredCertificates } from './stored.ts';

const DAY = 86_400_000;
const START = Date.UTC(2026, 0, 1);
const NAMES = ['hook.operator.svc', '127.0.0.1'];

const stored = (data: Record<string, string>): StoredCertificates => {
  const read = readSecret({ metadata: { name: 's' }, data });
  if (read.kind !== 'usable') throw new Error(read.kind);
  return read.stored;
};
const facts = (rest: Partial<CertificateFacts>): CertificateFacts => ({
  stored: undefined,
  names: NAMES,
  lifetimeMs: 90 * DAY,
  isTrusted: true,
  now: START,
  ...rest,
});
/** What stands in the Secret after the step that is due. */
const next = async (given: CertificateFacts): Promise<StoredCertificates> => {
  const { step } = planCertificates(given);
  if (step === 'nothing') throw new Error('nothing is due');
  return stored(await carryOut(step, given));
};
const decode = (text: string | undefined): string => Buffer.from(text ?? '', 'base64').toString();

let fresh: StoredCertificates;
beforeAll(async () => {
  fresh = await next(facts({}));
});

describe('certificates of our own', () => {
  it('begin with an authority and a certificate of it, for all names', () => {
    expect(planCertificates(facts({}))).toEqual({ step: 'create', dueAt: START });
    expect(coversNames(fresh.certificate, NAMES)).toBe(true);
    expect(fresh.certificate.verify(fresh.authority.publicKey)).toBe(true);
    expect((endOf(fresh.certificate) - START) / DAY).toBe(90);
    expect((endOf(fresh.authority) - START) / DAY).toBe(900);
  });

  it.each<[string, number, string, number]>([
    ['rest while they are young', 0, 'nothing', 60],
    ['rest until a third of the certificate is left', 59.9, 'nothing', 60],
    ['get a new certificate then', 60, 'renew-certificate', 60],
    ['get one when it has ended', 91, 'renew-certificate', 91],
    ['are created again when the authority has ended', 900, 'create', 900],
  ])('%s', (_, day, step, dueDay) => {
    const plan = planCertificates(facts({ stored: fresh, now: START + day * DAY }));
    expect({ step: plan.step, dueDay: (plan.dueAt - START) / DAY }).toEqual({ step, dueDay });
  });

  it('get a new certificate when they are to be for more names, and keep the names that they have', async () => {
    const given = facts({ stored: fresh, names: ['other.svc'] });
    expect(planCertificates(given).step).toBe('renew-certificate');
    const after = await next(given);
    expect(namesOf(after.certificate).sort()).toEqual([...NAMES, 'other.svc'].sort());
    expect(planCertificates(facts({ stored: after })).step).toBe('nothing');
    expect(planCertificates({ ...given, stored: after }).step).toBe('nothing');
  });

  it('keep the authority when the certificate is renewed', async () => {
    const after = await next(facts({ stored: fresh, now: START + 70 * DAY }));
    expect(after.bundle).toBe(fresh.bundle);
    expect(after.pair).not.toEqual(fresh.pair);
  });

  it('change over to a new authority step by step: trusted first, used then, the old one forgotten at its end', async () => {
    let state = fresh;
    let now = START;
    const run = async (day: number, isTrusted = true): Promise<string> => {
      now = START + day * DAY;
      const given = facts({ stored: state, now, isTrusted });
      const { step } = planCertificates(given);
      if (step !== 'nothing') state = await next(given);
      return step;
    };
    for (let day = 60; day < 720; day += 60) expect([day, await run(day)]).toEqual([day, 'renew-certificate']);
    const last = state.pair;
    expect(await run(721)).toBe('renew-authority');
    expect(state.pair).toEqual(last);
    expect(state.earlierAuthorities.map(({ raw }) => raw)).toEqual([fresh.authority.raw]);
    const minute = 1 / 1440;
    expect(await run(721 + minute / 2)).toBe('nothing');
    expect(await run(721 + minute, false)).toBe('nothing');
    expect(await run(721 + minute)).toBe('renew-certificate');
    expect(state.certificate.verify(state.authority.publicKey)).toBe(true);
    expect(await run(722)).toBe('nothing');
    // The next change leaves out what has ended meanwhile.
    for (let day = 780; day < 1_440; day += 60) await run(day);
    expect(await run(1_442)).toBe('renew-authority');
    expect(state.earlierAuthorities).toHaveLength(1);
  });

  it('are replaced at once when the certificate is of an authority that nobody trusts', async () => {
    const other = await next(facts({}));
    const mixed = { ...fresh, authority: other.authority, authorityKey: other.authorityKey, bundle: other.bundle };
    expect(planCertificates(facts({ stored: mixed })).step).toBe('renew-certificate');
  });
});

describe('the Secret', () => {
  it('that is not there, or damaged, is created again', async () => {
    const data = await carryOut('create', facts({}));
    const damaged = [
      { ...data, 'tls.crt': 'AAAA' },
      { ...data, 'ca.crt': '' },
      { ...data, 'tls.key': data['ca.key'] ?? '' },
    ];
    for (const each of damaged) expect(readSecret({ metadata: { name: 's' }, data: each }).kind).toBe('unusable');
    expect(readSecret(undefined).kind).toBe('unusable');
  });

  it('of somebody else is left alone', () => {
    expect(readSecret({ metadata: { name: 's' }, data: { 'tls.crt': 'AAAA', 'tls.key': 'AAAA' } }).kind).toBe(
      'foreign',
    );
  });

  it('holds PEM', async () => {
    const data = await carryOut('create', facts({}));
    expect(Object.keys(data)).toEqual(['ca.crt', 'ca.key', 'tls.crt', 'tls.key']);
    expect(decode(data['ca.crt'])).toMatch(/^-----BEGIN CERTIFICATE-----/);
    expect(decode(data['tls.key'])).toMatch(/^-----BEGIN PRIVATE KEY-----/);
  });
});

describe('endpointOf', () => {
  it('names the Service first, and each name once', () => {
    const settings = { serviceName: 'hook', namespace: 'ns', certificateNames: ['127.0.0.1', 'hook.ns.svc'] };
    expect(endpointOf(settings).names).toEqual(['hook.ns.svc', 'hook.ns.svc.cluster.local', '127.0.0.1']);
  });
});
