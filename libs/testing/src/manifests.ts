import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { adminRequest } from '@sriov/control-plane';
import { parseAllDocuments } from 'yaml';
import { request, testControlPlane } from './control-plane.ts';
import { eventually } from './eventually.ts';

interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
}

/** Applies YAML documents as administrator; CRDs among them are waited for until they serve. */
export async function applyManifests(yaml: string): Promise<void> {
  for (const document of parseAllDocuments(yaml)) {
    const manifest = document.toJS() as Manifest | null;
    if (manifest) await applyManifest(manifest);
  }
}

async function applyManifest(manifest: Manifest): Promise<void> {
  const path = await pathOf(manifest);
  const answer = await adminRequest(testControlPlane().access, {
    method: 'PATCH',
    path: `${path}?fieldManager=test&force=true`,
    contentType: 'application/apply-patch+yaml',
    body: manifest,
  });
  if (answer.status >= 400) {
    throw new Error(`${manifest.kind} ${manifest.metadata.name}: ${(answer.body as { message: string }).message}`);
  }
  if (manifest.kind === 'CustomResourceDefinition') await eventually(() => isServed(path));
}

async function pathOf({ apiVersion, kind, metadata }: Manifest): Promise<string> {
  const root = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
  const { resources } = (await request('GET', root)) as {
    resources: { name: string; kind: string; namespaced: boolean }[];
  };
  const resource = resources.find((candidate) => candidate.kind === kind && !candidate.name.includes('/'));
  if (!resource) throw new Error(`the API server knows no ${kind} in ${apiVersion}`);
  const scope = resource.namespaced ? `/namespaces/${metadata.namespace ?? 'default'}` : '';
  return `${root}${scope}/${resource.name}/${metadata.name}`;
}

interface Crd {
  readonly spec: {
    readonly group: string;
    readonly names: { readonly kind: string };
    readonly versions: readonly { readonly name: string; readonly served: boolean }[];
  };
  readonly status?: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
}

/** Established, and listed in discovery, which follows in its own time. */
async function isServed(path: string): Promise<boolean> {
  const { spec, status } = (await request('GET', path)) as Crd;
  const isEstablished = status?.conditions?.some(
    ({ type, status: holds }) => type === 'Established' && holds === 'True',
  );
  if (isEstablished !== true) return false;
  for (const { name } of spec.versions.filter(({ served }) => served)) {
    await pathOf({ apiVersion: `${spec.group}/${name}`, kind: spec.names.kind, metadata: { name: '' } });
  }
  return true;
}

const CHART = join(import.meta.dirname, '../../../charts/sriov-network-operator/files');

/** Installs the CRDs that the chart brings: our kinds and NetworkAttachmentDefinition. */
export async function installCrds(): Promise<void> {
  const files = readdirSync(join(CHART, 'crds')).map((name) => join('crds', name));
  for (const file of [...files, 'network-attachment-definition-crd.yaml']) {
    await applyManifests(readFileSync(join(CHART, file), 'utf8'));
  }
}
