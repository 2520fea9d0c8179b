import { once } from 'node:events';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { binariesFolder, type Resolved, resolveBinaries, type Sources } from './binaries.ts';
import { type Source, type Supplier, type SupplyRequest } from './source.ts';
import { folderSource, kubebuilderAssets } from './sources/folder.ts';
import { type Program } from './versions.ts';

let folder: string;
let cache: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'binaries-spec-'));
  cache = binariesFolder({ SRIOV_CACHE: folder });
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const place = (where: string, ...names: string[]): void => {
  mkdirSync(where, { recursive: true });
  for (const name of names) {
    writeFileSync(join(where, name), '');
    chmodSync(join(where, name), 0o755);
  }
};
const having = (name: string): Source => ({
  name,
  find: (needs) => Promise.resolve(Object.fromEntries(needs.map((program) => [program, `/${name}/${program}`]))),
});
const lacking = (name: string): Source => ({ name, find: () => Promise.reject(new Error(`${name} is empty`)) });
const giving = (name: string, ...programs: readonly Program[]): Supplier => ({
  name,
  supply: ({ needs, folder: target }) => {
    place(target, ...needs.filter((program) => programs.includes(program)));
    return Promise.resolve();
  },
});
const failing = (name: string): Supplier => ({ name, supply: () => Promise.reject(new Error(`${name} is away`)) });

const resolve = (
  sources: Partial<Sources>,
  alsoNeeds: readonly Program[] = [],
  onProgress: (line: string) => void = () => undefined,
): Promise<Resolved> =>
  resolveBinaries({
    env: { SRIOV_CACHE: folder },
    sources: { ready: [folderSource('the cache', cache)], suppliers: [], ...sources },
    alsoNeeds,
    onProgress,
  });
const messageOfFailure = async (attempt: Promise<unknown>): Promise<string> => {
  const error: unknown = await attempt.catch((reason: unknown) => reason);
  expect(error).toMatchObject({ code: 'NO_CONTROL_PLANE' });
  return (error as Error).message;
};

describe('resolveBinaries', () => {
  it('takes the first place where all programs stand ready', async () => {
    const ready = [lacking('one'), having('two'), having('three')];
    expect(
      await resolve({ ready, suppliers: [giving('four', 'etcd', 'kube-apiserver')] }, ['kube-controller-manager']),
    ).toEqual({
      source: 'two',
      binaries: {
        etcd: '/two/etcd',
        'kube-apiserver': '/two/kube-apiserver',
        'kube-controller-manager': '/two/kube-controller-manager',
      },
    });
  });

  it('has the first supplier that can fill the cache, and finds the programs there the next time', async () => {
    const suppliers = [failing('one'), giving('two', 'etcd', 'kube-apiserver'), giving('three', 'etcd')];
    const binaries = { etcd: join(cache, 'etcd'), 'kube-apiserver': join(cache, 'kube-apiserver') };
    expect(await resolve({ suppliers })).toEqual({ source: 'two', binaries });
    expect(await resolve({ suppliers })).toEqual({ source: 'the cache', binaries });
    expect(readdirSync(cache).sort()).toEqual(['etcd', 'kube-apiserver']);
  });

  it('has the next supplier complete what one has left out', async () => {
    const suppliers = [giving('an archive', 'etcd', 'kube-apiserver'), giving('a build', 'kube-controller-manager')];
    expect((await resolve({ suppliers }, ['kube-controller-manager'])).source).toBe('an archive and a build');
  });

  it('asks only for what the cache lacks', async () => {
    place(cache, 'etcd', 'kube-apiserver');
    const asked: (readonly Program[])[] = [];
    const build = giving('a build', 'kube-controller-manager');
    const supply = (request: SupplyRequest): Promise<void> => {
      asked.push(request.needs);
      return build.supply(request);
    };
    const { source } = await resolve({ suppliers: [{ name: 'a build', supply }] }, ['kube-controller-manager']);
    expect([source, asked]).toEqual(['a build', [['kube-controller-manager']]]);
  });

  it('names kubectl where it stands with the others, and does without', async () => {
    place(cache, 'etcd', 'kube-apiserver', 'kubectl');
    expect((await resolve({})).binaries.kubectl).toBe(join(cache, 'kubectl'));
  });

  it('lists every place with its reason when none has them, the cures, and what works without', async () => {
    const ready = [lacking('one'), lacking('two')];
    const suppliers = [giving('three', 'etcd'), failing('four')];
    const message = await messageOfFailure(resolve({ ready, suppliers }));
    expect(message.split('\n').slice(1)).toEqual([
      '  one: one is empty',
      '  two: two is empty',
      '  three: it has no kube-apiserver',
      '  four: four is away',
      'Any of these helps: a Go toolchain with a module proxy, programs in the folder KUBEBUILDER_ASSETS,',
      'or, where no controller manager is needed, a network.',
      'Without one, "npm run demo -- --no-cluster" shows policies becoming VFs on a simulated node.',
    ]);
  });

  it('tells of a supplier that fails before the next one takes its time', async () => {
    const lines: string[] = [];
    const suppliers = [failing('one'), giving('two', 'etcd', 'kube-apiserver')];
    await resolve({ suppliers }, [], (line) => lines.push(line));
    expect(lines).toEqual(['nothing from one: one is away']);
  });

  it('names the setting for another folder when the cache cannot be written', async () => {
    writeFileSync(join(folder, 'control-plane'), 'in the way');
    expect(await messageOfFailure(resolve({}))).toMatch(/^ {2}E\w+: .*SRIOV_CACHE/m);
  });
});

describe('the lock of the cache', () => {
  it('lets one process at a time fill it, and the next one find what that has got', async () => {
    const abort = new AbortController();
    const waiting = once(abort.signal, 'abort');
    const slow: Supplier = {
      name: 'slow',
      // Ends when the other one has said that it waits: both cannot be in here.
      supply: async (request) => {
        await waiting;
        await giving('slow', 'etcd', 'kube-apiserver').supply(request);
      },
    };
    const lines: string[] = [];
    const onProgress = (line: string): void => {
      lines.push(line);
      abort.abort();
    };
    const found = await Promise.all([1, 2].map(() => resolve({ suppliers: [slow] }, [], onProgress)));
    expect(found.map(({ source }) => source).sort()).toEqual(['slow', 'the cache']);
    expect(lines).toEqual([`waiting for process ${process.pid} on ${hostname()}: it gets the same programs`]);
  });

  const HOUR_AGO = Date.now() / 1000 - 3600;
  it.each([
    // No process has this number: the kernel's limit is below it.
    ['of a process that died', `4194305 on ${hostname()}`, undefined],
    ['whose process number has a new owner since a reboot', `1 on ${hostname()}`, HOUR_AGO],
    ['that a machine left on shared files', '1 on elsewhere', HOUR_AGO],
    ['that was never written to its end', '', HOUR_AGO],
  ])('takes over a lock %s', async (_, text, touched) => {
    place(cache);
    writeFileSync(join(cache, '.lock'), text);
    if (touched !== undefined) utimesSync(join(cache, '.lock'), touched, touched);
    expect((await resolve({ suppliers: [giving('one', 'etcd', 'kube-apiserver')] })).source).toBe('one');
    expect(readdirSync(cache).sort()).toEqual(['etcd', 'kube-apiserver']);
  });

  it('respects the lock of a process on another machine', async () => {
    const lock = join(cache, '.lock');
    place(cache);
    writeFileSync(lock, '4194305 on elsewhere');
    const suppliers = [giving('one', 'etcd', 'kube-apiserver')];
    const lines: string[] = [];
    await resolve({ suppliers }, [], (line) => {
      lines.push(line);
      rmSync(lock);
    });
    expect(lines).toEqual(['waiting for process 4194305 on elsewhere: it gets the same programs']);
  });

  it('clears away the work of a run that was killed', async () => {
    place(join(cache, '.work'), 'half');
    let before: string[] = [];
    const supply = async (request: SupplyRequest): Promise<void> => {
      before = readdirSync(request.workFolder);
      await giving('one', 'etcd', 'kube-apiserver').supply(request);
    };
    await resolve({ suppliers: [{ name: 'one', supply }] });
    expect(before).toEqual([]);
  });
});

describe('KUBEBUILDER_ASSETS', () => {
  const find = (...needs: readonly Program[]): Promise<unknown> =>
    kubebuilderAssets({ KUBEBUILDER_ASSETS: folder }).find(needs);

  it('serves what stands there', async () => {
    place(folder, 'etcd', 'kube-apiserver', 'kubectl');
    expect(await find('etcd', 'kube-apiserver')).toEqual({
      etcd: join(folder, 'etcd'),
      'kube-apiserver': join(folder, 'kube-apiserver'),
      kubectl: join(folder, 'kubectl'),
    });
  });

  it('names what is missing', async () => {
    place(folder, 'etcd');
    writeFileSync(join(folder, 'kube-apiserver'), 'not executable', { mode: 0o644 });
    await expect(find('etcd', 'kube-apiserver', 'kube-controller-manager')).rejects.toThrow(
      `no kube-apiserver, kube-controller-manager in ${folder}`,
    );
  });

  it('is /usr/local/kubebuilder/bin when it is not set', async () => {
    await expect(kubebuilderAssets({}).find(['no such program' as Program])).rejects.toThrow(
      'in /usr/local/kubebuilder/bin',
    );
  });
});

describe('the folder of the cache', () => {
  it.each([
    ['SRIOV_CACHE before all', { SRIOV_CACHE: '/a', XDG_CACHE_HOME: '/b' }, '/a'],
    ["the user's cache folder", { XDG_CACHE_HOME: '/b' }, '/b/sriov-operator'],
  ])('is %s', (_, env, expected) => {
    expect(dirname(dirname(binariesFolder(env)))).toBe(expected);
  });
});
