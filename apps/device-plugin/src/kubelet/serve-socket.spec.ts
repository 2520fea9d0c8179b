import { mkdtempSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { SYNC_SERVICE, syncService } from '../sync-service.ts';
import { removeDeadSockets, serveSocket, type SocketServer } from './serve-socket.ts';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'serve-socket-'));
});

afterEach(() => rmSync(folder, { recursive: true }));

const serve = (path: string): Promise<SocketServer> =>
  serveSocket(
    path,
    SYNC_SERVICE,
    syncService(() => Promise.reject(new Error('nobody asks'))),
  );

/** The code of the error with which a connection ends; `connected` where somebody listens. */
function knock(path: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve('connected');
    });
    socket.once('error', ({ code }: NodeJS.ErrnoException) => resolve(code));
  });
}

describe('a socket', () => {
  it('belongs to its owner alone, and is gone when it is closed', async () => {
    const path = join(folder, 'a.sock');
    const server = await serve(path);
    expect([await knock(path), statSync(path).mode & 0o777, await server.isThere()]).toEqual([
      'connected',
      0o600,
      true,
    ]);
    await server.close();
    expect([await knock(path), readdirSync(folder)]).toEqual(['ENOENT', []]);
  });

  it('knows that somebody has removed it', async () => {
    const path = join(folder, 'a.sock');
    const server = await serve(path);
    rmSync(path);
    expect(await server.isThere()).toBe(false);
    await server.close();
  });

  it('has no listener when it cannot be left to its owner: each further attempt would add one', async () => {
    // A socket without a file: binding it succeeds, and nothing can change its mode.
    const path = `\0${folder}`;
    await expect(serve(path)).rejects.toThrow('null bytes');
    expect(await knock(path)).toBe('ECONNREFUSED');
  });

  it('is removed where nobody listens any more, and stays otherwise', async () => {
    const alive = await serve(join(folder, 'alive.sock'));
    const killed = await serve(join(folder, 'killed.sock'));
    renameSync(killed.path, join(folder, 'left.sock'));
    await killed.close();
    expect(readdirSync(folder)).toEqual(['alive.sock', 'left.sock']);
    await removeDeadSockets(folder, (name) => name.endsWith('.sock'));
    expect(readdirSync(folder)).toEqual(['alive.sock']);
    await alive.close();
  });
});
