import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type KubeObject,
  SRIOV_NETWORK,
  SRIOV_NETWORK_NODE_POLICY,
  type SriovNetwork,
  type SriovNetworkNodePolicy,
} from '@sriov/api';
import { readManifests } from '@sriov/control-plane';

/** The policies and networks that the README shows and the demo applies. */
export interface Examples {
  readonly policies: readonly SriovNetworkNodePolicy[];
  readonly networks: readonly SriovNetwork[];
}

const FILE = join(import.meta.dirname, '../../../docs/examples/first-policies.yaml');

/** Reads docs/examples/first-policies.yaml. */
export async function readExamples(): Promise<Examples> {
  const objects: KubeObject[] = readManifests(await readFile(FILE, 'utf8'));
  return {
    policies: objects.filter(({ kind }) => kind === SRIOV_NETWORK_NODE_POLICY.kind),
    networks: objects.filter(({ kind }) => kind === SRIOV_NETWORK.kind),
  };
}
