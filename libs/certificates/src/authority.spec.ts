import { createServer, type Server } from 'node:https';
import { request } from 'node:https';
import { type AddressInfo } from 'node:net';
import { TLSSocket } from 'node:tls';
import { afterEach, describe, expect, it } from '@jest/globals';
import { Authority, createSigningKey, expiryOf, type KeyPair } from './authority.ts';

const DAY = 86_400_000;
const validity = {
  notBefore: new Date(Date.now() - DAY),
  notAfter: new Date(Math.floor(Date.now() / 1000) * 1000 + DAY),
};
let server: Server | undefined;

afterEach(() => {
  server?.closeAllConnections();
  server?.close();
});

const serve = (pair: KeyPair, ca: string): Promise<number> =>
  new Promise((resolve) => {
    const options = { cert: pair.certificate, key: pair.privateKey, ca, requestCert: true, rejectUnauthorized: false };
    server = createServer(options, (incoming, response) => {
      const { socket } = incoming;
      if (!(socket instanceof TLSSocket)) throw new Error('a connection without TLS');
      const { subject } = socket.getPeerCertificate();
      response.end(JSON.stringify({ authorized: socket.authorized, subject }));
    }).listen(0, '127.0.0.1', () => resolve((server?.address() as AddressInfo).port));
  });

const get = (port: number, options: object): Promise<unknown> =>
  new Promise((resolve, reject) => {
    request({ host: '127.0.0.1', port, ...options }, (response) => {
      let text = '';
      response.on('data', (chunk: Buffer) => (text += chunk.toString()));
      response.on('end', () => resolve(JSON.parse(text)));
    })
      .on('error', reject)
      .end();
  });

describe('a certificate authority', () => {
  it('issues server and client certificates that TLS accepts', async () => {
    const authority = await Authority.create('test', validity);
    const serverPair = await authority.issue({ commonName: 'api', ipAddresses: ['127.0.0.1'] }, validity);
    const clientPair = await authority.issue({ commonName: 'admin', organization: 'system:masters' }, validity);
    const port = await serve(serverPair, authority.certificate);
    const answer = await get(port, {
      ca: authority.certificate,
      cert: clientPair.certificate,
      key: clientPair.privateKey,
    });
    expect(answer).toMatchObject({ authorized: true, subject: { CN: 'admin', O: 'system:masters' } });
  });

  it('is not trusted by those who trust another of the same name', async () => {
    const [mine, other] = await Promise.all([Authority.create('test', validity), Authority.create('test', validity)]);
    const port = await serve(
      await mine.issue({ commonName: 'api', ipAddresses: ['127.0.0.1'] }, validity),
      mine.certificate,
    );
    await expect(get(port, { ca: other.certificate })).rejects.toThrow();
  });

  it('issues for the names it is given and no others', async () => {
    const authority = await Authority.create('test', validity);
    const port = await serve(
      await authority.issue({ commonName: 'api', dnsNames: ['webhook.svc'] }, validity),
      authority.certificate,
    );
    const options = { ca: authority.certificate };
    await expect(get(port, { ...options, servername: 'other.svc' })).rejects.toThrow(/altname/i);
    await expect(get(port, { ...options, servername: 'webhook.svc' })).resolves.toBeDefined();
  });

  it('goes on after it was written down and read back', async () => {
    const authority = await Authority.load(await (await Authority.create('test', validity)).export());
    const port = await serve(
      await authority.issue({ commonName: 'api', ipAddresses: ['127.0.0.1'] }, validity),
      authority.certificate,
    );
    await expect(get(port, { ca: authority.certificate })).resolves.toBeDefined();
    expect(authority.notAfter).toEqual(validity.notAfter);
  });

  it('refuses to read what is no certificate', async () => {
    await expect(Authority.load({ certificate: 'x', privateKey: 'y' })).rejects.toThrow();
  });
});

describe('expiryOf', () => {
  it('reads when a certificate ends', async () => {
    const authority = await Authority.create('test', validity);
    const { certificate } = await authority.issue({ commonName: 'a', dnsNames: ['a'] }, validity);
    expect(expiryOf(certificate)).toEqual(validity.notAfter);
  });
});

describe('createSigningKey', () => {
  it('gives both halves as PEM', async () => {
    const { privateKey, publicKey } = await createSigningKey();
    expect(privateKey).toMatch(/^-----BEGIN PRIVATE KEY-----/);
    expect(publicKey).toMatch(/^-----BEGIN PUBLIC KEY-----/);
  });
});
