import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CUSTOM_RESOURCES } from '@sriov/api';
import { crdFile } from './crd.ts';

const folder = join(import.meta.dirname, '../../../charts/sriov-network-operator/files/crds');

mkdirSync(folder, { recursive: true });
for (const resource of CUSTOM_RESOURCES) {
  writeFileSync(join(folder, `${resource.group}_${resource.plural}.yaml`), crdFile(resource));
}
