import { readFile } from 'node:fs/promises';
import { Agent as HttpAgent, type IncomingMessage, request as httpRequest } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest, type RequestOptions } from 'node:https';
import { isDeepStrictEqual } from 'node:util';
import { createSecureContext } from 'node:tls';
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
  /** Called right before it is sent; it is not when this throws. */
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
  /** Breaks all connections; what is sent from now on fails. */
  close(): void;
}

/** How long credentials are used before they are read again: service account tokens and certificates rotate. */
const CREDENTIALS_MS = 30_000;
/** Requests at the same time on connections of their own; more wait. Watches hold one each. */
const MAX_SOCKETS = 64;
/** Idle connections are closed before the API server does it (90 s), which could cross with a request of ours. */
const IDLE_MS = 60_000;

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
  const problem = serverProblem(config, path);
  if (problem !== undefined) throw new ServiceError('KUBECONFIG_INVALID', problem);
  return config;
}

function serverProblem(config: KubeConfig, path: string | undefined): string | undefined {
  if (path === undefined) {
    return process.env['KUBERNETES_SERVICE_HOST']
      ? undefined
      : 'no --kubeconfig is given and this process does not run in a pod of a cluster';
  }
  const server = config.getCurrentCluster()?.server;
  const context = config.getCurrentContext() as string | undefined;
  const where = `the kubeconfig ${path}`;
  if (!context) return `${where} has no current-context`;
  if (!server) return `${where} names no server for its current context "${context}"`;
  const isAddress = /^https?:\/\//.test(server) && URL.canParse(server);
  return isAddress ? undefined : `${where} names the server "${server}", which is no http or https address`;
}

/** Opens a connection with the kubeconfig's current context. Nothing is sent yet. */
export function connect(config: KubeConfig, clock: Clock): Connection {
  const server = (config.getCurrentCluster()?.server ?? '').replace(/\/$/, '');
  const base = new URL(server);
  const isTls = base.protocol === 'https:';
  const credentials = new Credentials(config, clock);
  let isClosed = false;

  const options = async (request: ApiRequest): Promise<RequestOptions> => {
    const { agent, headers } = await credentials.get();
    // Node gives no length to the body of a DELETE, and the server takes such a body for the next request.
    const length = request.body === undefined ? {} : { 'content-length': String(Buffer.byteLength(request.body)) };
    return {
      agent,
      // An IPv6 address stands in brackets in a URL only.
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

interface Session {
  readonly agent: HttpAgent;
  readonly headers: Record<string, string>;
  /** What the agent was made of. */
  readonly tls: TlsMaterial;
}

/** Keeps headers and connections for a while: reading credentials means files, and sometimes a command. */
class Credentials {
  readonly #config: KubeConfig;
  readonly #clock: Clock;
  #current: Promise<Session> | undefined;
  #session: Session | undefined;
  #readAt = 0;

  constructor(config: KubeConfig, clock: Clock) {
    this.#config = config;
    this.#clock = clock;
  }

  get(): Promise<Session> {
    const now = this.#clock.elapsed();
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

  /** Breaks all connections. */
  close(): void {
    this.#session?.agent.destroy();
  }

  async #read(): Promise<Session> {
    const options: RequestOptions = {};
    const headers: Record<string, string> = {};
    try {
      await this.#config.applyToHTTPSOptions(options);
      Object.assign(headers, options.headers, await this.#fileToken());
    } catch (cause) {
      throw new Error(`cannot get credentials: ${messageOf(cause)}`, { cause });
    }
    if (typeof options.auth === 'string') {
      headers['Authorization'] ??= `Basic ${Buffer.from(options.auth).toString('base64')}`;
    }
    const tls = tlsMaterialOf(options);
    const before = this.#session;
    // Connections are kept for as long as their certificates are; watches on an older agent live on to their end.
    const agent = before && isDeepStrictEqual(before.tls, tls) ? before.agent : this.#createAgent(options, tls);
    this.#session = { agent, headers, tls };
    return this.#session;
  }

  /** The token of a service account, of now: the kubeconfig would give the one of up to a minute ago. */
  async #fileToken(): Promise<{ Authorization?: string }> {
    const { config } = (this.#config.getCurrentUser()?.authProvider ?? {}) as { config?: { tokenFile?: string } };
    if (config?.tokenFile === undefined) return {};
    return { Authorization: `Bearer ${(await readFile(config.tokenFile, 'utf8')).trim()}` };
  }

  #createAgent(options: RequestOptions, tls: TlsMaterial): HttpAgent {
    const cluster = this.#config.getCurrentCluster();
    // A proxy is spoken to by the agent that the kubeconfig makes.
    if (cluster?.proxyUrl) return options.agent as HttpAgent;
    const pool = {
      keepAlive: true,
      maxSockets: MAX_SOCKETS,
      // A burst of writes frees connections by the handful between answer and next request; a new one costs a handshake.
      maxFreeSockets: MAX_SOCKETS,
      scheduling: 'lifo' as const,
      timeout: IDLE_MS,
    };
    if (!cluster?.server.startsWith('https:')) return new HttpAgent(pool);
    // Made once: parsing certificates for each connection of a burst takes longer than its handshake.
    return new HttpsAgent({ ...pool, ...tls, secureContext: createSecureContext(tls) });
  }
}

type TlsMaterial = Pick<RequestOptions, (typeof TLS_MATERIAL)[number]>;
const TLS_MATERIAL = ['ca', 'cert', 'key', 'servername', 'rejectUnauthorized'] as const;

function tlsMaterialOf(options: RequestOptions): TlsMaterial {
  const given = options as Record<string, unknown>;
  return Object.fromEntries(TLS_MATERIAL.flatMap((name) => (given[name] == null ? [] : [[name, given[name]]])));
}

function exchange(isTls: boolean, options: RequestOptions, body: string | undefined): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const outgoing = (isTls ? httpsRequest : httpRequest)(options, resolve);
    // Stays for good: an error behind the answer belongs to the answer's stream, and must not end the process here.
    outgoing.on('error', reject);
    // A dead peer that sends no FIN shows up as a reset after a few unanswered probes.
    outgoing.once('socket', (socket) => socket.setKeepAlive(true, 30_000));
    outgoing.end(body);
  });
}

/** Why a request failed, in words: some errors carry them in their causes only. */
function reasonOf(error: unknown): string {
  const { name, cause, errors, code } = error as { name?: string; cause?: unknown; errors?: unknown[]; code?: string };
  if (name === 'AbortError' && cause !== undefined) return messageOf(cause);
  if (Array.isArray(errors)) return errors.map(messageOf).join(', ');
  return messageOf(error) || (code ?? 'unknown error');
}
