import { readdirSync } from 'node:fs';
import { createConnection, type Socket } from 'node:net';
import { join } from 'node:path';
import { z } from 'zod';
import { JsonMessages, MAX_MESSAGE } from './json-messages.ts';
import { isOvsControl, isOvsDatabase } from './ovs-sockets.ts';
import { watchFolderToCome } from './watch-folder.ts';

/** A program makes its socket a moment before it listens there, and only the first of the two changes the folder. */
const LISTENS_AFTER_MS = 1_000;

/** Asks the database to tell whenever ovs-vswitchd has carried something out (RFC 7047, sections 4.1.5 and 4.1.6). */
const MONITOR = {
  method: 'monitor',
  params: ['Open_vSwitch', 'sriov', { Open_vSwitch: { columns: ['cur_cfg'] } }],
};
/** ovs-vswitchd answers this as soon as it has started. */
const VERSION = { method: 'version', params: [] };

/**
 * Calls `tell` when Open vSwitch starts, stops, or has carried out a change, until the signal aborts. A program that is
 * killed leaves its files behind, so each is followed by a connection: to the database server, and to ovs-vswitchd.
 * @param folder where the sockets are, as this process reaches it @throws Error as {@link watchFolderToCome}
 */
export async function watchOvs(folder: string, tell: () => void, signal: AbortSignal): Promise<void> {
  const connections = new OvsConnections(folder, tell);
  const look = (): void => {
    connections.look();
    tell();
  };
  connections.look();
  try {
    await watchFolderToCome(folder, look, signal);
  } finally {
    connections.close();
  }
}

/** A connection to each program of Open vSwitch that listens. */
class OvsConnections {
  readonly #folder: string;
  readonly #tell: () => void;
  readonly #open = new Map<string, Socket>();
  #again: NodeJS.Timeout | undefined;

  constructor(folder: string, tell: () => void) {
    this.#folder = folder;
    this.#tell = tell;
  }

  /** Connects to the sockets of the folder, and once more a moment later to those at which nobody listens yet. */
  look(): void {
    this.#connect();
    this.#lookAgain();
  }

  close(): void {
    clearTimeout(this.#again);
    for (const socket of this.#open.values()) socket.removeAllListeners('close').destroy();
  }

  #lookAgain(): void {
    clearTimeout(this.#again);
    this.#again = setTimeout(() => this.#connect(), LISTENS_AFTER_MS).unref();
  }

  #connect(): void {
    for (const name of namesIn(this.#folder)) {
      if (this.#open.has(name)) continue;
      if (isOvsDatabase(name)) this.#follow(name, MONITOR);
      else if (isOvsControl(name)) this.#follow(name, VERSION);
    }
  }

  /** Tells of whatever the program says, and of its end. */
  #follow(name: string, request: object): void {
    const messages = new JsonMessages();
    const socket = createConnection({ path: join(this.#folder, name) }).setEncoding('utf8');
    socket.unref();
    this.#open.set(name, socket);
    let isConnected = false;
    socket.once('connect', () => {
      isConnected = true;
    });
    socket.on('data', (data) => {
      const texts = messages.push(String(data));
      const answers = texts.flatMap((text) => echoOf(text) ?? []);
      for (const answer of answers) socket.write(answer);
      if (answers.length < texts.length) this.#tell();
      // Nobody who is sane says so much: the end of the connection is told, and it is made again.
      if (messages.pending > MAX_MESSAGE) socket.destroy();
    });
    socket.on('error', () => undefined);
    socket.once('close', () => {
      this.#open.delete(name);
      if (!isConnected) return;
      this.#tell();
      // The server can end a connection and stay.
      this.#lookAgain();
    });
    socket.write(JSON.stringify({ id: 'sriov', ...request }));
  }
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    // It is followed until it is there.
    return [];
  }
}

const echoSchema = z.object({ id: z.unknown(), method: z.literal('echo'), params: z.array(z.unknown()) });

/** The answer to a server that wants to know whether we are still there (RFC 7047, section 4.1.11). */
function echoOf(text: string): string | undefined {
  const { success, data } = echoSchema.safeParse(readJson(text));
  return success ? JSON.stringify({ id: data.id, result: data.params, error: null }) : undefined;
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
