import { createServer, type Server, type Socket } from 'node:net';
import { createInterface } from 'node:readline';

/** A Unix socket that QEMU connects to, and that carries lines. We listen first, so nothing is lost at its start. */
export class LineChannel {
  readonly #server: Server;
  readonly #onLine: (line: string) => void;
  #socket: Socket | undefined;

  private constructor(onLine: (line: string) => void) {
    this.#onLine = onLine;
    this.#server = createServer((socket) => this.#take(socket));
  }

  /** Listens at a path. `onLine` hears of each line that comes. */
  static async listen(path: string, onLine: (line: string) => void): Promise<LineChannel> {
    const channel = new LineChannel(onLine);
    await new Promise<void>((resolve, reject) => {
      channel.#server.once('error', reject);
      channel.#server.listen(path, resolve);
    });
    return channel;
  }

  send(message: object): void {
    this.#socket?.write(`${JSON.stringify(message)}\n`);
  }

  close(): void {
    this.#socket?.destroy();
    this.#server.close();
  }

  #take(socket: Socket): void {
    this.#socket = socket;
    // QEMU may be gone any time; its end is told elsewhere.
    socket.on('error', () => undefined);
    createInterface({ input: socket }).on('line', this.#onLine);
  }
}
