import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo, type Socket } from 'node:net';
import { type KubeObject } from '@sriov/api';

/** An object that a scripted server keeps. */
export interface Thing extends KubeObject {
  readonly text: string;
}

/** One request, and all that its answer may depend on. */
export interface Exchange {
  readonly isWatch: boolean;
  readonly url: URL;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

/** Answers a request badly. */
export type Fault = (exchange: Exchange) => void;

interface Told {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly version: number;
  readonly object: Thing;
}

/**
 * A pretend API server of one kind, for the faults that a real one cannot be brought to show. It answers lists and
 * watches as a real one does, unless the script says otherwise. For specs only.
 */
export class ScriptedServer {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #watches = new Set<ServerResponse>();
  readonly #snapshots = new Map<number, readonly Thing[]>();
  readonly #objects = new Map<string, Thing>();
  readonly #log: Told[] = [];
  #version = 100;
  #oldest = 0;
  /** All requests so far, in order. */
  readonly requests: { readonly isWatch: boolean; readonly url: URL; readonly headers: IncomingMessage['headers'] }[] =
    [];
  /** Faults of the next requests, one each, or nothing for a good answer. */
  readonly next: Record<'list' | 'watch', (Fault | undefined)[]> = { list: [], watch: [] };
  /** Fault of every further request of the kind. */
  always: { list?: Fault; watch?: Fault } = {};

  private constructor() {
    this.#server = createServer((request, response) => this.#answer(request, response));
    this.#server.on('connection', (socket) => {
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
    });
  }

  /** Starts one on a free port. */
  static async start(host = '127.0.0.1'): Promise<ScriptedServer> {
    const scripted = new ScriptedServer();
    await new Promise<void>((resolve) => scripted.#server.listen(0, host, resolve));
    return scripted;
  }

  get address(): string {
    const { address, family, port } = this.#server.address() as AddressInfo;
    return `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`;
  }

  /** Watches that are open, as the server sees it. */
  get openWatches(): number {
    return this.#watches.size;
  }

  get openSockets(): number {
    return this.#sockets.size;
  }

  get version(): string {
    return String(this.#version);
  }

  /** What a list would say now, as `name → resource version`. */
  get truth(): Record<string, string | undefined> {
    return Object.fromEntries([...this.#objects].map(([name, { metadata }]) => [name, metadata.resourceVersion]));
  }

  /** Adds or changes an object. */
  put(name: string, text = ''): void {
    const version = (this.#version += 1);
    const object = { metadata: { name, namespace: 'n', resourceVersion: String(version) }, text };
    const type = this.#objects.has(name) ? 'MODIFIED' : 'ADDED';
    this.#objects.set(name, object);
    this.#tell({ type, version, object });
  }

  remove(name: string): void {
    const object = this.#objects.get(name);
    if (!object) throw new Error(`there is no ${name}`);
    const version = (this.#version += 1);
    this.#objects.delete(name);
    const metadata = { ...object.metadata, resourceVersion: String(version) };
    this.#tell({ type: 'DELETED', version, object: { ...object, metadata } });
  }

  /** Tells all watches how far they are. */
  bookmark(): void {
    const object = { kind: 'Thing', apiVersion: 'v1', metadata: { resourceVersion: String((this.#version += 1)) } };
    for (const watch of this.#watches) watch.write(line('BOOKMARK', object));
  }

  /** Forgets what came before now: a watch from an older version, or a further page, is answered with 410. */
  compact(): void {
    this.#oldest = this.#version;
    this.#log.length = 0;
    this.#snapshots.clear();
  }

  /** Does something to each open watch. */
  toWatches(act: (response: ServerResponse) => void): void {
    for (const watch of [...this.#watches]) {
      this.#watches.delete(watch);
      act(watch);
    }
  }

  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.#server.closeAllConnections();
    await closed;
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const url = new URL(request.url ?? '', 'http://server');
    const isWatch = url.searchParams.get('watch') === 'true';
    const kind = isWatch ? 'watch' : 'list';
    this.requests.push({ isWatch, url, headers: request.headers });
    const fault = this.next[kind].length > 0 ? this.next[kind].shift() : this.always[kind];
    if (fault) {
      fault({ isWatch, url, request, response });
      return;
    }
    if (isWatch) this.#watch(url, response);
    else this.#list(url, response);
  }

  #list(url: URL, response: ServerResponse): void {
    const [version, offset] = (url.searchParams.get('continue') ?? `${this.#version}:0`).split(':').map(Number) as [
      number,
      number,
    ];
    if (version < this.#oldest) {
      refuse(410, { reason: 'Expired' })({ response });
      return;
    }
    const all = this.#snapshots.get(version) ?? [...this.#objects.values()];
    this.#snapshots.set(version, all);
    const end = offset + Number(url.searchParams.get('limit'));
    const rest = end < all.length ? { continue: `${version}:${end}` } : {};
    respond(response, 200, { metadata: { resourceVersion: String(version), ...rest }, items: all.slice(offset, end) });
  }

  #watch(url: URL, response: ServerResponse): void {
    const from = Number(url.searchParams.get('resourceVersion'));
    if (from < this.#oldest) {
      refuse(410, { reason: 'Expired' })({ response });
      return;
    }
    openStream(response);
    for (const { type, object } of this.#log.filter(({ version }) => version > from)) {
      response.write(line(type, object));
    }
    this.#watches.add(response);
    response.on('close', () => this.#watches.delete(response));
  }

  #tell(told: Told): void {
    this.#log.push(told);
    for (const watch of this.#watches) watch.write(line(told.type, told.object));
  }
}

/** Answers with a Kubernetes Status. */
export function refuse(
  status: number,
  facts: { readonly reason?: string; readonly message?: string; readonly retryAfter?: string } = {},
): (exchange: Pick<Exchange, 'response'>) => void {
  return ({ response }) => {
    if (facts.retryAfter !== undefined) response.setHeader('retry-after', facts.retryAfter);
    respond(response, status, { kind: 'Status', code: status, reason: '', message: `refused ${status}`, ...facts });
  };
}

/** Ends the connection without an answer. */
export const hangUp: Fault = ({ request }) => request.socket.destroy();

/** Takes the request and never answers. */
export const keepSilent: Fault = () => undefined;

/** Begins a watch well and goes on with it in some bad way. */
export function openThen(act: (response: ServerResponse) => void): Fault {
  return ({ response }) => {
    openStream(response);
    act(response);
  };
}

/** Ends of a stream, by name. */
export const endings = {
  'a clean close': (response: ServerResponse) => void response.end(),
  'a reset': (response: ServerResponse) => void response.socket?.resetAndDestroy(),
  'a close within a line': (response: ServerResponse) => void response.end('{"type":"ADDED","object":{"metad'),
  'a reset within a line': (response: ServerResponse) => {
    response.write('{"type":"ADDED","object":{"metad', () => response.socket?.resetAndDestroy());
  },
  'a line that is not JSON': (response: ServerResponse) => void response.write('{"type":"ADDED","obj\n'),
  'a 410 as an event': (response: ServerResponse) =>
    void response.write(line('ERROR', { code: 410, reason: 'Expired' })),
  'a 500 as an event': (response: ServerResponse) => void response.write(line('ERROR', { code: 500, message: 'oops' })),
  'a stall': () => undefined,
} as const;

function openStream(response: ServerResponse): void {
  response.writeHead(200, { 'content-type': 'application/json' });
  response.flushHeaders();
}

function line(type: string, object: object): string {
  return `${JSON.stringify({ type, object })}\n`;
}

function respond(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
}
