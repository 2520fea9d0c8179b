import { describe, expect, it } from '@jest/globals';
import { planRelease, problemsOf, type Release } from './plan-release.ts';

const release: Release = {
  version: '1.2.3',
  revision: 'abc',
  images: ['pump', 'tap'].map((name) => ({
    ...{ name, archive: `${name}.tar`, digest: `sha256:${name}` },
    architectures: ['amd64', 'arm64'].map((architecture) => ({
      architecture,
      digest: `sha256:${name}-${architecture}`,
      billOfMaterials: `${name}-${architecture}.spdx.json`,
    })),
  })),
};
const needed = { names: ['pump', 'tap'], architectures: ['amd64', 'arm64'], sealed: ['1.2.3'] };

describe('a release', () => {
  it('pushes all images, then signs them and attests what is in them, by their digests', () => {
    expect(planRelease(release, 'registry.example/x', 'dist').map((words) => words.join(' '))).toEqual([
      'skopeo copy --all --preserve-digests oci-archive:dist/pump.tar docker://registry.example/x/pump:1.2.3',
      'skopeo copy --all --preserve-digests oci-archive:dist/tap.tar docker://registry.example/x/tap:1.2.3',
      'cosign sign --yes --recursive registry.example/x/pump@sha256:pump',
      'cosign sign --yes --recursive registry.example/x/tap@sha256:tap',
      ...['pump-amd64', 'pump-arm64', 'tap-amd64', 'tap-arm64'].map(
        (each) =>
          `cosign attest --yes --type spdxjson --predicate dist/${each}.spdx.json registry.example/x/${each.split('-')[0]}@sha256:${each}`,
      ),
    ]);
  });

  it('may be made of all images, for all architectures, from a commit', () => {
    expect(problemsOf(release, needed)).toEqual([]);
  });

  it.each<[string, Partial<Release>, string]>([
    [
      'files that are in no commit',
      { revision: 'abc-modified' },
      'the images were built from files that are in no commit',
    ],
    [
      'a version whose services nobody holds later ones against',
      { version: '1.2.4' },
      'what the services of 1.2.4 exchange is not sealed, so later versions could break it: npm run contracts -- --seal',
    ],
    ['some of the images', { images: release.images.slice(1) }, 'pump is missing'],
    [
      'some of the architectures',
      { images: release.images.map((each) => ({ ...each, architectures: each.architectures.slice(1) })).slice(0, 2) },
      'pump is missing for amd64',
    ],
  ])('may not be made of %s', (_, change, problem) => {
    expect(problemsOf({ ...release, ...change }, needed)).toContain(problem);
  });
});
