import { chmod, readdir, rm, stat } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { Server, ServerCredentials, type ServiceDefinition, type UntypedServiceImplementation } from '@grpc/grpc-js';

/** A gRPC server on a unix socket. */
export interface SocketServer {
  readonly path: string;
  /** The socket is still there under its name, and is this one. */
  isThere(): Promise<boolean>;
  /** Takes no further call, lets those that end soon come to their end, ends the others, and removes the socket. */
  close(): Promise<void>;
}

/** Longest wait until what was answered has been delivered. A pass may wait for it, and the config daemon for that. */
const DELIVER_MS = 1_000;

/** Serves on a new socket that only its owner may use. @throws {Error} when it cannot; then nobody listens there */
export async function serveSocket(
  path: string,
  service: ServiceDefinition,
  implementation: UntypedServiceImplementation,
): Promise<SocketServer> {
  const server = new Server();
  server.addService(service, implementation);
  await new Promise<void>((resolve, reject) => {
    server.bindAsync(`unix:${path}`, ServerCredentials.createInsecure(), (error) =>
      error ? reject(error) : resolve(),
    );
  });
  const identity = await restrict(path).catch((error: unknown) => {
    // The next attempt has another name. This one would listen for as long as the process lives.
    server.forceShutdown();
    throw error;
  });
  return {
    path,
    isThere: async () => (await identityOf(path)) === identity,
    close: async () => {
      const patience = setTimeout(() => server.forceShutdown(), DELIVER_MS);
      await new Promise<void>((resolve) => {
        server.tryShutdown(() => resolve());
      });
      clearTimeout(patience);
      await rm(path, { force: true });
    },
  };
}

/** Leaves the socket to its owner. @returns its identity */
async function restrict(path: string): Promise<string> {
  await chmod(path, 0o600);
  return String((await stat(path)).ino);
}

/** What tells one file from another that was made under the same name later; empty when there is none. */
export async function identityOf(path: string): Promise<string> {
  try {
    return String((await stat(path)).ino);
  } catch {
    return '';
  }
}

/** Removes the sockets that processes which were killed have left: nobody answers there. */
export async function removeDeadSockets(folder: string, isOurs: (name: string) => boolean): Promise<void> {
  const names = await readdir(folder).catch((): string[] => []);
  const ours = names.filter(isOurs).map((name) => join(folder, name));
  await Promise.all(ours.map(async (path) => ((await isDead(path)) ? rm(path, { force: true }) : undefined)));
}

function isDead(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve(false);
    });
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code === 'ECONNREFUSED'));
  });
}
