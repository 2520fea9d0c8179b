import { request } from 'node:https';
import { type KeyPair } from '@sriov/certificates';

/** Where an API server is, and who asks. */
export interface Access {
  readonly server: string;
  readonly ca: string;
  readonly admin: KeyPair;
}

/** An answer of the API server: its status and its body as JSON, or as text where it is none. */
export interface Answer {
  readonly status: number;
  readonly body: unknown;
}

/** What is asked of the API server. */
export interface Call {
  readonly method: string;
  readonly path: string;
  readonly body?: object;
  /** Of the body; JSON unless said. */
  readonly contentType?: string;
  /** Bearer token of whoever asks instead of the administrator. */
  readonly token?: string;
  /** Longest wait for the answer. */
  readonly timeoutMs?: number;
}

/**
 * One request as administrator, or with the token of the call: for setting things up and for tests, not for services.
 * Rejects when no answer comes.
 */
export function adminRequest(access: Access, call: Call): Promise<Answer> {
  const timeout = call.timeoutMs ?? 10_000;
  const body = call.body && JSON.stringify(call.body);
  return new Promise((resolve, reject) => {
    const outgoing = request(
      new URL(call.path, access.server),
      {
        method: call.method,
        ca: access.ca,
        ...(call.token === undefined && { cert: access.admin.certificate, key: access.admin.privateKey }),
        // A connection a call: a server that was restarted must not be asked over an old one.
        agent: false,
        timeout,
        // Node sends the body of a DELETE without its length, and the server would not read it.
        headers: {
          ...(body && {
            'content-type': call.contentType ?? 'application/json',
            'content-length': Buffer.byteLength(body),
          }),
          ...(call.token !== undefined && { authorization: `Bearer ${call.token}` }),
        },
      },
      (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
        response.on('end', () => resolve({ status: response.statusCode ?? 0, body: parseBody(text) }));
      },
    );
    outgoing.once('timeout', () => outgoing.destroy(new Error(`no answer within ${timeout / 1000} s`)));
    outgoing.once('error', reject);
    outgoing.end(body);
  });
}

/**
 * The body of the answer to such a request. The body of a PATCH is a merge patch unless its content type says otherwise.
 * @throws Error with the request and what the API server has against it
 */
export async function adminAnswer(access: Access, call: Call): Promise<unknown> {
  const contentType = call.contentType ?? (call.method === 'PATCH' ? 'application/merge-patch+json' : undefined);
  const { status, body } = await adminRequest(access, { ...call, ...(contentType !== undefined && { contentType }) });
  if (status < 400) return body;
  throw new Error(`${call.method} ${call.path}: ${(body as { message?: string }).message ?? `HTTP ${status}`}`);
}

function parseBody(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}
