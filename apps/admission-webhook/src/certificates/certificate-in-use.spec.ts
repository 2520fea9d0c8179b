import { describe, expect, it } from '@jest/globals';
import { createLogger } from '@sriov/runtime';
import { CertificateInUse } from './certificate-in-use.ts';
import { carryOut } from './issue.ts';
import { readSecret } from './stored.ts';

const NOW = Date.UTC(2026, 10, 24);
const DAY = 86_400_000;

const pairFor = async (lifetimeMs: number): Promise<{ certificate: string; privateKey: string }> => {
  const data = await carryOut('create', { stored: undefined, names: ['webhook'], lifetimeMs, now: NOW });
  const read = readSecret({ metadata: { name: 's' }, data });
  if (read.kind !== 'usable') throw new Error(read.kind);
  return read.stored.pair;
};

describe('a write of the certificates that keeps failing', () => {
  const refusal = 'POST secrets: forbidden';
  const inUse = (): CertificateInUse =>
    new CertificateInUse({ use: () => undefined }, createLogger({ service: 'test', level: 'silent' }));

  it('is the cause why there is no certificate', () => {
    const certificate = inUse();
    certificate.setFailure(refusal);
    expect(certificate.check(NOW)).toBe(`there is none yet: ${refusal}`);
  });

  it('is no problem while the one in force serves, and the cause when it has ended', async () => {
    const certificate = inUse();
    certificate.use(await pairFor(10 * DAY));
    certificate.setFailure(refusal);
    expect(certificate.check(NOW + DAY)).toBe(true);
    expect(certificate.check(NOW + 11 * DAY)).toMatch(/^the one that is served ended at .*: POST secrets: forbidden$/);
    certificate.setFailure(undefined);
    expect(certificate.check(NOW + 11 * DAY)).toMatch(/^the one that is served ended at [^:]*:\d\d:\d\d /);
  });
});
