import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { findBreaches } from './breaches.ts';
import { EXCHANGES } from './exchanges/index.ts';
import { nodeStateSpec } from './exchanges/node-state-spec.ts';
import { nodeStateStatus } from './exchanges/node-state-status.ts';
import { type Recording } from './exchange.ts';
import {
  digestOf,
  presentVersion,
  readRelease,
  readSeals,
  recordedVersions,
  recordPresent,
  type Release,
  seal,
  textOf,
  writeRelease,
} from './releases.ts';
import { refusedByCrds } from './stored-objects.ts';

jest.setTimeout(120_000);

const versions = await recordedVersions();
const seals = await readSeals();

describe.each(versions)('beside services of %s', (version) => {
  let release: Release;
  beforeAll(async () => {
    release = await readRelease(version);
  });

  it.each(EXCHANGES.map((exchange) => [exchange.name, exchange] as const))(
    'this version understands %s, and is understood',
    async (name, exchange) => {
      const recording = release.get(name);
      // What the release did not exchange yet, its services do not miss.
      expect(recording === undefined ? [] : await findBreaches(exchange, recording)).toEqual([]);
    },
  );

  it('the CRDs of that release take what this version writes', async () => {
    const crds = release.get('crds');
    for (const exchange of [nodeStateSpec, nodeStateStatus]) {
      expect(refusedByCrds(crds?.written ?? {}, exchange, await exchange.write())).toEqual([]);
    }
  });
});

describe('the recordings', () => {
  it('of each release that is out are there, and are what they were', async () => {
    const digests = Object.keys(seals).map(async (version) => [version, await digestOf(version)] as const);
    expect(Object.fromEntries(await Promise.all(digests))).toEqual(seals);
  });

  it('of this version are those of its services (cure: npm run contracts)', async () => {
    expect(textOf(await readRelease(await presentVersion()))).toBe(textOf(await recordPresent()));
  });

  it('are of releases that are out, and of this version', async () => {
    const expected = new Set([...Object.keys(seals), await presentVersion()]);
    expect(new Set(versions)).toEqual(expected);
  });
});

describe('a release', () => {
  const recording: Recording = { written: { once: { a: 1 } }, understood: { once: 'a' } };
  const other: Recording = { ...recording, written: { once: { a: 2 } } };
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'releases-'));
    writeFileSync(join(folder, 'sealed.json'), '{}');
  });
  afterEach(() => rmSync(folder, { recursive: true }));
  const write = (each: Recording): Promise<void> => writeRelease('1.2.0', new Map([['thing', each]]), folder);

  it('is recorded again as often as one likes before it is out', async () => {
    await write(recording);
    await write(other);
    expect(await readRelease('1.2.0', folder)).toEqual(new Map([['thing', other]]));
  });

  it('is recorded without what is exchanged no more', async () => {
    await writeRelease('1.2.0', new Map([['former', recording]]), folder);
    await write(recording);
    expect([...(await readRelease('1.2.0', folder)).keys()]).toEqual(['thing']);
  });

  it('cannot be recorded differently once it is out, and says what to do', async () => {
    await write(recording);
    await seal('1.2.0', folder);
    await write(recording);
    await expect(write(other)).rejects.toThrow('raise appVersion in charts/sriov-network-operator/Chart.yaml');
    expect(await readRelease('1.2.0', folder)).toEqual(new Map([['thing', recording]]));
  });

  it('is out once', async () => {
    await write(recording);
    await seal('1.2.0', folder);
    await expect(seal('1.2.0', folder)).rejects.toThrow('version 1.2.0 is released already');
  });

  it('that was changed after it was out has another digest', async () => {
    await write(recording);
    await seal('1.2.0', folder);
    const { '1.2.0': sealed } = await readSeals(folder);
    expect(await digestOf('1.2.0', folder)).toBe(sealed);
    writeFileSync(join(folder, '1.2.0', 'thing.json'), JSON.stringify(other));
    expect(await digestOf('1.2.0', folder)).not.toBe(sealed);
  });

  it('is older than the next one by number, not by letter', async () => {
    for (const version of ['1.10.0', '1.9.0']) await writeRelease(version, new Map(), folder);
    expect(await recordedVersions(folder)).toEqual(['1.9.0', '1.10.0']);
  });
});
