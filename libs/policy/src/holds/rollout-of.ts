import { type ConfigHash, OPERATOR_VERSION } from '@sriov/api';
import { type PreparedPool } from '@sriov/selection';
import { type Fleet } from '../fleet.ts';

/**
 * A short text that names the roll-out that a pool is in: it differs as soon as something differs that the specs of its
 * nodes are made from, apart from the nodes themselves. `nodes` are the labels of the managed nodes of the pool.
 */
export function rolloutOf(
  fleet: Fleet,
  pool: PreparedPool,
  nodes: Iterable<Readonly<Record<string, string>>>,
  hash: ConfigHash,
): string {
  const policies = new Set([...nodes].flatMap((labels) => fleet.policyIndex.about(labels).map(({ name }) => name)));
  const versions = [...policies].sort().map((name) => [name, fleet.policyVersions.get(name)]);
  return hash(JSON.stringify([OPERATOR_VERSION, fleet.inputs, pool.name, pool.spec.rdmaMode ?? null, versions]));
}
