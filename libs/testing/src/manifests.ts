import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { applyObject, isServed, readManifests } from '@sriov/control-plane';
import { testControlPlane } from './control-plane.ts';
import { eventually } from './eventually.ts';

/** Applies YAML documents as administrator; CRDs among them are waited for until they serve. */
export async function applyManifests(yaml: string): Promise<void> {
  const { access } = testControlPlane();
  for (const object of readManifests(yaml)) {
    await applyObject(access, object);
    if (object.kind === 'CustomResourceDefinition') await eventually(() => isServed(access, object.metadata.name));
  }
}

const CHART = join(import.meta.dirname, '../../../charts/sriov-network-operator/files');

/** Installs the CRDs that the chart brings: our kinds and NetworkAttachmentDefinition. */
export async function installCrds(): Promise<void> {
  const files = readdirSync(join(CHART, 'crds')).map((name) => join('crds', name));
  for (const file of [...files, 'network-attachment-definition-crd.yaml']) {
    await applyManifests(readFileSync(join(CHART, file), 'utf8'));
  }
}
