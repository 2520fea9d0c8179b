import { X509Certificate } from 'node:crypto';
import { type KeyPair } from '@sriov/certificates';
import { type CheckResult, type Logger } from '@sriov/runtime';
import { endOf } from './plan.ts';

/** What serves with a certificate. */
export interface CertificateUser {
  /** @throws Error when certificate and key do not belong together. */
  use(pair: KeyPair): void;
}

/** The certificate that is served now, and what keeps it from working. */
export class CertificateInUse {
  readonly #user: CertificateUser;
  readonly #log: Logger;
  #pair: KeyPair | undefined;
  #certificate: X509Certificate | undefined;
  #problem: string | undefined;
  #failure: string | undefined;

  constructor(user: CertificateUser, log: Logger) {
    this.#user = user;
    this.#log = log;
  }

  /** Serves with the pair from now on; the same pair again is no change. @throws Error when the pair cannot be used. */
  use(pair: KeyPair): void {
    if (pair.certificate === this.#pair?.certificate && pair.privateKey === this.#pair.privateKey) return;
    const certificate = new X509Certificate(pair.certificate);
    this.#user.use(pair);
    this.#pair = pair;
    this.#certificate = certificate;
    this.#log.info({ names: certificate.subjectAltName, until: certificate.validTo }, 'serving with a new certificate');
  }

  /** Records what keeps the API server from reaching us; nothing when it can. */
  setProblem(problem: string | undefined): void {
    this.#problem = problem;
  }

  /**
   * Records which write keeps failing; nothing when none does. While the certificate still works, that is no problem.
   */
  setFailure(failure: string | undefined): void {
    this.#failure = failure;
  }

  /** Whether the certificate works at this time, in milliseconds since the epoch. */
  check(now: number): CheckResult {
    const problem = this.#findProblem(now);
    if (problem === undefined) return true;
    return this.#failure === undefined ? problem : `${problem}: ${this.#failure}`;
  }

  #findProblem(now: number): string | undefined {
    if (this.#certificate === undefined) return this.#problem ?? 'there is none yet';
    if (endOf(this.#certificate) <= now) return `the one that is served ended at ${this.#certificate.validTo}`;
    return this.#problem;
  }
}
