import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CUSTOM_RESOURCES } from '@sriov/api';
import { admissionRulesFile } from './admission-rules.ts';
import { crdFile } from './crd.ts';
import { exampleOf } from './example.ts';
import { referencePage } from './reference.ts';

const root = join(import.meta.dirname, '../../..');
const files = join(root, 'charts/sriov-network-operator/files');
const crds = join(files, 'crds');
const pages = join(root, 'docs/crds');

for (const folder of [crds, pages]) mkdirSync(folder, { recursive: true });
for (const resource of CUSTOM_RESOURCES) {
  writeFileSync(join(crds, `${resource.group}_${resource.plural}.yaml`), crdFile(resource));
  writeFileSync(join(pages, `${resource.kind.toLowerCase()}.md`), referencePage(resource, exampleOf(resource.kind)));
}
writeFileSync(join(files, 'admission-rules.yaml'), admissionRulesFile());
