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

/** Serves on a new socket that only its owner may use. @throws {Error} when the socket cannot be made */
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
  await chmod(path, 0o600);
  const { ino } = await stat(path);
  return {
    path,
    isThere: async () => (await identityOf(path)) === String(ino),
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
