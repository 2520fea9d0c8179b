import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { HostKernel } from '@sriov/host';
import { readOffered, recordOffered } from './offered-resources.ts';

const kernel = new HostKernel({ hostRoot: '/' });
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'offered-resources-'));
});

afterEach(() => rmSync(folder, { recursive: true }));

const read = async (): Promise<string[]> => [...(await readOffered(kernel, folder))].sort();

describe('resources that were offered', () => {
  it('are none before the first', async () => {
    expect(await read()).toEqual([]);
  });

  it('are all that any process has recorded, however often', async () => {
    await recordOffered(folder, ['openshift.io/b', 'openshift.io/a']);
    await Promise.all(['openshift.io/a', 'intel.com/c'].map((name) => recordOffered(folder, [name])));
    expect(await read()).toEqual(['intel.com/c', 'openshift.io/a', 'openshift.io/b']);
    expect(readdirSync(join(folder, 'offered'))).toHaveLength(3);
  });

  it('are known although somebody has put another file beside theirs', async () => {
    await recordOffered(folder, ['openshift.io/a']);
    writeFileSync(join(folder, 'offered', '%zz'), '');
    expect(await read()).toEqual(['%zz', 'openshift.io/a']);
  });

  it('are unknown while they cannot be read, and then nothing is decided', async () => {
    const broken = { list: () => Promise.reject(new Error('EIO')) };
    await expect(readOffered(broken, folder)).rejects.toThrow('EIO');
  });
});
