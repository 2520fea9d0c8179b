import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import { type AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { HttpMetadata } from './http-metadata.ts';
import { type MetadataService, MetadataServiceError } from './metadata-service.ts';
import { readAws } from './read-aws.ts';

let server: Server | undefined;
const asked: string[] = [];

afterEach(() => {
  server?.closeAllConnections();
  server?.close();
  asked.length = 0;
});

/** A metadata service at the loopback interface. */
async function serve(answer: RequestListener): Promise<MetadataService> {
  server = createServer((request, response) => {
    asked.push(`${request.method} ${request.url}`);
    answer(request, response);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return new HttpMetadata({ url: `http://127.0.0.1:${port}`, answerMs: 300 });
}

const MACS = '/latest/meta-data/network/interfaces/macs/';
const MAC = '02:29:96:8f:6a:2d';
const FILES: Record<string, string> = { [MACS]: `${MAC}/\n`, [`${MACS}${MAC}/subnet-id`]: 'subnet-0ab1' };
const PORT = { mac: MAC, network: 'aws/NetworkID:0ab1' };

/** EC2's service: the answer to a request for a token, and whether requests without one are refused. */
function ec2(token: { readonly status: number; readonly text?: string }, isStrict: boolean): RequestListener {
  return ({ method, url = '', headers }, response) => {
    if (method === 'PUT') {
      const isRight = headers['x-aws-ec2-metadata-token-ttl-seconds'] !== undefined;
      return void response.writeHead(isRight ? token.status : 400).end(token.text);
    }
    if (isStrict && headers['x-aws-ec2-metadata-token'] !== token.text) return void response.writeHead(401).end();
    const text = FILES[url];
    return void response.writeHead(text === undefined ? 404 : 200).end(text);
  };
}

describe('the ports of an EC2 instance', () => {
  it('are asked for by version 2, which may be the only one', async () => {
    expect(await readAws(await serve(ec2({ status: 200, text: 'AQAEA==' }, true)))).toEqual([PORT]);
    expect(asked).toEqual(['PUT /latest/api/token', `GET ${MACS}`, `GET ${MACS}${MAC}/subnet-id`]);
  });

  it.each([404, 405])(
    'are asked for by version 1 where the service knows no tokens, which it says by %i',
    async (status) => {
      expect(await readAws(await serve(ec2({ status }, false)))).toEqual([PORT]);
    },
  );

  it.each<[string, { readonly status: number; readonly text?: string }]>([
    ['is forbidden', { status: 403 }],
    ['fails', { status: 500 }],
    ['sends elsewhere', { status: 302 }],
    ['is none', { status: 200, text: 'a\r\nHost: b' }],
  ])('are not asked for by version 1 because a token %s', async (_, token) => {
    await expect(readAws(await serve(ec2(token, false)))).rejects.toThrow(MetadataServiceError);
    expect(asked).toEqual(['PUT /latest/api/token']);
  });
});

describe('an answer of the metadata service', () => {
  it('that sends elsewhere is not followed', async () => {
    const service = await serve((_, response) => void response.writeHead(302, { Location: '/b' }).end());
    expect(await service.ask({ path: '/a' })).toEqual({ status: 302, text: '' });
    expect(asked).toEqual(['GET /a']);
  });

  it.each<[string, RequestListener, RegExp]>([
    ['never begins', () => undefined, /no whole answer within 300 ms/],
    ['never ends', (_, response) => void response.write('half'), /no whole answer within 300 ms/],
    ['has 10 MB', (_, response) => void response.end('a'.repeat(10_000_000)), /larger than 1048576 bytes/],
    [
      'breaks off',
      (_, response) => void response.writeHead(200).write('half', () => response.destroy()),
      /terminated|other side closed/,
    ],
    ['is no HTTP', ({ socket }) => void socket.end('nonsense\r\n\r\n'), /./],
  ])('that %s is an error', async (_, answer, message) => {
    const service = await serve(answer);
    const failure = service.ask({ path: '/a' });
    await expect(failure).rejects.toThrow(MetadataServiceError);
    await expect(failure).rejects.toThrow(message);
  });

  it('that never comes, because nobody is there, says so', async () => {
    const service = await serve(() => undefined);
    server?.close();
    server?.closeAllConnections();
    await expect(service.ask({ path: '/a' })).rejects.toThrow(/127\.0\.0\.1:\d+\/a: .*ECONNREFUSED/);
  });
});
