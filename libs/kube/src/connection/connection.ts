import { type IncomingMessage, request as httpRequest } from 'node:http';
import { request as httpsRequest, type RequestOptions } from 'node:https';
import { type KubeConfig } from '@kubernetes/client-node';
import { messageOf } from '@sriov/errors';
import { type Clock } from '@sriov/runtime';
import { ApiError } from '../api-error.ts';
import { Credentials } from './credentials.ts';

/** One HTTP request to the API server. */
export interface ApiRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Path below the server's address, with its query. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly signal?: AbortSignal;
  /** It is answered as long as it stands, and holds a connection for so long. */
  readonly isWatch?: boolean;
  /** Called right before the request is sent. The request is not sent when this throws. */
  readonly check?: () => void;
}

/** A way to the API server: address, TLS and credentials. */
export interface Connection {
  /** Such as `https://10.96.0.1`; for messages. */
  readonly server: string;
  /**
   * Sends a request and resolves with the response, its body unread.
   * @throws {ApiError} with status 0 when the server cannot be reached or `signal` aborts.
   */
  send(request: ApiRequest): Promise<IncomingMessage>;
  /** Breaks all connections. Later requests fail. */
  close(): void;
}

/** Opens a connection with the kubeconfig's current context. Nothing is sent yet. */
export function connect(config: KubeConfig, clock: Clock): Connection {
  const server = (config.getCurrentCluster()?.server ?? '').replace(/\/$/, '');
  const base = new URL(server);
  const isTls = base.protocol === 'https:';
  const credentials = new Credentials(config, clock);
  let isClosed = false;

  const options = async (request: ApiRequest): Promise<RequestOptions> => {
    const { agent, watchAgent, headers } = await credentials.get();
    // Node sets no length for the body of a DELETE, and the server would take such a body for the next request.
    const length = request.body === undefined ? {} : { 'content-length': String(Buffer.byteLength(request.body)) };
    return {
      agent: request.isWatch === true ? watchAgent : agent,
      // Only a URL has brackets around an IPv6 address.
      host: base.hostname.replace(/^\[(.*)\]$/, '$1'),
      port: base.port,
      path: `${base.pathname.replace(/\/$/, '')}${request.path}`,
      method: request.method,
      headers: {
        accept: 'application/json',
        'user-agent': 'sriov-operator',
        ...headers,
        ...request.headers,
        ...length,
      },
      ...(request.signal && { signal: request.signal }),
    };
  };

  return {
    server,
    async send(request) {
      const where = `${request.method} ${server}${request.path.split('?')[0]}`;
      try {
        if (isClosed) throw new Error('the process is stopping');
        const prepared = await options(request);
        request.check?.();
        const response = await exchange(isTls, prepared, request.body);
        if (response.statusCode === 401) credentials.forget();
        return response;
      } catch (cause) {
        throw new ApiError(`${where}: ${reasonOf(cause)}`, { status: 0, cause });
      }
    },
    close() {
      isClosed = true;
      credentials.close();
    },
  };
}

function exchange(isTls: boolean, options: RequestOptions, body: string | undefined): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const outgoing = (isTls ? httpsRequest : httpRequest)(options, resolve);
    // The listener stays: an error after the answer belongs to the answer's stream, and must not end the process here.
    outgoing.on('error', reject);
    // A dead peer that sends no FIN shows up as a reset after a few unanswered probes.
    outgoing.once('socket', (socket) => socket.setKeepAlive(true, 30_000));
    outgoing.end(body);
  });
}

/** Why a request failed, in words. Some errors have them only in their causes. */
function reasonOf(error: unknown): string {
  const { name, cause, errors, code } = error as { name?: string; cause?: unknown; errors?: unknown[]; code?: string };
  if (name === 'AbortError' && cause !== undefined) return messageOf(cause);
  if (Array.isArray(errors)) return errors.map(messageOf).join(', ');
  return messageOf(error) || (code ?? 'unknown error');
}
