import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { binariesFolder, resolveBinaries } from './binaries.ts';
import { type Source } from './source.ts';
import { kubebuilderAssets } from './sources/folder.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'binaries-spec-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const place = (...names: string[]): void => {
  for (const name of names) {
    writeFileSync(join(folder, name), '');
    chmodSync(join(folder, name), 0o755);
  }
};
const having = (name: string): Source => ({
  name,
  find: ({ needs }) => Promise.resolve(Object.fromEntries(needs.map((program) => [program, `/${name}/${program}`]))),
});
const lacking = (name: string): Source => ({ name, find: () => Promise.reject(new Error(`${name} is empty`)) });
const env = (): NodeJS.ProcessEnv => ({ SRIOV_CACHE: folder });

describe('resolveBinaries', () => {
  it('takes the first place that has everything', async () => {
    const sources = { quick: [lacking('one'), having('two')], slow: [having('three')] };
    expect((await resolveBinaries({ env: env(), sources })).source).toBe('two');
  });

  it('asks the slow places only when the quick ones have nothing', async () => {
    const sources = { quick: [lacking('one')], slow: [lacking('two'), having('three')] };
    expect(await resolveBinaries({ env: env(), sources, alsoNeeds: ['kube-controller-manager'] })).toEqual({
      source: 'three',
      binaries: {
        etcd: '/three/etcd',
        'kube-apiserver': '/three/kube-apiserver',
        'kube-controller-manager': '/three/kube-controller-manager',
      },
    });
  });

  it('lists every place with its reason when none has them, and what works without', async () => {
    const sources = { quick: [lacking('one')], slow: [lacking('two')] };
    const failure = await resolveBinaries({ env: env(), sources }).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: 'NO_CONTROL_PLANE' });
    expect((failure as Error).message.split('\n').slice(1)).toEqual([
      '  one: one is empty',
      '  two: two is empty',
      'Without one, "npm run demo -- --no-cluster" shows policies becoming VFs on a simulated node.',
    ]);
  });

  it('lets one process at a time fetch, and the next one find it in the cache', async () => {
    let isFetched = false;
    let fetches = 0;
    const cache: Source = {
      name: 'cache',
      find: (request) => (isFetched ? having('cache').find(request) : Promise.reject(new Error('empty'))),
    };
    const slow: Source = {
      name: 'slow',
      find: async (request) => {
        fetches += 1;
        await new Promise((resolve) => setTimeout(resolve, 50));
        isFetched = true;
        return having('slow').find(request);
      },
    };
    const sources = { quick: [cache], slow: [slow] };
    const found = await Promise.all([1, 2].map(() => resolveBinaries({ env: env(), sources })));
    expect(found.map(({ source }) => source).sort()).toEqual(['cache', 'slow']);
    expect(fetches).toBe(1);
  });

  it('takes over the lock of a process that died', async () => {
    const sources = { quick: [lacking('one')], slow: [having('two')] };
    await resolveBinaries({ env: env(), sources });
    // No process has this number: the kernel's limit is below it.
    writeFileSync(join(binariesFolder(env()), '.lock'), '4194305');
    expect((await resolveBinaries({ env: env(), sources })).source).toBe('two');
  });
});

describe('KUBEBUILDER_ASSETS', () => {
  const find = (needs: readonly ('etcd' | 'kube-apiserver' | 'kube-controller-manager')[]): Promise<unknown> =>
    kubebuilderAssets({ KUBEBUILDER_ASSETS: folder }).find({ needs, cacheFolder: '', onProgress: () => undefined });

  it('serves what stands there', async () => {
    place('etcd', 'kube-apiserver');
    expect(await find(['etcd', 'kube-apiserver'])).toEqual({
      etcd: join(folder, 'etcd'),
      'kube-apiserver': join(folder, 'kube-apiserver'),
    });
  });

  it('names what is missing', async () => {
    place('etcd');
    await expect(find(['etcd', 'kube-apiserver', 'kube-controller-manager'])).rejects.toThrow(
      `${folder} has no kube-apiserver, kube-controller-manager`,
    );
  });
});
