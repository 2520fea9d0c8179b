import { type RolloutNode } from './rollout-node.ts';

/** Upstream's words on a MachineConfigPool: a pause that stands there as `Paused` is a drainer's, and ends with its drains. */
export type PoolMark = 'Paused' | 'Idle';

/** What bears on the pause of one MachineConfigPool of OpenShift. */
export interface MachineConfigPoolFacts {
  readonly name: string;
  /** `spec.paused`: no further node of it gets another configuration. */
  readonly isPaused: boolean;
  /** What stands on it about who has paused it. Whatever is not `Paused` is no mark of a drainer. */
  readonly mark?: string | undefined;
  /** Name of the configuration that its nodes are to have; absent before there is one. */
  readonly wanted?: string | undefined;
  /** Name of the configuration that all of its nodes have; absent before they do. */
  readonly present?: string | undefined;
  readonly nodes: readonly MachineConfigPoolNode[];
}

/** A node of a MachineConfigPool. */
export interface MachineConfigPoolNode {
  readonly name: string;
  /** Its configuration is not the one that it is to have: OpenShift drains or reboots it, paused or not. */
  readonly isUpdating: boolean;
  /** See {@link keepsPoolPaused}. */
  readonly keepsPaused: boolean;
}

/** What has to happen to the pool of a node before its drain may go on. */
export type PauseStep =
  /** Nothing: the pool holds still. */
  | { readonly kind: 'held' }
  /** Pause it, in one write with our mark, if nobody has changed it since. */
  | { readonly kind: 'pause' }
  /** It is rolling something out. */
  | { readonly kind: 'wait'; readonly message: string };

const HELD: PauseStep = { kind: 'held' };

/**
 * What has to happen to the pool before the drain of one of its nodes may go on. Whoever has paused it, a paused pool
 * begins no update; but one that has begun goes on, and the node must not be drained by two at a time. A pool in the
 * middle of a roll-out is not paused: half of its nodes would stay behind for as long as drains go on.
 */
export function planPause(pool: MachineConfigPoolFacts, node: string): PauseStep {
  const updating = pool.nodes.filter(({ isUpdating }) => isUpdating).map(({ name }) => name);
  if (updating.includes(node)) {
    return { kind: 'wait', message: `OpenShift updates node ${node} itself (MachineConfigPool ${pool.name})${THEN}` };
  }
  if (pool.isPaused) return HELD;
  const message = describeRollout(pool, updating);
  return message === undefined ? { kind: 'pause' } : { kind: 'wait', message: `${message}${THEN}` };
}

const THEN = ': the drain goes on when that is done';

function describeRollout({ name, wanted, present }: MachineConfigPoolFacts, updating: string[]): string | undefined {
  const title = `MachineConfigPool ${name}`;
  if (!wanted) return `${title} has no configuration yet (spec.configuration.name is empty)`;
  if (!present) return `${title} has not rolled out its first configuration yet (status.configuration.name is empty)`;
  if (wanted !== present) return `${title} rolls out ${wanted} in place of ${present}`;
  return updating.length > 0 ? `${title} updates node ${updating[0]}` : undefined;
}

/**
 * Whether a pause is over: it was a drainer's, and no node of the pool needs it any more. The mark counts, not
 * `spec.paused`: upstream writes them one after the other, and a mark that is left alone goes as well.
 */
export function isPauseOver({ mark, nodes }: MachineConfigPoolFacts): boolean {
  const ours: PoolMark = 'Paused';
  return mark === ours && !nodes.some(({ keepsPaused }) => keepsPaused);
}

/** Whether the pool of the node has to stay paused where it is: the node has a slot, or asks for one. */
export function keepsPoolPaused({ state }: Pick<RolloutNode, 'state'>): boolean {
  return typeof state === 'string' || state.request !== 'Idle' || state.progress !== 'Idle';
}

/** What decides whether a drain needs the pool of the node to hold still. */
interface NeedFacts {
  readonly node: Pick<RolloutNode, 'state' | 'isExternal'>;
  readonly isDrainDisabled: boolean;
}

/**
 * Whether the node has a slot for something during which OpenShift must not drain or reboot it. Where no pod leaves and
 * the node does not reboot there is nothing of that kind. An external drainer sees to it by itself.
 */
export function needsPause({ node: { state, isExternal }, isDrainDisabled }: NeedFacts): boolean {
  if (isExternal || typeof state === 'string' || state.progress === 'Idle') return false;
  return state.request === 'Reboot_Required' || (state.request === 'Drain_Required' && !isDrainDisabled);
}
