import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { FakeClock } from '@sriov/testing';
import { StaleFiles } from './stale-files.ts';

const VF = '0000:3b:02.0';
const NOBODY = { allocated: new Map(), starting: new Map(), prefixes: ['intel.com'] };
const SOMEBODY = { ...NOBODY, allocated: new Map([[VF, [{ resource: 'intel.com/other', pod: 'default/web' }]]]) };
const STARTING = { ...NOBODY, starting: new Map([[VF, 'intel.com/nics']]) };
const UNKNOWN = { ...NOBODY, allocated: undefined };
const MINUTE = 60_000;

let folder: string;
let clock: FakeClock;
let stale: StaleFiles;
let info: string;
let cdi: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'stale-files-'));
  const folders = { deviceInfo: join(folder, 'dp'), cdi: join(folder, 'cdi') };
  for (const path of Object.values(folders)) mkdirSync(path);
  info = join(folders.deviceInfo, `intel.com-nics-${VF}-device.json`);
  cdi = join(folders.cdi, `sriov-operator-${VF}.json`);
  for (const path of [info, cdi]) writeFileSync(path, '{}');
  clock = new FakeClock();
  stale = new StaleFiles(folders, clock);
});

afterEach(() => rmSync(folder, { recursive: true }));

/** Which of the two files are left after looks a minute apart. */
async function left(...looks: readonly Parameters<StaleFiles['remove']>[0][]): Promise<boolean[]> {
  for (const facts of looks) {
    await stale.remove(facts);
    await clock.advance(MINUTE);
  }
  return [info, cdi].map((path) => existsSync(path));
}

describe('the files about a device', () => {
  it.each<[string, (typeof NOBODY | typeof UNKNOWN)[], boolean]>([
    ['go when no pod has it for a minute', [NOBODY, NOBODY], false],
    ['stay at the first look, when the kubelet may not tell of it yet', [NOBODY], true],
    ['stay while a pod has it, by whatever resource', [SOMEBODY, SOMEBODY, SOMEBODY], true],
    ['stay while the kubelet is giving it to a pod', [STARTING, STARTING, STARTING], true],
    ['stay while nobody knows what pods have', [UNKNOWN, UNKNOWN, UNKNOWN], true],
    ['stay for another minute after that was not known', [NOBODY, UNKNOWN, NOBODY], true],
    ['stay for another minute after a pod had it', [NOBODY, SOMEBODY, NOBODY], true],
    ['go after a pod had it', [SOMEBODY, NOBODY, NOBODY], false],
  ])('%s', async (_, looks, isThere) => {
    expect(await left(...looks)).toEqual([isThere, isThere]);
  });

  it('stay for another minute when another process has written them again', async () => {
    await stale.remove(NOBODY);
    for (const path of [info, cdi]) {
      writeFileSync(`${path}.new`, '{}');
      renameSync(`${path}.new`, path);
    }
    await clock.advance(MINUTE);
    expect(await left(NOBODY)).toEqual([true, true]);
    expect(await left(NOBODY)).toEqual([false, false]);
  });

  it('are left alone when somebody else has made them', async () => {
    const others = [
      join(folder, 'dp', `else-nics-${VF}-device.json`),
      join(folder, 'cdi', 'sriov-dp-x-net-pci-a.yaml'),
    ];
    for (const path of others) writeFileSync(path, '');
    await left(NOBODY, NOBODY);
    expect(others.map((path) => existsSync(path))).toEqual([true, true]);
  });

  it('need not have folders', async () => {
    for (const name of ['dp', 'cdi']) rmSync(join(folder, name), { recursive: true });
    expect(await left(NOBODY, NOBODY)).toEqual([false, false]);
  });
});
