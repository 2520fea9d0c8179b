import { type KubeObject } from '@sriov/api';
import { type MatchedNode, nodeReadiness, type NodesFacts } from '@sriov/policy-status';
import { type Caches } from '../caches/caches.ts';
import { type FailingNodes } from './failing-nodes.ts';
import { type FleetView } from '../caches/fleet-view.ts';
import { type NodeFindings } from './node-findings.ts';
import { type Settings } from '../settings.ts';
import { type SubjectKind, subjectOf } from '../subject.ts';

/** Where the status of a policy or pool is computed from. */
export interface StatusSources {
  readonly caches: Caches;
  readonly view: FleetView;
  readonly findings: NodeFindings;
  readonly failing: FailingNodes;
  readonly settings: Settings;
}

/** The nodes of a policy or pool, as far as they are planned. */
export interface SubjectNodes extends NodesFacts {
  readonly selectedNodes: number;
}

/**
 * What is known of the nodes of a policy or pool. A node counts as ready when it was planned with the object as it is
 * now, nothing had to be written for that, and its daemon says so: what it said of the spec before does not count.
 */
export function nodesOf(
  sources: StatusSources,
  about: { readonly kind: SubjectKind; readonly object: KubeObject; readonly selected: readonly KubeObject[] },
): SubjectNodes {
  const { findings, failing, view } = sources;
  const { name, generation } = about.object.metadata;
  const subject = subjectOf(about.kind, name);
  const policy = about.kind === 'SriovNetworkNodePolicy' ? name : undefined;
  const isPlanned = (node: string): boolean => findings.get(node)?.generations.get(subject) === (generation ?? 0);
  const own = view.current.problems.filter((problem) => problem.kind === about.kind && problem.name === name);
  return {
    selectedNodes: about.selected.length,
    unplannedNodes: about.selected.filter(({ metadata }) => !isPlanned(metadata.name)).length,
    unreported: findings.undecidedNodesOf(subject),
    matched: findings.nodesOf(subject).flatMap((node) => matchedNode(sources, node, policy)),
    problems: [...own, ...findings.problemsOf(subject), ...failing.problemsOf(subject)],
  };
}

/** @param policy whose PFs count; those of all when it is left out */
function matchedNode({ caches, findings, settings }: StatusSources, name: string, policy?: string): MatchedNode[] {
  const state = caches.nodeStates.store.get(`${settings.namespace}/${name}`);
  if (state === undefined) return [];
  const found = findings.get(name);
  const { hold } = found ?? {};
  if (found === undefined || (!found.isSettled && hold === undefined)) return [{ name, readiness: 'progressing' }];
  const now = nodeReadiness(state, policy);
  // What fails of the present spec is news. Else what the daemon says is about a spec that is not the wanted one.
  return [hold && now.readiness !== 'failed' ? { name, readiness: 'held', hold } : { name, ...now }];
}
