import { readFileSync, writeFileSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { testControlPlane } from '@sriov/testing';

/** A way to the API server that can be cut and mended. */
export class Way {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #isCut = false;

  private constructor(server: Server) {
    this.#server = server;
    server.on('connection', (near) => {
      if (this.#isCut) return void near.destroy();
      const { hostname, port } = new URL(testControlPlane().access.server);
      const far = connect(Number(port), hostname);
      for (const [from, to] of [
        [near, far],
        [far, near],
      ] as const) {
        this.#sockets.add(from);
        from.on('error', () => undefined).on('close', () => to.destroy());
        from.pipe(to);
      }
    });
  }

  static open(): Promise<Way> {
    const server = createServer();
    return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(new Way(server))));
  }

  /** Writes a kubeconfig of this way into the folder, and returns its path. */
  kubeconfig(into: string): string {
    const { port } = this.#server.address() as { port: number };
    const { kubeconfigPath, access } = testControlPlane();
    const path = join(into, 'kubeconfig');
    writeFileSync(path, readFileSync(kubeconfigPath, 'utf8').replace(access.server, `https://127.0.0.1:${port}`));
    return path;
  }

  cut(): void {
    this.#isCut = true;
    for (const socket of this.#sockets) socket.destroy();
    this.#sockets.clear();
  }

  mend(): void {
    this.#isCut = false;
  }

  close(): void {
    this.cut();
    this.#server.close();
  }
}
