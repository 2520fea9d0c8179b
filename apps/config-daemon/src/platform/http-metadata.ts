import { messageOf } from '@sriov/errors';
import {
  type MetadataAnswer,
  type MetadataRequest,
  type MetadataService,
  MetadataServiceError,
} from './metadata-service.ts';

/** The address that OpenStack and AWS share. */
const METADATA_URL = 'http://169.254.169.254';
/** Longest wait for a whole answer, in milliseconds. The service is on the same machine as the hypervisor, or near. */
const ANSWER_MS = 5_000;
/** Largest answer, in bytes. */
const MOST_BYTES = 1_048_576;

/** How the service is asked; tests ask one of their own. */
export interface HttpMetadataOptions {
  readonly url?: string;
  readonly answerMs?: number;
}

/** The metadata service of the platform that the machine runs on. */
export class HttpMetadata implements MetadataService {
  readonly #url: string;
  readonly #answerMs: number;

  constructor({ url = METADATA_URL, answerMs = ANSWER_MS }: HttpMetadataOptions = {}) {
    this.#url = url;
    this.#answerMs = answerMs;
  }

  async ask({ path, method = 'GET', headers = {} }: MetadataRequest): Promise<MetadataAnswer> {
    const signal = AbortSignal.timeout(this.#answerMs);
    try {
      const response = await fetch(`${this.#url}${path}`, { method, headers, redirect: 'manual', signal });
      return { status: response.status, text: await readText(response) };
    } catch (cause) {
      const what = `${this.#url}${path}: ${signal.aborted ? `no whole answer within ${this.#answerMs} ms` : describe(cause)}`;
      throw new MetadataServiceError(what, { cause });
    }
  }
}

/** `fetch failed` alone says nothing: the cause has the errno. */
function describe(error: unknown): string {
  const hasCause = typeof error === 'object' && error !== null && 'cause' in error && error.cause !== undefined;
  return messageOf(hasCause ? error.cause : error);
}

async function readText({ body }: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  const reader = body?.getReader();
  for (let part = await reader?.read(); part?.value !== undefined; part = await reader?.read()) {
    const chunk = part.value as Uint8Array;
    size += chunk.byteLength;
    if (size > MOST_BYTES) throw new Error(`the answer is larger than ${MOST_BYTES} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
