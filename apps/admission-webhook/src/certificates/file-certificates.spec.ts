import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Authority, type KeyPair } from '@sriov/certificates';
import { createLogger } from '@sriov/runtime';
import { eventually, FakeClock } from '@sriov/testing';
import { CertificateInUse } from './certificate-in-use.ts';
import { FileCertificates } from './file-certificates.ts';

const NOW = Date.UTC(2026, 0, 1);
const log = createLogger({ service: 'test', level: 'silent' });
let folder: string;
let authority: Authority;
let served: KeyPair[];
let clock: FakeClock;
let inUse: CertificateInUse;

const validity = { notBefore: new Date(NOW - 1_000), notAfter: new Date(NOW + 3_600_000) };
const issue = (): Promise<KeyPair> => authority.issue({ commonName: 'x', dnsNames: ['x'] }, validity);
const files = (): { certificateFile: string; keyFile: string } => ({
  certificateFile: join(folder, 'tls.crt'),
  keyFile: join(folder, 'tls.key'),
});
const write = async ({ certificate, privateKey }: Partial<KeyPair>): Promise<void> => {
  if (certificate !== undefined) await writeFile(files().certificateFile, certificate);
  if (privateKey !== undefined) await writeFile(files().keyFile, privateKey);
};
const load = (): Promise<FileCertificates> => FileCertificates.load({ ...files(), clock, log, inUse });

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sriov-certificates-'));
  authority = await Authority.create('test', validity);
  served = [];
  clock = new FakeClock(NOW);
  inUse = new CertificateInUse({ use: (pair) => served.push(pair) }, log);
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

describe('a certificate in files', () => {
  it('is served, and so is the one that takes its place once both files are there', async () => {
    const [first, second] = [await issue(), await issue()];
    await write(first);
    const certificates = await load();
    const stop = new AbortController();
    const running = certificates.run(stop.signal);
    expect(served).toEqual([first]);
    expect(inUse.check(NOW)).toBe(true);

    await write({ certificate: second.certificate });
    const later = async (): Promise<KeyPair[]> => {
      await clock.advance(2_000);
      return served;
    };
    for (let round = 0; round < 3; round += 1) expect(await later()).toEqual([first]);
    await write({ privateKey: second.privateKey });
    await eventually(async () => (await later()).length === 2);
    expect(served).toEqual([first, second]);
    stop.abort();
    await running;
  });

  it('that is missing is named', async () => {
    await expect(load()).rejects.toMatchObject({
      code: 'CERTIFICATE_UNUSABLE',
      message: expect.stringMatching(/^cannot read the file of --certificate-file: ENOENT.*tls.crt/),
    });
  });

  it.each<[string, () => Partial<KeyPair> | Promise<Partial<KeyPair>>]>([
    ['of another key', async () => ({ certificate: (await issue()).certificate })],
    ['that is none', () => ({ certificate: 'hello' })],
    ['with a key that is none', () => ({ privateKey: 'hello' })],
  ])('%s is refused', async (_, damage) => {
    await write({ ...(await issue()), ...(await damage()) });
    await expect(load()).rejects.toThrow(
      `the certificate in ${files().certificateFile} and the key in ${files().keyFile} do not belong together`,
    );
  });
});

describe('readiness', () => {
  it('says that there is no certificate, that it ended, or what else is in the way', async () => {
    expect(inUse.check(NOW)).toBe('there is none yet');
    inUse.use(await issue());
    expect(inUse.check(NOW)).toBe(true);
    expect(inUse.check(NOW + 3_600_000)).toMatch(/^the one that is served ended at Jan {2}1 01:00:00 2026/);
    inUse.setProblem('in the way');
    expect(inUse.check(NOW)).toBe('in the way');
  });
});
