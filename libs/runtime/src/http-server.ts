import { createServer, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo, type ListenOptions } from 'node:net';
import { messageOf } from '@sriov/errors';
import { type Health } from './health.ts';
import { type Metrics } from './metrics.ts';
import { type Neighbours, passOnMetrics } from './neighbours.ts';
import { ServiceError } from './service-error.ts';

/** What the server tells. */
export interface ObservationSources {
  readonly health: Health;
  readonly metrics: Metrics;
  readonly neighbours?: Neighbours | undefined;
}

/** The process's own HTTP server: `/livez`, `/healthz`, `/readyz`, `/metrics`, and the metrics of neighbours. */
export interface ObservationServer {
  /** The port bound, which differs from the one asked for only when that was 0. */
  readonly port: number;
  close(): Promise<void>;
}

/**
 * Starts the server on `address`, `host:port` or `:port`.
 * @throws {ServiceError} `PORT_TAKEN` or `LISTEN_FAILED`, naming the address.
 */
export async function startObservationServer(
  address: string,
  sources: ObservationSources,
  { sharesPort = false }: { readonly sharesPort?: boolean | undefined } = {},
): Promise<ObservationServer> {
  const server = createServer((request, response) => {
    answer(request.url ?? '/', response, sources).catch((error: unknown) => {
      // A check or a gauge that throws is reported like any other problem, and does not end the service.
      respond(response, [messageOf(error)]);
    });
  });
  await listen(server, { ...parseAddress(address), reusePort: sharesPort }, address);
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** True when `address` has the form `host:port`, `:port` or `[::1]:port`, with a port that can be. */
export function isAddress(address: string): boolean {
  return splitAddress(address) !== undefined;
}

/** Splits `host:port`, `:port` or `[::1]:port`. @throws {ServiceError} `LISTEN_FAILED` */
export function parseAddress(address: string): { host?: string; port: number } {
  const parts = splitAddress(address);
  if (!parts) throw new ServiceError('LISTEN_FAILED', `"${address}" ${NO_ADDRESS}`);
  return parts;
}

/** Why a text is not an address. */
export const NO_ADDRESS = 'is not an address of the form host:port or :port';

function splitAddress(address: string): { host?: string; port: number } | undefined {
  const match = /^(?:\[(.+)\]|([^:]*)):(\d{1,5})$/.exec(address);
  const port = Number(match?.[3]);
  if (!match || port > 65_535) return undefined;
  const host = match[1] ?? match[2] ?? '';
  return { ...(host !== '' && { host }), port };
}

async function listen(server: Server, options: ListenOptions, address: string): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    // This listener stays: a later fault of a connection must not end the service.
    server.on('error', (cause: NodeJS.ErrnoException) => {
      reject(
        cause.code === 'EADDRINUSE'
          ? new ServiceError('PORT_TAKEN', `cannot listen on ${address}: another process uses the port`, { cause })
          : new ServiceError('LISTEN_FAILED', `cannot listen on ${address}: ${cause.message}`, { cause }),
      );
    });
    server.listen(options, resolve);
  });
}

async function answer(
  url: string,
  response: ServerResponse,
  { health, metrics, neighbours }: ObservationSources,
): Promise<void> {
  const [path = ''] = url.split('?');
  const neighbour = neighbours?.get(path);
  if (neighbour !== undefined) return passOnMetrics(neighbour, response);
  switch (path) {
    case '/livez':
      respond(response, health.liveProblems());
      return;
    case '/healthz':
      respond(response, health.healthProblems());
      return;
    case '/readyz':
      respond(response, health.readyProblems());
      return;
    case '/metrics': {
      const text = await metrics.text();
      response.writeHead(200, { 'content-type': metrics.contentType });
      response.end(text);
      return;
    }
    default:
      response.writeHead(404, { 'content-type': 'text/plain' });
      response.end('not found: /livez, /healthz, /readyz and /metrics are served here\n');
  }
}

function respond(response: ServerResponse, problems: readonly string[]): void {
  response.writeHead(problems.length === 0 ? 200 : 503, { 'content-type': 'text/plain; charset=utf-8' });
  response.end(problems.length === 0 ? 'ok\n' : `${problems.join('\n')}\n`);
}
