import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { type KeyPair } from '@sriov/certificates';
import { messageOf } from '@sriov/errors';
import { type Clock, type Logger, ServiceError } from '@sriov/runtime';
import { type CertificateInUse } from './certificate-in-use.ts';
import { isPair } from './stored.ts';

/** Where to read the certificate, which others make and renew. */
export interface FileCertificatesOptions {
  readonly certificateFile: string;
  readonly keyFile: string;
  readonly clock: Clock;
  readonly log: Logger;
  readonly inUse: CertificateInUse;
}

/**
 * Time between two reads. Kubernetes replaces mounted Secrets by links, which file watches miss; two small files are
 * cheap to read.
 */
const LOOK_EVERY_MS = 2_000;

/** A certificate in files that others renew. */
export class FileCertificates {
  readonly #options: FileCertificatesOptions;
  /** No caches: it follows nothing in the cluster. */
  readonly informers = [];
  #lastProblem: string | undefined;

  private constructor(options: FileCertificatesOptions) {
    this.#options = options;
  }

  /** Reads the files for the first time. @throws {ServiceError} `CERTIFICATE_UNUSABLE`, naming file and cause. */
  static async load(options: FileCertificatesOptions): Promise<FileCertificates> {
    const certificates = new FileCertificates(options);
    try {
      options.inUse.use(await certificates.#read());
    } catch (cause) {
      throw new ServiceError('CERTIFICATE_UNUSABLE', messageOf(cause), { cause });
    }
    return certificates;
  }

  /**
   * Reads the files again and again until `signal` aborts. While they do not belong together, the previous pair is
   * served.
   */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, inUse } = this.#options;
    for (;;) {
      await clock.sleep(LOOK_EVERY_MS, signal);
      if (signal.aborted) return;
      try {
        inUse.use(await this.#read());
        this.#lastProblem = undefined;
      } catch (error) {
        this.#warnOnce(messageOf(error));
      }
    }
  }

  async #read(): Promise<KeyPair> {
    const { certificateFile, keyFile } = this.#options;
    const pair = {
      certificate: await readText('--certificate-file', certificateFile),
      privateKey: await readText('--key-file', keyFile),
    };
    if (!isUsable(pair)) {
      throw new Error(`the certificate in ${certificateFile} and the key in ${keyFile} do not belong together`);
    }
    return pair;
  }

  /** The two files are rarely replaced at the same moment. One line of the log reports that, not one per read. */
  #warnOnce(problem: string): void {
    if (problem === this.#lastProblem) return;
    this.#lastProblem = problem;
    this.#options.log.warn({ problem }, 'the new certificate cannot be served; the one before is served on');
  }
}

async function readText(setting: string, file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    throw new Error(`cannot read the file of ${setting}: ${messageOf(cause)}`, { cause });
  }
}

function isUsable({ certificate, privateKey }: KeyPair): boolean {
  try {
    return isPair(new X509Certificate(certificate), privateKey);
  } catch {
    return false;
  }
}
