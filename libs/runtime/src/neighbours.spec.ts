import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { passOnMetrics } from './neighbours.ts';

let servers: Server[] = [];
const listen = async (server: Server): Promise<number> => {
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
};
/** A program that says these bytes to each client, and then nothing more. */
const startProgram = (bytes: string): Promise<number> =>
  listen(
    createServer((socket) => {
      // The client goes as it likes.
      socket.on('error', () => socket.destroy());
      socket.resume().write(bytes);
    }),
  );
const ask = async (program: number, patienceMs?: number): Promise<[number, string]> => {
  const port = await listen(createHttpServer((_, response) => void passOnMetrics(program, response, patienceMs)));
  const response = await fetch(`http://127.0.0.1:${port}/`);
  return [response.status, await response.text()];
};

afterEach(() => {
  for (const server of servers) server.close();
  servers = [];
});

describe('the metrics of a neighbour', () => {
  it('are not waited for longer than a collector waits', async () => {
    const program = await startProgram('');
    expect(await ask(program, 50)).toEqual([502, `127.0.0.1:${program}: no answer within 50 ms\n`]);
  });

  it('break off when they take too long, also where their end is the end of the connection', async () => {
    const program = await startProgram('HTTP/1.1 200 OK\r\n\r\nlevel 1\n');
    await expect(ask(program, 1_000)).rejects.toThrow();
  });

  it.each([
    ['speaks no HTTP', 'SSH-2.0-OpenSSH_9.9\r\n', 'Parse Error'],
    ['changes the protocol', 'HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n', 'closed'],
    ['sends elsewhere', 'HTTP/1.1 302 Found\r\nLocation: http://192.0.2.1/\r\n\r\n', 'it answers 302'],
  ])('are none of a program that %s', async (_, bytes, problem) => {
    const program = await startProgram(bytes);
    expect(await ask(program)).toEqual([502, expect.stringContaining(`127.0.0.1:${program}: ${problem}`)]);
  });
});
