import { X509Certificate } from 'node:crypto';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { carryOut } from './issue.ts';
import { isPair, readSecret, secretData } from './stored.ts';

const NAMES = ['hook.operator.svc'];
const LIFETIME = 90 * 86_400_000;
const metadata = { namespace: 'operator', name: 'cert' };
const make = (): Promise<Record<string, string>> =>
  carryOut('create', { stored: undefined, names: NAMES, lifetimeMs: LIFETIME, now: Date.now() });
const decode = (text = ''): string => Buffer.from(text, 'base64').toString();
/** A certificate as it stands in the Secret. */
const pemOf = (certificate: X509Certificate | undefined): string => String(certificate).trimEnd();
const encode = (text: string): string => Buffer.from(text).toString('base64');

let own: Record<string, string>;
let other: Record<string, string>;
beforeAll(async () => {
  [own, other] = await Promise.all([make(), make()]);
});

describe('the Secret of the certificates', () => {
  it('is usable as it was made', () => {
    const read = readSecret({ metadata, data: own });
    expect(read).toMatchObject({
      kind: 'usable',
      stored: {
        bundle: decode(own['ca.crt']),
        authorityKey: decode(own['ca.key']),
        earlierAuthorities: [],
        pair: { certificate: decode(own['tls.crt']), privateKey: decode(own['tls.key']) },
      },
    });
    const { authority, certificate } = (read as Extract<typeof read, { kind: 'usable' }>).stored;
    expect([authority, certificate].map(pemOf)).toEqual([decode(own['ca.crt']), decode(own['tls.crt'])]);
    expect(certificate.checkIssued(authority)).toBe(true);
  });

  it('keeps the authorities that signed before in its bundle, behind the one that signs', () => {
    const bundle = encode(`${decode(own['ca.crt'])}\n# a remark between them\n${decode(other['ca.crt'])}`);
    const read = readSecret({ metadata, data: { ...own, 'ca.crt': bundle } });
    const { authority, earlierAuthorities } = (read as Extract<typeof read, { kind: 'usable' }>).stored;
    expect(pemOf(authority)).toBe(decode(own['ca.crt']));
    expect(earlierAuthorities.map(pemOf)).toEqual([decode(other['ca.crt'])]);
  });

  it('is made anew where there is none', () => expect(readSecret(undefined)).toEqual({ kind: 'unusable' }));

  it.each<[string, () => Record<string, string | undefined>]>([
    ['its bundle is empty', () => ({ 'ca.crt': '' })],
    ['its bundle is missing', () => ({ 'ca.crt': undefined })],
    ['its bundle is no certificate', () => ({ 'ca.crt': encode('x') })],
    ['its certificate is missing', () => ({ 'tls.crt': undefined })],
    ['the key of its certificate is missing', () => ({ 'tls.key': undefined })],
    ['the key of its authority is of another one', () => ({ 'ca.key': other['ca.key'] })],
    ['the key of its certificate is of another one', () => ({ 'tls.key': other['tls.key'] })],
    ['the key of its authority is no key', () => ({ 'ca.key': encode('x') })],
  ])('is made anew where %s', (_, damage) => {
    const data = Object.fromEntries(Object.entries({ ...own, ...damage() }).filter(([, value]) => value !== undefined));
    expect(readSecret({ metadata, data: data as Record<string, string> })).toEqual({ kind: 'unusable' });
  });

  it('is left alone where it has no key of an authority, and where it has no data at all', () => {
    const { 'ca.key': _, ...foreign } = own;
    expect(readSecret({ metadata, data: foreign })).toEqual({ kind: 'foreign' });
    expect(readSecret({ metadata })).toEqual({ kind: 'foreign' });
  });

  it('says everything in base64', () => {
    const pair = { certificate: 'c', privateKey: 'p' };
    const data = secretData({ bundle: 'bündle', authorityKey: 'k', pair });
    const texts = Object.entries(data).map(([key, value]) => [key, decode(value)]);
    expect(Object.fromEntries(texts)).toEqual({ 'ca.crt': 'bündle', 'ca.key': 'k', 'tls.crt': 'c', 'tls.key': 'p' });
  });
});

it('a private key belongs to its own certificate alone', () => {
  const certificate = new X509Certificate(decode(own['tls.crt']));
  expect(isPair(certificate, decode(own['tls.key']))).toBe(true);
  expect(isPair(certificate, decode(other['tls.key']))).toBe(false);
  expect(() => isPair(certificate, 'x')).toThrow();
});
