import { findReportedNeed, findReportedRefusal } from '@sriov/node-limits';
import { contribute, mergeContributions, nameOf } from '@sriov/selection';
import { listSome } from '@sriov/words';
import { type PlacedNode, type Placement } from './placement.ts';

/** Most sentences about PFs in one answer. */
const MOST_WARNINGS = 4;

/**
 * What the daemons of the nodes will refuse of the policy on PFs as they are now, or reach only by a reboot: one sentence per PF name and cause.
 */
export function limitWarnings({ policy, nodes }: Placement): string[] {
  const nodesOf = new Map<string, string[]>();
  for (const node of nodes) {
    for (const refusal of refusalsOn(policy, node)) {
      nodesOf.set(refusal, [...(nodesOf.get(refusal) ?? []), node.name]);
    }
  }
  const warnings = [...nodesOf].map(
    ([refusal, names]) => `on ${describe(names)}: ${refusal}; until then nothing is done to the PF`,
  );
  const rest = warnings.length - MOST_WARNINGS;
  return rest > 0 ? [...warnings.slice(0, MOST_WARNINGS), `and ${rest} more PFs are refused alike`] : warnings;
}

function refusalsOn(policy: Placement['policy'], { selected }: PlacedNode): string[] {
  return selected.flatMap((nic) => {
    const result = contribute(policy, nic);
    if (!result.ok) return [];
    const { desired } = mergeContributions(nic, [result.contribution]);
    const refusal = findReportedRefusal(desired, nic);
    if (refusal !== undefined) return [`${nameOf(nic)}: ${refusal.message}`];
    const need = findReportedNeed(desired, nic);
    return need === undefined ? [] : [`${nameOf(nic)}: ${need.why}: the firmware is changed, and the node rebooted`];
  });
}

function describe(nodes: readonly string[]): string {
  return `${nodes.length === 1 ? 'node ' : ''}${listSome(nodes, 1)}`;
}
