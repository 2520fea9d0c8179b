import { Agent as HttpAgent, type IncomingMessage, request as httpRequest, type RequestOptions } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { messageOf } from '@sriov/api';
import { KubeConfig } from '@kubernetes/client-node/dist/config.js';
import { type Clock, ServiceError } from '@sriov/runtime';
import { ApiError } from './api-error.ts';

/** One HTTP request to the API server. */
export interface ApiRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Path below the server's address, with its query. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly signal?: AbortSignal;
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
  /** Closes idle connections. */
  close(): void;
}

/** How long credentials are used before they are read again: service account tokens rotate. */
const CREDENTIALS_MS = 30_000;
/** Requests at the same time on connections of their own; more wait. Watches hold one each. */
const MAX_SOCKETS = 64;

/**
 * Reads the kubeconfig file, or the service account of the pod when none is given.
 * @throws {ServiceError} `KUBECONFIG_INVALID` that names the file and the cause.
 */
export function loadKubeConfig(path: string | undefined): KubeConfig {
  const config = new KubeConfig();
  try {
    if (path === undefined) config.loadFromCluster();
    else config.loadFromFile(path);
  } catch (cause) {
    const detail = messageOf(cause);
    throw new ServiceError(
      'KUBECONFIG_INVALID',
      path === undefined
        ? `no --kubeconfig is given and there is no service account of a pod to use: ${detail}`
        : `cannot use the kubeconfig ${path}: ${detail}`,
      { cause },
    );
  }
  if (!config.getCurrentCluster()?.server) {
    throw new ServiceError(
      'KUBECONFIG_INVALID',
      path === undefined
        ? 'no --kubeconfig is given and this process does not run in a pod of a cluster'
        : `the kubeconfig ${path} names no server for its current context "${config.getCurrentContext()}"`,
    );
  }
  return config;
}

/** Opens a connection with the kubeconfig's current context. Nothing is sent yet. */
export function connect(config: KubeConfig, clock: Clock): Connection {
  const server = (config.getCurrentCluster()?.server ?? '').replace(/\/$/, '');
  const base = new URL(server);
  const isTls = base.protocol === 'https:';
  const credentials = new Credentials(config, clock);
  let agent: HttpAgent | undefined;

  const options = async (request: ApiRequest): Promise<RequestOptions> => {
    const { tls, headers } = await credentials.get();
    agent ??= createAgent(isTls, tls);
    return {
      agent,
      host: base.hostname,
      port: base.port,
      path: `${base.pathname.replace(/\/$/, '')}${request.path}`,
      method: request.method,
      headers: { accept: 'application/json', 'user-agent': 'sriov-operator', ...headers, ...request.headers },
      ...(request.signal && { signal: request.signal }),
    };
  };

  return {
    server,
    async send(request) {
      const response = await exchange(isTls, await options(request), { request, server });
      if (response.statusCode === 401) credentials.forget();
      return response;
    },
    close: () => agent?.destroy(),
  };
}

/** Keeps TLS material and headers for a while: reading them means files, and sometimes a command. */
class Credentials {
  readonly #config: KubeConfig;
  readonly #clock: Clock;
  #current: Promise<{ tls: RequestOptions; headers: Record<string, string> }> | undefined;
  #readAt = 0;

  constructor(config: KubeConfig, clock: Clock) {
    this.#config = config;
    this.#clock = clock;
  }

  get(): Promise<{ tls: RequestOptions; headers: Record<string, string> }> {
    const now = this.#clock.now();
    if (this.#current === undefined || now - this.#readAt > CREDENTIALS_MS) {
      this.#readAt = now;
      this.#current = this.#read();
      // A failed read must not be kept; who awaits it gets the error.
      this.#current.catch(() => this.forget());
    }
    return this.#current;
  }

  forget(): void {
    this.#current = undefined;
  }

  async #read(): Promise<{ tls: RequestOptions; headers: Record<string, string> }> {
    const options: RequestOptions = {};
    await this.#config.applyToHTTPSOptions(options);
    const headers = { ...(options.headers as Record<string, string> | undefined) };
    if (typeof options.auth === 'string') {
      headers['authorization'] ??= `Basic ${Buffer.from(options.auth).toString('base64')}`;
    }
    return { tls: options, headers };
  }
}

function createAgent(isTls: boolean, tls: RequestOptions): HttpAgent {
  const pool = { keepAlive: true, maxSockets: MAX_SOCKETS, maxFreeSockets: 8, scheduling: 'lifo' as const };
  if (!isTls) return new HttpAgent(pool);
  const { ca, cert, key, servername, rejectUnauthorized } = tls as Record<string, unknown>;
  const given = Object.entries({ ca, cert, key, servername, rejectUnauthorized }).filter(([, value]) => value != null);
  return new HttpsAgent({ ...pool, ...Object.fromEntries(given) });
}

function exchange(
  isTls: boolean,
  options: RequestOptions,
  { request, server }: { readonly request: ApiRequest; readonly server: string },
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const outgoing = (isTls ? httpsRequest : httpRequest)(options, resolve);
    outgoing.once('error', (cause) => {
      const path = request.path.split('?')[0];
      reject(new ApiError(`${request.method} ${server}${path}: ${cause.message}`, { status: 0, cause }));
    });
    // A dead peer that sends no FIN shows up as a reset after a few unanswered probes.
    outgoing.once('socket', (socket) => socket.setKeepAlive(true, 30_000));
    outgoing.end(request.body);
  });
}
