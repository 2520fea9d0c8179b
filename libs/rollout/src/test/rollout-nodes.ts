import { type DrainProgress, type DrainRequest } from '@sriov/api';
import { type RolloutNode } from '../rollout-node.ts';

/** A healthy node that asks for nothing, changed as the test wants it. */
export function rolloutNode(
  name: string,
  {
    request = 'Idle',
    progress = 'Idle',
    ...rest
  }: Partial<RolloutNode> & { readonly request?: DrainRequest | 'unsettled'; readonly progress?: DrainProgress } = {},
): RolloutNode {
  return {
    name,
    state: { request, progress, missing: [] },
    isExternal: false,
    isReady: true,
    isUnschedulable: false,
    isOverdue: false,
    isLost: false,
    isOurGrant: progress !== 'Idle',
    ...rest,
  };
}
