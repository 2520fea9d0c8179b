import { readFile } from 'node:fs/promises';
import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent, type RequestOptions } from 'node:https';
import { createSecureContext } from 'node:tls';
import { isDeepStrictEqual } from 'node:util';
import { type KubeConfig } from '@kubernetes/client-node';
import { messageOf } from '@sriov/errors';
import { type Clock } from '@sriov/runtime';

/** How long credentials are used before they are read again: tokens of service accounts and certificates rotate. */
const CREDENTIALS_MS = 30_000;
/** Most connections for requests at the same time; further requests wait for one. Watches have connections of their own. */
const MAX_SOCKETS = 64;
/** Idle connections are closed before the API server closes them (90 s), which could cross with a request of ours. */
const IDLE_MS = 60_000;

/** What a request needs beside its own text. */
export interface Session {
  readonly agent: HttpAgent;
  /** For watches: each holds a connection for minutes, and must not keep a request waiting, least of all a Lease. */
  readonly watchAgent: HttpAgent;
  readonly headers: Record<string, string>;
  /** What the agent was made from. */
  readonly tls: TlsMaterial;
}

/**
 * The credentials of a kubeconfig, and the connections that are made with them. Both are kept for a while, because to
 * read credentials means to read files, and sometimes to run a command.
 */
export class Credentials {
  readonly #config: KubeConfig;
  readonly #clock: Clock;
  #current: Promise<Session> | undefined;
  #session: Session | undefined;
  #readAt = 0;

  constructor(config: KubeConfig, clock: Clock) {
    this.#config = config;
    this.#clock = clock;
  }

  /** What to send the next request with. Rejects when the credentials cannot be read. */
  get(): Promise<Session> {
    const now = this.#clock.elapsed();
    if (this.#current === undefined || now - this.#readAt > CREDENTIALS_MS) {
      this.#readAt = now;
      this.#current = this.#read();
      // A failed read must not be kept. Its caller gets the error.
      this.#current.catch(() => this.forget());
    }
    return this.#current;
  }

  /** Reads the credentials again for the next request. */
  forget(): void {
    this.#current = undefined;
  }

  /** Breaks all connections. */
  close(): void {
    this.#session?.agent.destroy();
    this.#session?.watchAgent.destroy();
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
    // Connections are kept for as long as their certificates are valid. Watches on an older agent go on to their end.
    const agents = before && isDeepStrictEqual(before.tls, tls) ? before : this.#createAgents(options, tls);
    const { agent, watchAgent } = agents;
    this.#session = { agent, watchAgent, headers, tls };
    return this.#session;
  }

  /** The present token of a service account. The kubeconfig would give one that is up to a minute old. */
  async #fileToken(): Promise<{ Authorization?: string }> {
    const { config } = (this.#config.getCurrentUser()?.authProvider ?? {}) as { config?: { tokenFile?: string } };
    if (config?.tokenFile === undefined) return {};
    return { Authorization: `Bearer ${(await readFile(config.tokenFile, 'utf8')).trim()}` };
  }

  #createAgents(options: RequestOptions, tls: TlsMaterial): Pick<Session, 'agent' | 'watchAgent'> {
    const cluster = this.#config.getCurrentCluster();
    if (cluster?.proxyUrl) {
      // Only the agent that the kubeconfig makes can use a proxy.
      const agent = options.agent as HttpAgent;
      return { agent, watchAgent: agent };
    }
    const pool = {
      keepAlive: true,
      maxSockets: MAX_SOCKETS,
      // Within a burst of writes many connections are free for a moment, and a new one would cost a handshake.
      maxFreeSockets: MAX_SOCKETS,
      scheduling: 'lifo' as const,
      timeout: IDLE_MS,
    };
    const watches = { timeout: IDLE_MS };
    if (!cluster?.server.startsWith('https:')) {
      return { agent: new HttpAgent(pool), watchAgent: new HttpAgent(watches) };
    }
    // Made once: parsing certificates for each connection of a burst takes longer than its handshake.
    const secure = { ...tls, secureContext: createSecureContext(tls) };
    return { agent: new HttpsAgent({ ...pool, ...secure }), watchAgent: new HttpsAgent({ ...watches, ...secure }) };
  }
}

type TlsMaterial = Pick<RequestOptions, (typeof TLS_MATERIAL)[number]>;
const TLS_MATERIAL = ['ca', 'cert', 'key', 'servername', 'rejectUnauthorized'] as const;

function tlsMaterialOf(options: RequestOptions): TlsMaterial {
  const given = options as Record<string, unknown>;
  return Object.fromEntries(TLS_MATERIAL.flatMap((name) => (given[name] == null ? [] : [[name, given[name]]])));
}
