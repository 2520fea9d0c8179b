import { createPrivateKey, X509Certificate } from 'node:crypto';
import { type KeyPair } from '@sriov/certificates';
import { type Secret } from '@sriov/kube';

/** The certificates that the replicas share. */
export interface StoredCertificates {
  /** The authority's certificate, followed by those of earlier authorities that are still trusted, PEM. */
  readonly bundle: string;
  /** The authority that signs: the first of the bundle. */
  readonly authority: X509Certificate;
  /** Its private key, PEM. */
  readonly authorityKey: string;
  readonly earlierAuthorities: readonly X509Certificate[];
  /** The certificate that is served, PEM. */
  readonly pair: KeyPair;
  readonly certificate: X509Certificate;
}

/** The content of the Secret. */
export type ReadSecret =
  | { readonly kind: 'usable'; readonly stored: StoredCertificates }
  /** There is no Secret, or one of ours that is damaged: a new one is made. */
  | { readonly kind: 'unusable' }
  /** The Secret belongs to somebody else, and is left alone. */
  | { readonly kind: 'foreign' };

const PEM_BLOCK = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----\n?/g;

/** Reads the Secret. A Secret without the key of an authority is not ours. */
export function readSecret(secret: Secret | undefined): ReadSecret {
  if (secret === undefined) return { kind: 'unusable' };
  if (secret.data?.['ca.key'] === undefined) return { kind: 'foreign' };
  try {
    return { kind: 'usable', stored: parse(secret.data) };
  } catch {
    // Whatever is wrong with it, the cure is the same.
    return { kind: 'unusable' };
  }
}

function parse(data: Readonly<Record<string, string>>): StoredCertificates {
  const text = (key: string): string => Buffer.from(data[key] ?? '', 'base64').toString('utf8');
  const bundle = text('ca.crt');
  const [authority, ...earlierAuthorities] = (bundle.match(PEM_BLOCK) ?? []).map((pem) => new X509Certificate(pem));
  const pair = { certificate: text('tls.crt'), privateKey: text('tls.key') };
  const certificate = new X509Certificate(pair.certificate);
  const authorityKey = text('ca.key');
  if (authority === undefined) throw new Error('no authority');
  if (!isPair(authority, authorityKey) || !isPair(certificate, pair.privateKey)) throw new Error('not a pair');
  return { bundle, authority, authorityKey, earlierAuthorities, pair, certificate };
}

/** True when the private key (PEM) belongs to the certificate. @throws Error when it is not a key. */
export function isPair(certificate: X509Certificate, privateKey: string): boolean {
  return certificate.checkPrivateKey(createPrivateKey(privateKey));
}

/** `data` of the Secret. */
export function secretData(parts: {
  readonly bundle: string;
  readonly authorityKey: string;
  readonly pair: KeyPair;
}): Record<string, string> {
  const { bundle, authorityKey, pair } = parts;
  const texts = { 'ca.crt': bundle, 'ca.key': authorityKey, 'tls.crt': pair.certificate, 'tls.key': pair.privateKey };
  return Object.fromEntries(
    Object.entries(texts).map(([key, value]) => [key, Buffer.from(value, 'utf8').toString('base64')]),
  );
}
