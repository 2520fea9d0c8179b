import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

/** A replica behind the front. */
export interface Replica {
  readonly port: number;
  /** URL that tells whether it is ready. */
  readonly readyUrl: string;
}

/** How late a node hears that a replica is gone, as with kube-proxy: connections still go there until then. */
const LATE_MS = 1_000;

/**
 * What a Service with a ClusterIP does for the API server: each new connection goes to a replica that was ready at the
 * last look, and connections that stand stay where they are.
 */
export class ServiceFront {
  readonly #server: Server;
  readonly #replicas: readonly Replica[];
  readonly #sockets = new Set<Socket>();
  #ready: readonly Replica[];
  #next = 0;
  #looking: NodeJS.Timeout;

  private constructor(replicas: readonly Replica[]) {
    this.#replicas = replicas;
    this.#ready = replicas;
    this.#server = createServer((socket) => this.#join(socket));
    this.#looking = setInterval(() => void this.#look(), LATE_MS);
  }

  /** Takes a port of its own. All replicas have to be ready. */
  static async start(replicas: readonly Replica[]): Promise<ServiceFront> {
    const front = new ServiceFront(replicas);
    front.#server.listen(0, '127.0.0.1');
    await once(front.#server, 'listening');
    return front;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Ports of the replicas to which connections go now. */
  get readyPorts(): number[] {
    return this.#ready.map(({ port }) => port);
  }

  async close(): Promise<void> {
    clearInterval(this.#looking);
    const closed = once(this.#server, 'close');
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  async #look(): Promise<void> {
    const answers = await Promise.all(this.#replicas.map(({ readyUrl }) => isReady(readyUrl)));
    this.#ready = this.#replicas.filter((_, index) => answers[index]);
  }

  #join(client: Socket): void {
    const replica = this.#ready[this.#next++ % this.#ready.length];
    if (!replica) return void client.destroy();
    const server = connect(replica.port, '127.0.0.1');
    for (const [from, to] of [
      [client, server],
      [server, client],
    ] as const) {
      this.#sockets.add(from);
      from.pipe(to);
      from.on('error', () => to.destroy());
      from.on('close', () => {
        this.#sockets.delete(from);
        to.destroy();
      });
    }
  }
}

async function isReady(url: string): Promise<boolean> {
  try {
    return (await fetch(url)).ok;
  } catch {
    return false;
  }
}
