import { createServer, type Server } from 'node:https';
import { type AddressInfo, type ListenOptions } from 'node:net';
import { type Duplex } from 'node:stream';
import { type KeyPair } from '@sriov/certificates';
import { hasCode, messageOf } from '@sriov/errors';
import { type Logger, ServiceError } from '@sriov/runtime';
import fastify, { type FastifyInstance } from 'fastify';
import { BodyQueue } from './body-queue.ts';
import { type Answer, type Question, readReview, writeReview } from './review.ts';

/** Answers a question, or says in a sentence why it cannot be answered now. */
export type Responder = (question: Question) => Answer | string;

/** What the server serves. */
export interface WebhookServerOptions {
  readonly listen: ListenOptions;
  /** By path. */
  readonly responders: Readonly<Record<string, Responder>>;
  /** Sentences that say why `/readyz` fails; none when it does not. */
  readonly readyProblems: () => readonly string[];
  readonly log: Logger;
  /** Longest time, in ms, for each part of a request to arrive: TLS handshake, headers, body. */
  readonly arrivalMs?: number;
  /** Longest wait for open requests when the server closes, in ms. */
  readonly graceMs?: number;
}

/** Objects are at most 1.5 MB, and a review holds two of them. */
const BODY_LIMIT = 8 * 1024 * 1024;
/** The API server waits this long for an answer, unless the registration says otherwise. */
const ARRIVAL_MS = 10_000;
/** Far less than the 30 s that Kubernetes gives a pod to end. */
const GRACE_MS = 5_000;
/** Longer than the 90 s after which the API server closes an idle connection, so that it closes first. */
const KEEP_ALIVE_MS = 95_000;

/**
 * Cipher suites with forward secrecy and authenticated encryption. None uses the CBC mode, against which attacks are
 * known.
 */
const CIPHERS = [
  'TLS_AES_128_GCM_SHA256',
  'TLS_AES_256_GCM_SHA384',
  'TLS_CHACHA20_POLY1305_SHA256',
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES128-GCM-SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-CHACHA20-POLY1305',
  'ECDHE-RSA-CHACHA20-POLY1305',
];
const TLS = { minVersion: 'TLSv1.2', ciphers: CIPHERS.join(':') } as const;

/** The HTTPS server that the API server asks. It takes its port at once, and serves as soon as it has a certificate. */
export class WebhookServer {
  readonly #app: FastifyInstance;
  readonly #server: Server;
  readonly #graceMs: number;
  /** All connections, including those in the middle of a handshake, which the HTTP server does not know yet. */
  readonly #sockets = new Set<Duplex>();
  #isLeaving = false;

  private constructor(app: FastifyInstance, server: Server, graceMs: number) {
    this.#app = app;
    this.#server = server;
    this.#graceMs = graceMs;
    app.addHook('onSend', async (_, reply) => {
      if (this.#isLeaving) reply.header('connection', 'close');
    });
    server.on('connection', (socket) => {
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
    });
  }

  /** @throws {ServiceError} `PORT_TAKEN` or `LISTEN_FAILED`, naming the port. */
  static async start(options: WebhookServerOptions): Promise<WebhookServer> {
    const { arrivalMs = ARRIVAL_MS, graceMs = GRACE_MS } = options;
    const server = createServer({
      ...TLS,
      handshakeTimeout: arrivalMs,
      headersTimeout: arrivalMs,
      // From the first byte of a request to the last one of its body.
      requestTimeout: arrivalMs,
      connectionsCheckingInterval: arrivalMs / 10,
      keepAliveTimeout: KEEP_ALIVE_MS,
    });
    const app = fastify({
      bodyLimit: BODY_LIMIT,
      // Requests that came before we stop are answered. The connection is closed after the answer.
      return503OnClosing: false,
      serverFactory: (handler) => server.on('request', handler),
    });
    addBodies(app);
    const webhook = new WebhookServer(app, server, graceMs);
    addRoutes(app, options);
    await app.ready();
    await listen(server, options.listen);
    return webhook;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Serves with this certificate from the next connection on. @throws Error when the two are no pair. */
  use(pair: KeyPair): void {
    this.#server.setSecureContext({ ...TLS, cert: pair.certificate, key: pair.privateKey });
  }

  /**
   * The first half of stopping: answers as before, and each answer ends its connection. Connections that come meanwhile
   * are served as well. When all who call know another replica, {@link close} disturbs nobody.
   */
  leave(): void {
    this.#isLeaving = true;
  }

  /**
   * Accepts no new connections, closes idle ones, and resolves when all requests are answered or the grace period is
   * over. A request that is still arriving then is dropped.
   */
  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    const deadline = setTimeout(() => {
      for (const socket of this.#sockets) socket.destroy();
    }, this.#graceMs);
    await this.#app.close();
    await closed;
    clearTimeout(deadline);
  }
}

/**
 * Reads bodies. Members such as `__proto__` or `constructor` are kept as they are: the API server stores them, and an
 * object that has one gets a verdict like any other.
 */
function addBodies(app: FastifyInstance): void {
  const queue = new BodyQueue();
  app.addHook('onRequest', async (request, reply) => {
    const length = Number(request.headers['content-length'] ?? BODY_LIMIT);
    const leave = queue.enter(request.method === 'POST' ? length : 0);
    if (leave === undefined) {
      return reply.code(503).header('connection', 'close').send({ message: 'too many large reviews at a time' });
    }
    reply.raw.once('close', leave);
    return undefined;
  });
  app.removeContentTypeParser('application/json');
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, async (_: unknown, body: Buffer) => {
    await queue.turn(body.length);
    try {
      return JSON.parse(body.toString()) as unknown;
    } catch (cause) {
      throw Object.assign(new Error(`the body is not JSON: ${messageOf(cause)}`, { cause }), { statusCode: 400 });
    }
  });
}

function addRoutes(app: FastifyInstance, { responders, readyProblems, log }: WebhookServerOptions): void {
  for (const [path, respond] of Object.entries(responders)) {
    app.post(path, async (request, reply) => {
      const question = readReview(request.body);
      if (typeof question === 'string') return reply.code(400).send({ message: question });
      const answer = respond(question);
      if (typeof answer === 'string') return reply.code(503).send({ message: answer });
      return writeReview(question.uid, answer);
    });
  }
  app.get('/readyz', async (_, reply) => {
    const problems = readyProblems();
    return reply
      .code(problems.length === 0 ? 200 : 503)
      .type('text/plain; charset=utf-8')
      .send(problems.length === 0 ? 'ok' : problems.join('\n'));
  });
  app.setErrorHandler(async (error, request, reply) => {
    const status = (error as { statusCode?: number }).statusCode ?? 500;
    if (status >= 500) log.error({ path: request.url, err: error }, 'could not answer');
    return reply.code(status).send({ message: messageOf(error) });
  });
}

async function listen(server: Server, options: ListenOptions): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause) => {
      const where = `${options.host ?? ''}:${options.port}`;
      reject(
        hasCode(cause, 'EADDRINUSE')
          ? new ServiceError('PORT_TAKEN', `cannot listen on ${where}: another process uses the port`, { cause })
          : new ServiceError('LISTEN_FAILED', `cannot listen on ${where}: ${messageOf(cause)}`, { cause }),
      );
    });
    server.listen(options, resolve);
  });
}
