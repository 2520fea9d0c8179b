import { Agent, request } from 'node:https';
import { type Access } from '@sriov/control-plane';
import { bounded } from './bounded.ts';

/** A JSON merge patch. */
export interface BarePatch {
  readonly path: string;
  readonly patch: object;
}

/** A request of a {@link BareClient}. */
export interface BareCall {
  readonly method: 'POST' | 'PATCH' | 'DELETE';
  readonly path: string;
  readonly body: object;
}

/** Nothing but Node's HTTPS client over kept connections, as administrator. Answers are read and thrown away. */
export class BareClient {
  readonly #server: string;
  readonly #agent: Agent;

  constructor({ ca, admin, server }: Access, connections: number) {
    this.#server = server;
    const identity = { ca, cert: admin.certificate, key: admin.privateKey };
    this.#agent = new Agent({ keepAlive: true, maxSockets: connections, ...identity });
  }

  /** Sends the request; the body of a PATCH is a merge patch. Rejects when the answer is a refusal. */
  send({ method, path, body }: BareCall): Promise<void> {
    const text = JSON.stringify(body);
    const type = method === 'PATCH' ? 'application/merge-patch+json' : 'application/json';
    return new Promise((resolve, reject) => {
      const headers = { 'content-type': type, 'content-length': Buffer.byteLength(text) };
      const outgoing = request(new URL(path, this.#server), { method, agent: this.#agent, headers }, (response) => {
        response.resume().on('end', () => {
          if ((response.statusCode ?? 0) < 400) resolve();
          else reject(new Error(`${method} ${path}: ${response.statusCode}`));
        });
      });
      outgoing.on('error', reject).end(text);
    });
  }

  close(): void {
    this.#agent.destroy();
  }
}

/** Writes patches over `connections` connections: what a machine and its API server are able to do. */
export async function writeBare(access: Access, patches: readonly BarePatch[], connections: number): Promise<void> {
  const client = new BareClient(access, connections);
  await bounded(patches, connections, ({ path, patch }) => client.send({ method: 'PATCH', path, body: patch }));
  client.close();
}
