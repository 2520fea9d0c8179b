import { type DrainProgress, type DrainRequest } from '@sriov/api';
import { type Need, nextMove } from '@sriov/drain-protocol';
import { type CordonRecord } from '../cordon.ts';
import { type RolloutStep } from '../next-step.ts';
import { planRollout } from '../plan-rollout.ts';
import { type RolloutNode } from '../rollout-node.ts';

/** The Node object, as far as draining is concerned. */
interface NodeObject {
  readonly asked: DrainRequest;
  readonly isUnschedulable: boolean;
  readonly cordon: CordonRecord | null;
}

/** The SriovNetworkNodeState, as far as draining is concerned. */
interface StateObject {
  readonly desired: DrainRequest;
  readonly progress: DrainProgress;
  readonly isOurGrant: boolean;
}

/** One node of the model: what the API server has, what the machine is like, and what its two actors have seen of it. */
export interface ModelNode {
  readonly node: NodeObject;
  readonly state: StateObject;
  /** What the last change of the policies takes. */
  readonly need: Need;
  /** Pods on the node: all, those without VFs, or none. */
  readonly pods: 'all' | 'withoutVfs' | 'none';
  /** An administrator wants it to be unschedulable. */
  readonly isClosedByAdmin: boolean;
  /** The daemon has written this on the Node, and is about to write it on the node state. */
  readonly half: DrainRequest | null;
  /** Progress as the daemon last saw it. */
  readonly seenByDaemon: DrainProgress;
  /** Both objects as the drain controller last saw them. */
  readonly seen: { readonly node: NodeObject; readonly state: StateObject };
  /** Its drain has taken too long. */
  readonly isOverdue: boolean;
  /** Its drain was given up, and it gets no turn for a while. */
  readonly isPausing: boolean;
  /** The machine is down, or cannot be reached. */
  readonly isAway: boolean;
  /** It is away for so long that the drain controller goes on without it. */
  readonly isLost: boolean;
  /** It was lost: when it is back it has its slot beside the one that has been given to another one. */
  readonly wasLost: boolean;
  /** Pods that the drain controller has seen go. It forgets them when it is killed. */
  readonly evicted: 'withVfs' | 'all' | null;
}

/** A state of the model, and how much may still come from outside: changes of policies, kills, administrators. */
export interface Model {
  readonly nodes: readonly ModelNode[];
  readonly disturbances: number;
  /** How many drains may still take too long. */
  readonly timeouts: number;
}

/** What can happen next: a name for people, the state after it, and what it breaks. */
export interface Transition {
  readonly name: string;
  readonly next: Model;
  readonly broken?: string;
}

/** Which nodes share a pool, by index, and how many of them may be drained at once. */
export interface ModelPool {
  readonly members: readonly number[];
  readonly limit: number;
}

/** Equal nodes are one object here, so that what can happen to a node is found out once. */
const nodes = new Map<string, ModelNode>();
const ids = new WeakMap<ModelNode, number>();

function unique(node: ModelNode): ModelNode {
  const key = JSON.stringify(node);
  const known = nodes.get(key);
  if (known !== undefined) return known;
  nodes.set(key, node);
  ids.set(node, ids.get(node) ?? nodes.size);
  return node;
}

/** Tells states apart. */
export function keyOf({ nodes: present, disturbances, timeouts }: Model): string {
  return [...present.map((node) => ids.get(node)), disturbances, timeouts].join();
}

/** A node that has not asked for anything yet. */
export function restingNode(need: Need): ModelNode {
  const node: NodeObject = { asked: 'Idle', isUnschedulable: false, cordon: null };
  const state: StateObject = { desired: 'Idle', progress: 'Idle', isOurGrant: false };
  return unique({
    node,
    state,
    need,
    pods: 'all',
    isClosedByAdmin: false,
    half: null,
    seenByDaemon: 'Idle',
    isOverdue: false,
    isPausing: false,
    isAway: false,
    isLost: false,
    wasLost: false,
    seen: { node, state },
    evicted: null,
  });
}

/** Everything that can happen in a state. */
export function transitions(model: Model, pools: readonly ModelPool[]): Transition[] {
  const steps = stepsSeen(model, pools);
  return model.nodes.flatMap((node, index) => [
    ...asTransitions(model, index, movesOf(node, steps[index])),
    ...disturb(model, index),
    ...takeTooLong(model, index),
  ]);
}

/** A node after something has happened to it. */
interface Change {
  readonly name: string;
  readonly node: ModelNode;
  readonly broken?: string | undefined;
}

function asTransitions(model: Model, index: number, changes: readonly Change[]): Transition[] {
  return changes.map(({ name, node, broken }) => ({
    name: `${name} ${index}`,
    next: { ...model, nodes: model.nodes.with(index, node) },
    ...(broken !== undefined && { broken }),
  }));
}

const moves = new Map<string, readonly Change[]>();

/** What the daemon, the drain controller, the kubelet and late events can do to a node. */
function movesOf(node: ModelNode, step: RolloutStep | undefined): readonly Change[] {
  const key = `${ids.get(node) ?? ''} ${JSON.stringify(step)}`;
  const known = moves.get(key);
  if (known !== undefined) return known;
  const found = [...daemonMoves(node), ...controllerMoves(node, step), ...deliveries(node)].map(asUnique);
  moves.set(key, found);
  return found;
}

function asUnique(change: Change): Change {
  return { ...change, node: unique(change.node) };
}

/** The daemon writes its request on the Node and then on the node state, if nobody has changed that meanwhile. */
function daemonMoves(node: ModelNode): Change[] {
  if (node.isAway) return [];
  if (node.half !== null) {
    if (node.seenByDaemon !== node.state.progress) {
      return [{ name: 'daemon meets a conflict', node: { ...node, half: null, seenByDaemon: node.state.progress } }];
    }
    return [
      { name: 'daemon writes the state', node: { ...node, half: null, state: { ...node.state, desired: node.half } } },
    ];
  }
  const { asked } = node.node;
  const request = asked === node.state.desired ? asked : 'unsettled';
  const move = nextMove({ need: node.need, state: { request, progress: node.seenByDaemon } });
  switch (move.kind) {
    case 'wait':
      return [];
    case 'ask':
      return [halfWritten(node, move.request)];
    case 'withdraw':
      return [halfWritten(node, 'Idle')];
    case 'proceed':
      return node.need === 'nothing' ? [] : [makeChange(node, move.mayDisturb)];
  }
}

function halfWritten(node: ModelNode, request: DrainRequest): Change {
  return {
    name: `daemon writes ${request}`,
    node: { ...node, half: request, node: { ...node.node, asked: request } },
  };
}

/** A reboot starts the daemon anew, and it sees the API server as it is. */
function makeChange(node: ModelNode, mayDisturb: Need): Change {
  const done: ModelNode = { ...node, need: 'nothing' };
  if (node.need === 'reboot') {
    const isLicensed = mayDisturb === 'reboot' && node.pods === 'none';
    return {
      name: 'reboot',
      node: { ...done, seenByDaemon: node.state.progress },
      broken: isLicensed ? undefined : 'a node was rebooted that was not drained for it',
    };
  }
  const isLicensed = node.pods !== 'all' && node.state.progress === 'DrainComplete';
  return { name: 'change', node: done, broken: isLicensed ? undefined : 'VFs were taken from pods' };
}

/** Each write of the drain controller fails when the object is not as the controller last saw it. */
function controllerMoves(node: ModelNode, step: RolloutStep | undefined): Change[] {
  if (step === undefined) return [];
  switch (step.kind) {
    case 'grant':
      return [writeState(node, { ...node.seen.state, progress: 'Draining', isOurGrant: true })];
    case 'complete':
      return [writeState(node, { ...node.seen.state, progress: 'DrainComplete' })];
    case 'release':
      return [writeState(node, { ...node.seen.state, progress: 'Idle', isOurGrant: false })];
    case 'giveUp':
      return [writeState({ ...node, isPausing: true }, { ...node.seen.state, progress: 'Idle', isOurGrant: false })];
    case 'cordon':
    case 'uncordon':
      return [writeNode(node, step.change.unschedulable, step.change.record)];
    case 'evict':
      return [evictPods(node, step.pods)];
    default:
      return [];
  }
}

function evictPods(node: ModelNode, pods: 'withVfs' | 'all'): Change {
  if (node.evicted === pods || node.evicted === 'all') {
    return writeState({ ...node, evicted: null }, { ...node.seen.state, progress: 'DrainComplete' });
  }
  return { name: 'evict', node: { ...node, evicted: pods, pods: remaining(node.pods, pods) } };
}

function remaining(pods: ModelNode['pods'], evicted: 'withVfs' | 'all'): ModelNode['pods'] {
  if (evicted === 'all') return 'none';
  return pods === 'all' ? 'withoutVfs' : pods;
}

function writeState(node: ModelNode, state: StateObject): Change {
  if (!isSame(node.seen.state, node.state)) return conflict({ ...node, isPausing: false });
  const isNewGrant = node.state.progress === 'Idle' && state.progress === 'Draining';
  // Only a node with a slot is ever lost.
  const hasSlot = state.progress !== 'Idle';
  const loss = { isLost: hasSlot && node.isLost, wasLost: hasSlot && node.wasLost };
  return {
    name: `controller writes ${state.progress}`,
    node: { ...node, ...loss, state, evicted: null, isOverdue: false, seen: { ...node.seen, state } },
    broken: isNewGrant && node.state.desired === 'Idle' ? 'a drain was granted that nobody had asked for' : undefined,
  };
}

function writeNode(node: ModelNode, isUnschedulable: boolean, cordon: CordonRecord | null): Change {
  if (!isSame(node.seen.node, node.node)) return conflict(node);
  const written = { ...node.node, isUnschedulable, cordon };
  return {
    name: isUnschedulable ? 'cordon' : 'uncordon',
    node: { ...node, node: written, seen: { ...node.seen, node: written } },
  };
}

function conflict(node: ModelNode): Change {
  return {
    name: 'controller meets a conflict',
    node: { ...node, evicted: null, seen: { node: node.node, state: node.state } },
  };
}

function isDaemonBehind({ seenByDaemon, state, half, isAway }: ModelNode): boolean {
  return seenByDaemon !== state.progress && half === null && !isAway;
}

/** Events arrive at any time, or late: until then everybody works with what was there before. */
function deliveries(node: ModelNode): Change[] {
  const changes: Change[] = [];
  if (isDaemonBehind(node)) {
    changes.push({ name: 'daemon sees the state', node: { ...node, seenByDaemon: node.state.progress } });
  }
  if (!isSame(node.seen.node, node.node)) {
    changes.push({ name: 'controller sees the Node', node: { ...node, seen: { ...node.seen, node: node.node } } });
  }
  if (!isSame(node.seen.state, node.state)) {
    const seen = { ...node.seen, state: node.state };
    changes.push({ name: 'controller sees the state', node: { ...node, seen } });
  }
  // Whoever closes a node opens it again at some time.
  if (node.isClosedByAdmin && node.node.cordon === null) {
    changes.push({ name: 'administrator uncordons', node: closedByAdmin(node, false) });
  }
  changes.push(...lossOf(node));
  if (node.isPausing) changes.push({ name: 'pause ends', node: { ...node, isPausing: false } });
  if (!node.node.isUnschedulable && node.pods !== 'all') {
    changes.push({ name: 'pods come back', node: { ...node, pods: 'all' } });
  }
  return changes;
}

/** A node that is away is back at some time, before it counts as lost or after that. */
function lossOf(node: ModelNode): Change[] {
  const { isAway, isLost, state } = node;
  if (!isAway) return isLost ? [{ name: 'controller sees it back', node: { ...node, isLost: false } }] : [];
  const back = { name: 'node is back', node: { ...node, isAway: false, half: null, seenByDaemon: state.progress } };
  if (isLost || state.progress === 'Idle') return [back];
  return [back, { name: 'node is lost', node: { ...node, isLost: true, wasLost: true } }];
}

/** A drain that a budget is in the way of takes too long, as often as the state allows it. */
function takeTooLong(model: Model, index: number): Transition[] {
  const node = model.nodes[index];
  if (node === undefined || model.timeouts === 0 || node.isOverdue || node.state.progress !== 'Draining') return [];
  const change = asUnique({ name: 'drain takes too long', node: { ...node, isOverdue: true } });
  return asTransitions({ ...model, timeouts: model.timeouts - 1 }, index, [change]);
}

/** What comes from outside, as often as the state allows it. */
function disturb(model: Model, index: number): Transition[] {
  const node = model.nodes[index];
  if (node === undefined || model.disturbances === 0) return [];
  const disturbances = model.disturbances - 1;
  const changes = [...wishes(node), ...administrator(node), daemonKill(node), ...loseTouch(node)];
  const found = asTransitions({ ...model, disturbances }, index, changes.map(asUnique));
  // Another replica lists everything before it writes anything.
  const relisted = { name: 'controller is killed', next: { ...model, disturbances, nodes: model.nodes.map(relist) } };
  return index === 0 ? [...found, relisted] : found;
}

function wishes(node: ModelNode): Change[] {
  const needs = (['nothing', 'drain', 'reboot'] as const).filter((need) => need !== node.need);
  return needs.map((need) => ({ name: `policies want ${need}`, node: { ...node, need } }));
}

/** Nobody can tell what an administrator means by cordoning a node that is cordoned already. */
function administrator(node: ModelNode): Change[] {
  if (node.node.cordon !== null || node.isClosedByAdmin) return [];
  return [{ name: 'administrator cordons', node: closedByAdmin(node, true) }];
}

function closedByAdmin(node: ModelNode, isClosedByAdmin: boolean): ModelNode {
  return { ...node, isClosedByAdmin, node: { ...node.node, isUnschedulable: isClosedByAdmin } };
}

/** A machine that breaks down in the middle of a drain, or does not come back from its reboot. */
function loseTouch(node: ModelNode): Change[] {
  if (node.isAway || node.state.progress === 'Idle') return [];
  return [{ name: 'node goes away', node: { ...node, isAway: true, half: null } }];
}

function daemonKill(node: ModelNode): Change {
  return { name: 'daemon is killed', node: { ...node, half: null, seenByDaemon: node.state.progress } };
}

function relist(node: ModelNode): ModelNode {
  return unique({ ...node, evicted: null, seen: { node: node.node, state: node.state } });
}

const planned = new Map<string, readonly (RolloutStep | undefined)[]>();
const seenKeys = new WeakMap<ModelNode, string>();

/** The steps that follow from what the drain controller has seen. */
function stepsSeen({ nodes: present }: Model, pools: readonly ModelPool[]): readonly (RolloutStep | undefined)[] {
  const key = present.map(seenKey).join();
  const known = planned.get(key);
  if (known !== undefined) return known;
  const seen = present.map(asSeen);
  const steps = planRollout({
    countsOthers: true,
    isDrainDisabled: false,
    pools: pools.map(({ members, limit }, index) => ({
      name: `pool-${index}`,
      limit,
      onTimeout: 'release' as const,
      nodes: members.flatMap((member) => seen[member] ?? []),
    })),
    unsure: [],
  });
  const found = seen.map(({ name }) => steps.get(name));
  planned.set(key, found);
  return found;
}

function seenKey(node: ModelNode): string {
  const key =
    seenKeys.get(node) ?? JSON.stringify([node.seen, node.isOverdue, node.isPausing, node.isAway, node.isLost]);
  seenKeys.set(node, key);
  return key;
}

function asSeen(
  { seen: { node, state }, isOverdue, isPausing, isAway, isLost }: ModelNode,
  index: number,
): RolloutNode {
  return {
    name: `node-${index}`,
    state: {
      request: node.asked === state.desired ? node.asked : 'unsettled',
      progress: state.progress,
      missing: [],
    },
    isExternal: false,
    isReady: !isAway,
    isUnschedulable: node.isUnschedulable,
    cordon: node.cordon ?? undefined,
    isOurGrant: state.isOurGrant,
    isOverdue,
    isLost: isLost && state.progress !== 'Idle',
    pausesUntil: isPausing ? 'later' : undefined,
  };
}

function isSame(a: object, b: object): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
