import { ANNOTATION, CONDITION, type Reason, REASON, type SriovNetworkNodeState } from '@sriov/api';
import { type DrainState, type Need, permission, readDrainState } from '@sriov/drain-protocol';
import { type CountedUsers } from '@sriov/node-plan';
import { type DrainInVain, readDrainInVain } from './drain-in-vain.ts';
import { type DrainPorts, isBehind } from './drain-ports.ts';

/** What a pass knows about the drain of its node when it begins. */
export interface DrainFacts {
  /** What the annotations say; a sentence where one of them has a value that nobody writes. */
  readonly state: DrainState | string;
  readonly isDrainDisabled: boolean;
  /** What the pass may disturb. */
  readonly mayDisturb: Need;
  /** Who counts as a user of a VF in this pass. */
  readonly users: CountedUsers;
  /** RFC 3339 time at which the node asked for what it asks for now. */
  readonly askedAt: string | undefined;
  /** What the drain controller last said about the node. */
  readonly answer: Reason | undefined;
  /** The node state says that another controller than ours drains the node. */
  readonly isExternal: boolean;
  /** Of the node state. */
  readonly generation: number;
  /** What the node was drained for in vain, for the spec as it stands. */
  readonly inVain: DrainInVain | undefined;
}

/** What is known about the drain of the node. `unasked`: who counts as a user of a VF while nothing is granted. */
export type GatheredDrain = { readonly unasked: CountedUsers } & (
  | { readonly kind: 'known'; readonly facts: DrainFacts }
  /** The Node is not seen, or the caches do not show yet what was written last: nothing is decided. */
  | { readonly kind: 'unknown' }
);

/** Reads from the caches what the node has asked for, and what it has been granted. */
export function gatherDrain(ports: DrainPorts, nodeState: SriovNetworkNodeState): GatheredDrain {
  const unasked: CountedUsers = ports.asksAlways ? 'anybody' : 'seen';
  const node = ports.getNode();
  if (node === undefined || isBehind(ports)) return { kind: 'unknown', unasked };
  const { annotations = {} } = nodeState.metadata;
  const state = readDrainState({ node, nodeState });
  const isDrainDisabled = ports.isDrainDisabled();
  const mayDisturb = typeof state === 'string' ? 'nothing' : permission({ state, isDrainDisabled });
  const users = mayDisturb === 'nothing' ? unasked : 'host';
  const isExternal = annotations[ANNOTATION.useExternalDrainer] === 'true';
  const askedAt = annotations[ANNOTATION.drainAskedAt];
  const answer = answerOf(nodeState);
  const { generation = 0 } = nodeState.metadata;
  const ofState = { askedAt, answer, isExternal, generation, inVain: readDrainInVain(nodeState) };
  return { kind: 'known', unasked, facts: { state, isDrainDisabled, mayDisturb, users, ...ofState } };
}

function answerOf({ status }: SriovNetworkNodeState): Reason | undefined {
  const reason = status?.conditions?.find(({ type }) => type === CONDITION.drained)?.reason;
  return Object.values(REASON).find((known) => known === reason);
}
