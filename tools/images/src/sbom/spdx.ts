import { OPERATOR_VERSION } from '@sriov/api';
import { type BundledApp } from '../build/apps.ts';
import { type BuiltImage } from '../oci/layout.ts';
import { NODE } from '../recipe.ts';
import { type DebianPackage } from '../roots/packages.ts';

/** What a software bill of materials is made from. */
export interface Materials {
  readonly name: string;
  readonly image: BuiltImage;
  readonly app: BundledApp;
  /** Packages of which files are in the image. */
  readonly debian: readonly DebianPackage[];
  /** The image that it was built on, when that is not our own base: nothing is known of what is in that. */
  readonly base?: string | undefined;
  /** When the commit was made, as `2026-11-29T10:00:00Z`. */
  readonly created: string;
}

/** A package of an SPDX document; the fields are those of SPDX 2.3. */
interface SpdxPackage {
  readonly SPDXID: string;
  readonly name: string;
  readonly versionInfo: string;
  readonly downloadLocation: 'NOASSERTION';
  readonly filesAnalyzed: false;
  readonly licenseDeclared: string;
  readonly checksums?: readonly { readonly algorithm: 'SHA256'; readonly checksumValue: string }[];
  readonly externalRefs: readonly object[];
}

/** Of a package, what is not the same for all. */
interface Described {
  readonly kind: string;
  readonly name: string;
  readonly version: string;
  readonly license?: string;
  readonly sha256?: string;
  /** Package URL. */
  readonly purl: string;
}

/** What is in an image, as an SPDX 2.3 document. The same materials give the same document. */
export function spdxOf(materials: Materials): object {
  const { name, image, created } = materials;
  const [root, ...parts] = [describeImage(materials), ...describeParts(materials)].map(toPackage);
  const contains = parts.map(({ SPDXID }) => relate(root?.SPDXID, 'CONTAINS', SPDXID));
  return {
    spdxVersion: 'SPDX-2.3',
    dataLicense: 'CC0-1.0',
    SPDXID: 'SPDXRef-DOCUMENT',
    name: `${name}-${OPERATOR_VERSION}-${image.architecture}`,
    documentNamespace: `urn:sriov-operator:${name}:${image.manifest.digest}`,
    creationInfo: { created, creators: ['Tool: sriov-operator-images'] },
    packages: [root, ...parts],
    relationships: [relate('SPDXRef-DOCUMENT', 'DESCRIBES', root?.SPDXID), ...contains],
  };
}

function describeImage({ name, image }: Materials): Described {
  const { digest } = image.manifest;
  const purl = `pkg:oci/${name}@${encodeURIComponent(digest)}?arch=${image.architecture}`;
  const sha256 = digest.replace('sha256:', '');
  return { kind: 'image', name, version: OPERATOR_VERSION, license: 'Apache-2.0', sha256, purl };
}

function describeParts({ image, app, debian, base }: Materials): Described[] {
  const npm = app.packages.map(({ name, version, license }) => {
    const purl = `pkg:npm/${name.replace('@', '%40')}@${version}`;
    return { kind: 'npm', name, version, license, purl };
  });
  const node = { kind: 'node', name: 'node', version: NODE.version, license: 'MIT' };
  const below =
    base === undefined
      ? [
          {
            ...node,
            purl: `pkg:npm/${NODE[image.architecture === 'arm64' ? 'arm64' : 'amd64'].package}@${NODE.version}`,
          },
        ]
      : [{ kind: 'base', name: base, version: base.slice(base.indexOf('@') + 1), purl: `pkg:oci/${purlOfBase(base)}` }];
  return [...below, ...debian.map(describeDebian), ...npm];
}

function describeDebian({ name, version, architecture, sha256 }: DebianPackage): Described {
  const purl = `pkg:deb/debian/${encodeURIComponent(name)}@${encodeURIComponent(version)}?arch=${architecture}`;
  return { kind: 'deb', name, version, sha256, purl };
}

function purlOfBase(base: string): string {
  const [path = '', digest = ''] = base.split('@');
  const name = path.slice(path.lastIndexOf('/') + 1).replace(/:.*$/, '');
  return `${name}@${encodeURIComponent(digest)}?repository_url=${encodeURIComponent(path)}`;
}

function toPackage({ kind, name, version, license = 'NOASSERTION', sha256, purl }: Described): SpdxPackage {
  return {
    SPDXID: `SPDXRef-${kind}-${`${name}-${version}`.replace(/[^A-Za-z0-9.-]/g, '-')}`,
    name,
    versionInfo: version,
    downloadLocation: 'NOASSERTION',
    filesAnalyzed: false,
    licenseDeclared: license,
    ...(sha256 !== undefined && { checksums: [{ algorithm: 'SHA256', checksumValue: sha256 }] }),
    externalRefs: [{ referenceCategory: 'PACKAGE-MANAGER', referenceType: 'purl', referenceLocator: purl }],
  };
}

function relate(
  spdxElementId: string | undefined,
  relationshipType: string,
  relatedSpdxElement: string | undefined,
): object {
  return { spdxElementId, relationshipType, relatedSpdxElement };
}
