import { createServer, type Server } from 'node:https';
import { type AddressInfo, type ListenOptions } from 'node:net';
import { hasCode, messageOf } from '@sriov/api';
import { type KeyPair } from '@sriov/certificates';
import { type Logger, ServiceError } from '@sriov/runtime';
import fastify, { type FastifyInstance } from 'fastify';
import { type Answer, type Question, readReview, writeReview } from './review.ts';

/** Answers a question, or says in a sentence why it cannot be answered now. */
export type Responder = (question: Question) => Answer | string;

/** What the server serves. */
export interface WebhookServerOptions {
  readonly listen: ListenOptions;
  /** By path. */
  readonly responders: Readonly<Record<string, Responder>>;
  /** Sentences that say why `/readyz` is not fine. */
  readonly readyProblems: () => readonly string[];
  readonly log: Logger;
}

/** Objects are at most 1.5 MB, and a review holds two of them. */
const BODY_LIMIT = 8 * 1024 * 1024;
const TLS = { minVersion: 'TLSv1.2' } as const;

/**
 * The HTTPS server that the API server asks. It takes its port at once, and can be talked to as soon as it is given
 * a certificate.
 */
export class WebhookServer {
  readonly #app: FastifyInstance;
  readonly #server: Server;

  private constructor(app: FastifyInstance, server: Server) {
    this.#app = app;
    this.#server = server;
  }

  /** @throws {ServiceError} `PORT_TAKEN` or `LISTEN_FAILED`, naming the port. */
  static async start(options: WebhookServerOptions): Promise<WebhookServer> {
    const server = createServer(TLS);
    const app = fastify({
      bodyLimit: BODY_LIMIT,
      // What was asked before we stop is answered; the connection is closed behind the answer.
      return503OnClosing: false,
      serverFactory: (handler) => server.on('request', handler),
    });
    addRoutes(app, options);
    await app.ready();
    await listen(server, options.listen);
    return new WebhookServer(app, server);
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Serves with this certificate from the next connection on. @throws Error when the two are no pair. */
  use(pair: KeyPair): void {
    this.#server.setSecureContext({ ...TLS, cert: pair.certificate, key: pair.privateKey });
  }

  /** Takes no new connections, and ends when all questions are answered. */
  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    await this.#app.close();
    await closed;
  }
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
