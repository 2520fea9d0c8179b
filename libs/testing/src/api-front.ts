import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { Agent, request as httpsRequest } from 'node:https';
import { type AddressInfo } from 'node:net';
import { stringify } from 'yaml';
import { testControlPlane } from './control-plane.ts';

/** A write that a service sends. */
export interface FrontWrite {
  readonly method: string;
  /** Without its query. */
  readonly path: string;
  readonly body: unknown;
}

/**
 * Stands between a service and the shared API server, so that a test can end the service at a write, or keep watches
 * from telling it anything. The service needs no credentials: it is an administrator.
 */
export class ApiFront {
  readonly #server: Server;
  readonly #agent: Agent;
  readonly #held: (() => void)[] = [];
  #isHolding: (path: string) => boolean = () => false;
  /**
   * Is asked about each write. A function that it returns is called when the API server has done the write, and the
   * answer gets lost; with `before`, the write gets lost as well.
   */
  cut: (write: FrontWrite) => { readonly end: () => void; readonly before?: boolean } | undefined = () => undefined;

  readonly #nodes: string | undefined;

  private constructor(nodes: string | undefined) {
    this.#nodes = nodes;
    const { ca, admin } = testControlPlane().access;
    this.#agent = new Agent({ keepAlive: true, ca, cert: admin.certificate, key: admin.privateKey });
    this.#server = createServer((incoming, outgoing) => void this.#pass(incoming, outgoing));
  }

  /**
   * Takes a free port. `nodes`: a label selector of the only nodes that the service sees, where several tests at a time
   * need a cluster of their own.
   */
  static async start(nodes?: string): Promise<ApiFront> {
    const front = new ApiFront(nodes);
    front.#server.listen(0, '127.0.0.1');
    await once(front.#server, 'listening');
    return front;
  }

  /** Writes a kubeconfig that leads here. */
  writeKubeconfig(path: string): void {
    const { port } = this.#server.address() as AddressInfo;
    const named = (name: string, rest: object): object => ({ name, ...rest });
    const config = {
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [named('front', { cluster: { server: `http://127.0.0.1:${port}`, 'insecure-skip-tls-verify': true } })],
      users: [named('front', { user: {} })],
      contexts: [named('front', { context: { cluster: 'front', user: 'front' } })],
      'current-context': 'front',
    };
    writeFileSync(path, stringify(config));
  }

  /** From now on, watches of the paths for which this is true tell nothing. What is returned lets them go on. */
  holdWatches(of: (path: string) => boolean): () => void {
    this.#isHolding = of;
    return () => {
      this.#isHolding = () => false;
      for (const goOn of this.#held.splice(0)) goOn();
    };
  }

  async close(): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.#server.closeAllConnections();
    this.#agent.destroy();
    await closed;
  }

  async #pass(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const { method = 'GET', url = '/' } = incoming;
    const body = await readBody(incoming);
    const path = url.replace(/\?.*$/, '');
    const cut = method === 'GET' ? undefined : this.cut({ method, path, body: parse(body) });
    if (cut?.before === true) {
      cut.end();
      outgoing.destroy();
      return;
    }
    const { host: _, ...headers } = incoming.headers;
    const target = new URL(url, testControlPlane().access.server);
    if (path === '/api/v1/nodes' && this.#nodes !== undefined) target.searchParams.set('labelSelector', this.#nodes);
    const upstream = httpsRequest(target, { method, headers, agent: this.#agent }, (answer) => {
      if (cut !== undefined) {
        cut.end();
        answer.destroy();
        outgoing.destroy();
        return;
      }
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      outgoing.flushHeaders();
      if (url.includes('watch=true')) this.#passWatch(path, answer, outgoing);
      else answer.pipe(outgoing);
    });
    upstream.on('error', () => outgoing.destroy());
    outgoing.on('close', () => upstream.destroy());
    upstream.end(body);
  }

  #passWatch(path: string, answer: IncomingMessage, outgoing: ServerResponse): void {
    let passed = Promise.resolve();
    const unlessHeld = (): Promise<void> =>
      this.#isHolding(path) ? new Promise((resolve) => this.#held.push(resolve)) : Promise.resolve();
    const afterwards = (act: () => void): void => {
      passed = passed.then(unlessHeld).then(act);
    };
    answer.on('data', (chunk: Buffer) => afterwards(() => void outgoing.write(chunk)));
    answer.on('end', () => afterwards(() => void outgoing.end()));
    answer.on('error', () => outgoing.destroy());
  }
}

async function readBody(incoming: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of incoming) text += String(chunk);
  return text;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
