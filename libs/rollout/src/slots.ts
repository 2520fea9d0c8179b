import { type DrainPolicy } from './drain-policy.ts';
import { type Limit } from './max-unavailable.ts';
import { hasSlot, type RolloutNode } from './rollout-node.ts';

/** A pool and its nodes, managed or not. */
export interface RolloutPool {
  /** Absent for the default pool, which has the nodes that are in no other. */
  readonly name?: string | undefined;
  readonly limit: Limit;
  /** What happens to a drain that takes too long; to wait when absent. */
  readonly onTimeout?: DrainPolicy['onTimeout'] | undefined;
  readonly nodes: readonly RolloutNode[];
  /** Nodes that may be in the pool, and get no turn. Those that have a slot may have one of this pool. */
  readonly guests?: readonly RolloutNode[] | undefined;
}

/** Who may be drained next in a pool, and why the others wait: a sentence by name of the node. */
export interface Turns {
  /** In the order in which they have asked. */
  readonly granted: readonly string[];
  readonly waiting: ReadonlyMap<string, string>;
}

/** How slots are counted. */
export interface SlotRules {
  /** Nodes that are not ready, or that somebody else has cordoned, count as unavailable. */
  readonly countsOthers: boolean;
}

/**
 * Gives free slots to those who asked first. A node that is unavailable already makes no node more unavailable by being
 * drained, so that it needs a slot, but no further reserve.
 */
export function giveTurns(pool: RolloutPool, rules: SlotRules): Turns {
  const asking = inOrder(pool.nodes.filter(isAsking));
  const passedOver = new Map(
    asking.flatMap((node): [string, string][] => {
      const because = describePassedOver(node);
      return because === undefined ? [] : [[node.name, because]];
    }),
  );
  const queue = asking.filter(({ name }) => !passedOver.has(name));
  const { granted, waiting } = giveTurnsTo(queue, pool, rules);
  return { granted, waiting: new Map([...waiting, ...passedOver]) };
}

function giveTurnsTo(queue: readonly RolloutNode[], pool: RolloutPool, rules: SlotRules): Turns {
  if (queue.length === 0) return { granted: [], waiting: new Map() };
  if (typeof pool.limit === 'string') return allWait(queue, `${titleOf(pool)}: ${pool.limit}`);
  const busy = new Set(
    membersOf(pool)
      .filter((node) => hasSlot(node) && !node.isLost)
      .map(({ name }) => name),
  );
  const others = new Set(rules.countsOthers ? pool.nodes.filter(isUnavailable).map(({ name }) => name) : []);
  const unavailable = new Set([...busy, ...others]);
  const granted: string[] = [];
  const waiting: RolloutNode[] = [];
  for (const node of queue) {
    const taken = others.has(node.name) ? busy.size : unavailable.size;
    if (taken >= pool.limit) {
      waiting.push(node);
      continue;
    }
    granted.push(node.name);
    busy.add(node.name);
    unavailable.add(node.name);
  }
  const because = describeFull(pool, pool.limit, { busy, others });
  const far = describeFar(pool, pool.limit);
  const reasons = waiting.map(({ name }, index): [string, string] => {
    return [name, index < MAX_NAMED ? describePlace(because, index) : far];
  });
  return { granted, waiting: new Map(reasons) };
}

const membersOf = ({ nodes, guests = [] }: RolloutPool): readonly RolloutNode[] => [...nodes, ...guests];

function isAsking({ state, isExternal }: RolloutNode): boolean {
  if (typeof state === 'string' || isExternal) return false;
  const { request, progress } = state;
  return progress === 'Idle' && (request === 'Drain_Required' || request === 'Reboot_Required');
}

/** Those who have waited longest first. */
function inOrder(nodes: readonly RolloutNode[]): RolloutNode[] {
  const queue = nodes.map((node) => ({ node, at: queuedAt(node) }));
  queue.sort((a, b) => a.at - b.at || (a.node.name < b.node.name ? -1 : 1));
  return queue.map(({ node }) => node);
}

/**
 * Since when the node is in the queue. Upstream's daemon does not tell when it has asked: it may have waited for long.
 * A node whose drain was given up has begun anew.
 */
function queuedAt({ askedAt, releasedAt }: RolloutNode): number {
  return Math.max(...[askedAt, releasedAt].map((time) => Date.parse(time ?? '') || 0));
}

/** A cordon of ours does not count: the node has a slot, or is about to be given back. */
function isUnavailable({ isReady, isUnschedulable, cordon, isLost }: RolloutNode): boolean {
  if (isLost) return false;
  return !isReady || (isUnschedulable && cordon?.wasUnschedulable !== false);
}

function allWait(queue: readonly RolloutNode[], because: string): Turns {
  return { granted: [], waiting: new Map(queue.map(({ name }) => [name, because])) };
}

/** Most nodes that a sentence names, and most nodes of a queue that are told who is in their way. */
const MAX_NAMED = 5;

/**
 * What a node far back in the queue is told. It stays true while others come and go: a sentence that changed with each
 * of them would be written for all that wait, as often as a slot moves.
 */
function describeFar(pool: RolloutPool, limit: number): string {
  return `${titleOf(pool)} allows ${limit} unavailable ${limit === 1 ? 'node' : 'nodes'}, and has no slot free; at least ${MAX_NAMED} nodes are before this one`;
}

function describeFull(
  pool: RolloutPool,
  limit: number,
  { busy, others }: { readonly busy: ReadonlySet<string>; readonly others: ReadonlySet<string> },
): string {
  if (limit === 0) return `${titleOf(pool)} allows no drain: maxUnavailable is 0`;
  const reasons = membersOf(pool).flatMap((node) => reasonOf(node, { busy, others }) ?? []);
  const named = reasons.slice(0, MAX_NAMED).join(', ');
  const more = reasons.length > MAX_NAMED ? ` and ${reasons.length - MAX_NAMED} more` : '';
  return `${titleOf(pool)} allows ${limit} unavailable ${limit === 1 ? 'node' : 'nodes'}, and has ${reasons.length}: ${named}${more}`;
}

function reasonOf(
  node: RolloutNode,
  { busy, others }: { readonly busy: ReadonlySet<string>; readonly others: ReadonlySet<string> },
): string | undefined {
  if (busy.has(node.name)) return `${node.name} (is being drained)`;
  if (!others.has(node.name)) return undefined;
  return node.isReady ? `${node.name} (cordoned by somebody else)` : `${node.name} (not ready)`;
}

function describePlace(because: string, index: number): string {
  return index === 0
    ? `${because}; this node is the next`
    : `${because}; ${index} ${index === 1 ? 'node is' : 'nodes are'} before this one`;
}

/** Why a node that asks has no turn although one may be free; nothing where it has. */
function describePassedOver({ pausesUntil, refusedBecause }: RolloutNode): string | undefined {
  if (pausesUntil !== undefined) {
    return `its last drain took too long and was given up: it takes pods as before, and gets no turn before ${pausesUntil}`;
  }
  if (refusedBecause === undefined) return undefined;
  return `its turn has come, and the API server does not take that down: ${refusedBecause} (it is tried again every few seconds)`;
}

function titleOf({ name }: RolloutPool): string {
  return name === undefined ? 'the default pool' : `pool ${name}`;
}
