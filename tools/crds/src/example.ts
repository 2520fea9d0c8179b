import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const EXAMPLES = join(import.meta.dirname, '../../../docs/examples');

/** The file with the example of a kind. The operator writes SriovNetworkNodeStates itself. */
const FILES: Readonly<Record<string, string>> = {
  SriovNetworkNodePolicy: 'netdevice.yaml',
  SriovNetwork: 'netdevice.yaml',
  SriovIBNetwork: 'infiniband.yaml',
  OVSNetwork: 'ovs-network.yaml',
  SriovNetworkPoolConfig: 'pool-config.yaml',
  SriovOperatorConfig: 'operator-config.yaml',
};

/**
 * The first object of the kind in docs/examples, as it is written there, with its comments.
 * @throws Error when the file that should have one has none.
 */
export function exampleOf(kind: string): string | undefined {
  const file = FILES[kind];
  if (file === undefined) return undefined;
  const documents = readFileSync(join(EXAMPLES, file), 'utf8').split(/^---\n/m);
  const document = documents.find((each) => each.split('\n').includes(`kind: ${kind}`));
  if (document === undefined) throw new Error(`docs/examples/${file} has no ${kind}`);
  return document.trim();
}
