import { once } from 'node:events';
import { request } from 'node:https';
import { createServer, type AddressInfo } from 'node:net';
import { afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { Authority, type KeyPair } from '@sriov/certificates';
import { createLogger, ServiceError } from '@sriov/runtime';
import { readLogLine } from '@sriov/testing';
import { type Answer } from './review.ts';
import { WebhookServer, type WebhookServerOptions } from './webhook-server.ts';

const DAY = 86_400_000;
const allowed: Answer = { allowed: true, message: '', warnings: [], patch: [] };
const review = JSON.stringify({
  apiVersion: 'admission.k8s.io/v1',
  kind: 'AdmissionReview',
  request: {
    uid: 'u',
    kind: { group: 'g', version: 'v1', kind: 'SriovNetwork' },
    operation: 'CREATE',
    object: { metadata: { name: 'net', namespace: 'ns' } },
  },
});

let ca: string;
let pair: KeyPair;
let server: WebhookServer | undefined;
/** Lines of the log. */
let lines: string[] = [];

beforeAll(async () => {
  const validity = { notBefore: new Date(Date.now() - DAY), notAfter: new Date(Date.now() + DAY) };
  const authority = await Authority.create('spec', validity);
  pair = await authority.issue({ commonName: 'x', ipAddresses: ['127.0.0.1'] }, validity);
  ca = authority.certificate;
});
afterEach(async () => {
  await server?.close();
  server = undefined;
  lines = [];
});

const start = async (options: Partial<WebhookServerOptions> = {}): Promise<WebhookServer> => {
  server = await WebhookServer.start({
    listen: { port: 0, host: '127.0.0.1' },
    responders: { '/judge': () => allowed },
    readyProblems: () => [],
    log: createLogger({ service: 'spec', level: 'info' }, { write: (line) => void lines.push(line) }),
    ...options,
  });
  server.use(pair);
  return server;
};

interface Response {
  readonly status: number;
  readonly type: string;
  readonly text: string;
}
const ask = (method: string, path: string, body = '', headers: Record<string, string> = {}): Promise<Response> =>
  new Promise((resolve, reject) => {
    const url = `https://127.0.0.1:${server?.port}${path}`;
    const options = { ca, agent: false, method, headers: { 'content-type': 'application/json', ...headers } };
    request(url, options, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      const type = response.headers['content-type'] ?? '';
      response.on('end', () => resolve({ status: response.statusCode ?? 0, type, text }));
    })
      .once('error', reject)
      .end(body);
  });

describe('a review', () => {
  it('is answered by the responder of its path', async () => {
    await start({
      responders: { '/judge': () => allowed, '/other': () => ({ ...allowed, allowed: false, message: 'no' }) },
    });
    expect(JSON.parse((await ask('POST', '/judge', review)).text)).toMatchObject({
      response: { uid: 'u', allowed: true },
    });
    expect(JSON.parse((await ask('POST', '/other', review)).text)).toMatchObject({
      response: { allowed: false, status: { message: 'no' } },
    });
  });

  it.each<[string, string, number, string]>([
    ['that is no JSON', '{', 400, 'the body is not JSON: '],
    ['that is no review', '{}', 400, 'not an AdmissionReview of admission.k8s.io/v1: '],
    ['that is empty', '', 400, ''],
  ])('%s is refused with the cause, which is no fault of ours', async (_, body, status, message) => {
    await start();
    const answer = await ask('POST', '/judge', body);
    expect(answer).toMatchObject({ status, text: expect.stringContaining(message) });
    expect(lines).toEqual([]);
  });

  it('that cannot be answered now is refused with the cause, so that the API server may try again', async () => {
    await start({ responders: { '/judge': () => 'not ready' } });
    expect(await ask('POST', '/judge', review)).toMatchObject({ status: 503, text: '{"message":"not ready"}' });
  });

  it('over which the webhook stumbles is refused, and the log says why', async () => {
    const stumble = (): never => {
      throw new Error('a bug');
    };
    await start({ responders: { '/judge': stumble } });
    expect(await ask('POST', '/judge', review)).toMatchObject({ status: 500, text: '{"message":"a bug"}' });
    expect(lines.map(readLogLine)).toMatchObject([{ path: '/judge', msg: 'could not answer' }]);
  });

  it('that is larger than any object can be is refused before it arrives', async () => {
    await start();
    const { status } = await ask('POST', '/judge', '', { 'content-length': String(8 * 1024 * 1024 + 1) });
    expect(status).toBe(413);
  });

  it('of the most that an object can be is read', async () => {
    await start();
    expect((await ask('POST', '/judge', review + ' '.repeat(7 * 1024 * 1024))).status).toBe(200);
  });
});

describe('/readyz', () => {
  it.each<[string, string[], number, string]>([
    ['ok where there is no problem', [], 200, 'ok'],
    ['every problem otherwise, one per line', ['no certificate', 'no cache'], 503, 'no certificate\nno cache'],
  ])('says %s', async (_, problems, status, text) => {
    await start({ readyProblems: () => problems });
    expect(await ask('GET', '/readyz')).toEqual({ status, text, type: 'text/plain; charset=utf-8' });
  });
});

describe('a port', () => {
  it('that another process uses is named', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as AddressInfo;
    const error = await start({ listen: { port, host: '127.0.0.1' } }).catch((cause: unknown) => cause);
    other.close();
    expect(error).toBeInstanceOf(ServiceError);
    expect(error).toMatchObject({
      code: 'PORT_TAKEN',
      message: `cannot listen on 127.0.0.1:${port}: another process uses the port`,
    });
  });

  it('of an address that this machine does not have is named with the cause', async () => {
    const error = await start({ listen: { port: 1, host: '192.0.2.1' } }).catch((cause: unknown) => cause);
    expect(error).toMatchObject({
      code: 'LISTEN_FAILED',
      message: expect.stringMatching(/^cannot listen on 192\.0\.2\.1:1: .*EADDRNOTAVAIL/),
    });
  });
});
