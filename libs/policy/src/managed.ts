import { matchesLabels } from '@sriov/api';
import { type Fleet } from './fleet.ts';

/** True when the operator manages nodes with these labels. */
export function isManaged({ nodeSelector }: Pick<Fleet, 'nodeSelector'>, labels: Record<string, string>): boolean {
  return nodeSelector !== undefined && matchesLabels(nodeSelector, labels);
}
