import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { SRIOV_NETWORK, SRIOV_NETWORK_NODE_POLICY, type SriovNetwork, type SriovNetworkNodePolicy } from '@sriov/api';
import { type Manifest, readManifests } from '@sriov/control-plane';

/** The policies and networks of an example. */
export interface Examples {
  readonly policies: readonly SriovNetworkNodePolicy[];
  readonly networks: readonly SriovNetwork[];
}

/** Folder of the examples. */
export const EXAMPLES = join(import.meta.dirname, '../../../docs/examples');

/** Reads the policies and networks of docs/examples/first-policies.yaml, or of another file beside it. */
export async function readExamples(file = 'first-policies.yaml'): Promise<Examples> {
  const objects = await readExample(file);
  return {
    policies: objects.filter(({ kind }) => kind === SRIOV_NETWORK_NODE_POLICY.kind),
    networks: objects.filter(({ kind }) => kind === SRIOV_NETWORK.kind),
  };
}

/** All objects of an example, pods included. */
export async function readExample(file: string): Promise<Manifest[]> {
  return readManifests(await readFile(join(EXAMPLES, file), 'utf8'));
}
