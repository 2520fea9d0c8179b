import { z } from 'zod';

/** What `npm run images` says about the images that it has built. */
export const releaseSchema = z.object({
  version: z.string(),
  /** The commit, with `-modified` behind it when files differed from it. */
  revision: z.string(),
  images: z.array(
    z.object({
      name: z.string(),
      /** File names are relative to the folder of the images. */
      archive: z.string(),
      digest: z.string(),
      architectures: z.array(z.object({ architecture: z.string(), digest: z.string(), billOfMaterials: z.string() })),
    }),
  ),
});
export type Release = z.output<typeof releaseSchema>;

/** A command, word by word. */
export type Command = readonly [string, ...string[]];

/** What a release has to be made of. */
export interface Needed {
  readonly names: readonly string[];
  readonly architectures: readonly string[];
  /** Versions whose recordings in `tools/contracts` are sealed. */
  readonly sealed: readonly string[];
}

/** Why the images may not be released; empty when they may. */
export function problemsOf({ version, revision, images }: Release, needed: Needed): string[] {
  const missing = needed.names.filter((name) => !images.some((image) => image.name === name));
  const incomplete = images.flatMap(({ name, architectures }) =>
    needed.architectures
      .filter((each) => !architectures.some(({ architecture }) => architecture === each))
      .map((each) => `${name} is missing for ${each}`),
  );
  const modified = revision.endsWith('-modified') ? ['the images were built from files that are in no commit'] : [];
  const unsealed = needed.sealed.includes(version)
    ? []
    : [
        `what the services of ${version} exchange is not sealed, so later versions could break it: npm run contracts -- --seal`,
      ];
  return [...modified, ...unsealed, ...missing.map((name) => `${name} is missing`), ...incomplete];
}

/**
 * The commands that publish images, in their order: all are pushed before the first is signed, and what is signed and
 * attested is named by its digest, because a tag can be moved. @param folder where the images are
 */
export function planRelease(release: Release, registry: string, folder: string): Command[] {
  const { version, images } = release;
  const pushes = images.map(({ name, archive }): Command => [
    ...(['skopeo', 'copy', '--all', '--preserve-digests'] as const),
    `oci-archive:${folder}/${archive}`,
    `docker://${registry}/${name}:${version}`,
  ]);
  const signatures = images.map(({ name, digest }): Command => [
    'cosign',
    'sign',
    '--yes',
    '--recursive',
    `${registry}/${name}@${digest}`,
  ]);
  const attestations = images.flatMap(({ name, architectures }) =>
    architectures.map(({ digest, billOfMaterials }): Command => [
      ...(['cosign', 'attest', '--yes', '--type', 'spdxjson', '--predicate'] as const),
      `${folder}/${billOfMaterials}`,
      `${registry}/${name}@${digest}`,
    ]),
  );
  return [...pushes, ...signatures, ...attestations];
}
