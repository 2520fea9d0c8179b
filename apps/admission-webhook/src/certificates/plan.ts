import { type X509Certificate } from 'node:crypto';
import { coversNames } from './names.ts';
import { type StoredCertificates } from './stored.ts';

/** What is to be done about the certificates now. */
export type CertificateStep =
  /** A new authority and a certificate of it, because there is none that can be kept. */
  | 'create'
  /** A new authority beside the old one; the certificate stays until the new one is trusted. */
  | 'renew-authority'
  /** A new certificate of the present authority. */
  | 'renew-certificate'
  | 'nothing';

/** What the decision depends on. */
export interface CertificateFacts {
  readonly stored: StoredCertificates | undefined;
  /** Names that the certificate has to be for. */
  readonly names: readonly string[];
  /** How long a new certificate is valid, in milliseconds. */
  readonly lifetimeMs: number;
  /** Every registration of ours has the bundle. */
  readonly isTrusted: boolean;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/** The step, and when to look again if it is done by then. */
export interface CertificatePlan {
  readonly step: CertificateStep;
  /** Milliseconds since the epoch. */
  readonly dueAt: number;
}

/** How many times as long as its certificates an authority is valid. */
export const AUTHORITY_LIFETIMES = 10;
/** An authority is renewed when it would not outlive so many certificates. */
const LEAST_LIFETIMES = 2;
/** A certificate is renewed when this part of its life is left. */
const LAST_PART = 1 / 3;
/** Certificates are valid from this long before they are made, because other clocks may be behind. */
export const BACKDATED_MS = 3_600_000;
/** All API servers know a new authority after this time, or after a part of its life when that is short. */
const LONGEST_PROPAGATION_MS = 60_000;
const PROPAGATION_PART = 1 / 20;

/** Decides the next step for the certificates. Each step is safe even when other replicas take it at the same time. */
export function planCertificates(facts: CertificateFacts): CertificatePlan {
  const { stored, lifetimeMs, now } = facts;
  if (stored === undefined || endOf(stored.authority) <= now) return { step: 'create', dueAt: now };
  if (!isUsable(stored, facts)) return { step: 'renew-certificate', dueAt: now };

  const renewAuthorityAt = endOf(stored.authority) - LEAST_LIFETIMES * lifetimeMs;
  if (renewAuthorityAt <= now) return { step: 'renew-authority', dueAt: now };
  if (!isIssuedBy(stored.certificate, stored.authority)) return planSwitch(stored, facts);

  const renewAt = endOf(stored.certificate) - LAST_PART * lifetimeMs;
  return { step: renewAt <= now ? 'renew-certificate' : 'nothing', dueAt: Math.min(renewAt, renewAuthorityAt) };
}

/**
 * The plan while the certificate still comes from an earlier authority. It is replaced once the new authority is
 * trusted everywhere.
 */
function planSwitch(
  { authority }: StoredCertificates,
  { lifetimeMs, isTrusted, now }: CertificateFacts,
): CertificatePlan {
  const switchAt = beginOf(authority) + BACKDATED_MS + propagation(lifetimeMs);
  return { step: isTrusted && switchAt <= now ? 'renew-certificate' : 'nothing', dueAt: Math.max(switchAt, now) };
}

function isUsable(stored: StoredCertificates, { names, now }: CertificateFacts): boolean {
  return endOf(stored.certificate) > now && coversNames(stored.certificate, names) && isKnown(stored);
}

function propagation(lifetimeMs: number): number {
  return Math.min(LONGEST_PROPAGATION_MS, lifetimeMs * PROPAGATION_PART);
}

function isKnown({ authority, earlierAuthorities, certificate }: StoredCertificates): boolean {
  return [authority, ...earlierAuthorities].some((each) => isIssuedBy(certificate, each));
}

function isIssuedBy(certificate: X509Certificate, authority: X509Certificate): boolean {
  return certificate.checkIssued(authority) && certificate.verify(authority.publicKey);
}

/** When a certificate ends, in milliseconds since the epoch. */
export function endOf({ validTo }: X509Certificate): number {
  return Date.parse(validTo);
}

function beginOf({ validFrom }: X509Certificate): number {
  return Date.parse(validFrom);
}
