import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import { type AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { download } from './download.ts';

let server: Server | undefined;
const serve = async (listener: RequestListener): Promise<string> => {
  server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/archive`;
};
afterEach(() => {
  server?.closeAllConnections();
  server?.close();
});

describe('download', () => {
  it('reads all and tells of each piece', async () => {
    const url = await serve((_, response) => response.end(Buffer.alloc(300_000, 'x')));
    let bytes = 0;
    const read = await download(url, { stallMs: 10_000, onBytes: (count) => (bytes += count) });
    expect([read.byteLength, bytes]).toEqual([300_000, 300_000]);
  });

  it('refuses an answer that is no success', async () => {
    const url = await serve((_, response) => response.writeHead(404).end());
    await expect(download(url, { stallMs: 10_000 })).rejects.toThrow(`cannot download ${url}: HTTP status 404`);
  });

  it.each<[string, RequestListener]>([
    ['answers nothing', () => undefined],
    ['stops in the middle', (_, response) => response.write('half')],
  ])('gives up on a server that %s', async (_, listener) => {
    const url = await serve(listener);
    await expect(download(url, { stallMs: 50 })).rejects.toThrow('nothing arrived for 0.05 s');
  });

  it('names the reason when there is no way to the server', async () => {
    const url = await serve(() => undefined);
    server?.close();
    await expect(download(url, { stallMs: 10_000 })).rejects.toThrow(/: connect ECONNREFUSED 127\.0\.0\.1/);
  });
});
