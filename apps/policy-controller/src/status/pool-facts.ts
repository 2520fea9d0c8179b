import { type SriovNetworkPoolConfig } from '@sriov/api';
import { isManaged } from '@sriov/policy';
import { type PoolFacts } from '@sriov/policy-status';
import { misplaced, selectorMatches } from '@sriov/selection';
import { nodesOf, type StatusSources } from './nodes-of.ts';

/** Reads from the caches and from what planning found all that bears on the status of the pool. */
export function gatherPoolFacts(sources: StatusSources, pool: SriovNetworkPoolConfig): PoolFacts {
  const { caches, view, settings } = sources;
  const { name, namespace } = pool.metadata;
  if (namespace !== settings.namespace) {
    const problem = misplaced({ kind: 'SriovNetworkPoolConfig', name, operatorNamespace: settings.namespace });
    return { matched: [], unplannedNodes: 0, unreported: [], problems: [problem], isForOffload: false };
  }
  const prepared = view.current.pools.find((each) => each.name === name);
  const isInPool = (labels: Record<string, string>): boolean =>
    prepared !== undefined && isManaged(view.current, labels) && selectorMatches(prepared.spec.nodeSelector, labels);
  const selected = caches.nodes.store.list().filter(({ metadata }) => isInPool(metadata.labels ?? {}));
  const nodes = nodesOf(sources, { kind: 'SriovNetworkPoolConfig', object: pool, selected });
  return { ...nodes, isForOffload: prepared === undefined && nodes.problems.length === 0 };
}
