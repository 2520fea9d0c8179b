import { randomBytes } from 'node:crypto';
import { basename, join } from 'node:path';
import { type SyncAnswer, syncSocketPath } from '@sriov/plugin-handover';
import { serveSocket, type SocketServer } from './kubelet/serve-socket.ts';
import { SYNC_SERVICE, syncService } from './sync-service.ts';

/** The plugin's own socket, by which the config daemon knows that somebody gives VFs to pods. */
export class SyncSocket {
  readonly #folder: string;
  readonly #sync: () => Promise<SyncAnswer>;
  /** The newest first. Those of before have no name any more, and may still have a call to answer. */
  #servers: readonly SocketServer[] = [];

  constructor(folder: string, sync: () => Promise<SyncAnswer>) {
    this.#folder = folder;
    this.#sync = sync;
  }

  /**
   * Serves, on a new socket when somebody has removed the one of before: without it, the daemon would change VFs that
   * are on offer. @throws {Error} when no socket can be made
   */
  async serve(): Promise<void> {
    if ((await this.#servers[0]?.isThere()) === true) return;
    const path = join(this.#folder, basename(syncSocketPath(randomBytes(6).toString('hex'))));
    this.#servers = [await serveSocket(path, SYNC_SERVICE, syncService(this.#sync)), ...this.#servers];
  }

  /** Ends all of them. */
  async close(): Promise<void> {
    await Promise.all(this.#servers.map((server) => server.close()));
  }
}
