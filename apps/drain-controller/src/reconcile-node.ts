import { type Condition, CONDITION, type EventText, REASON } from '@sriov/api';
import { done, type Outcome, wait } from '@sriov/controller';
import { type Pod } from '@sriov/kube';
import { needsPause, nextStep, type RolloutNode, type RolloutStep } from '@sriov/rollout';
import { describeDuration } from '@sriov/words';
import { changeCordon, complete, giveUp, prepare, release, type Target, type WritePorts } from './apply.ts';
import { type Caches } from './caches.ts';
import {
  completeCondition,
  type DrainedCondition,
  externalCondition,
  leavingCondition,
  lostCondition,
  notHeldCondition,
  overCondition,
  releasedCondition,
  skippedCondition,
  stuckCondition,
  unreadCondition,
} from './drained-condition.ts';
import { evict } from './evict.ts';
import { type GatheredNode, gatherNode } from './gather.ts';
import { type Orchestrator } from './orchestrator.ts';
import { type PodsOfNodes, PodsUnreadError } from './pods-of-nodes.ts';
import { isBehind } from './reconcile-turns.ts';
import { type Settings } from './settings.ts';

/** Objects that an Event is about: a node state and a pool by name, and a pod. */
export interface Told {
  readonly node?: string;
  readonly pool?: string;
  readonly pod?: Pod;
}

/** What draining a node works with. */
export interface NodeContext extends WritePorts {
  readonly caches: Caches;
  readonly settings: Settings;
  readonly pods: PodsOfNodes;
  /** Who else may drain or reboot the node. */
  readonly orchestrator: Orchestrator;
  readonly report: (node: string, condition: DrainedCondition) => Promise<void>;
  /** Records an Event about each of the objects. */
  readonly record: (about: Told, event: EventText) => void;
}

/** No event tells when a PodDisruptionBudget no longer is in the way, or when a pod that is not watched has left. */
const LOOK_AGAIN_MS = 5_000;
/** A cache that does not show our own writes gets so much time, unless an event comes first. */
const BEHIND_MS = 1_000;

const IDLE = done(REASON.drainOver, 'nothing has to be done');

/** Does the next step of the drain of a node. The event of what it writes brings the one after that. */
export async function reconcileNode(context: NodeContext, name: string): Promise<Outcome> {
  const { caches, settings, pods, report } = context;
  const gathered = gatherNode(caches, { namespace: settings.namespace, now: context.clock.now() }, name);
  if (gathered === undefined) {
    pods.forget(name);
    return IDLE;
  }
  if (isBehind(context, name)) return wait(BEHIND_MS, REASON.draining, 'the caches do not show the last step yet');
  const step = nextStep({ ...gathered, isGranted: false, onTimeout: gathered.drain.onTimeout });
  const target = { name, versions: gathered.versions };
  if (gathered.node.isLost) await reportLost(context, gathered);
  const notHeld = await hold(context, gathered, step);
  if (notHeld !== undefined) return notHeld;
  if (step.kind === 'evict') return evictPods(context, gathered, step);
  pods.forget(name);
  if (step.kind === 'stuck') await report(name, stuckCondition(step.message));
  else if (step.kind === 'none') await reportRest(context, gathered);
  else if (step.kind === 'giveUp') await giveUpDrain(context, gathered);
  else await write(context, target, step);
  return untilLost(context, gathered);
}

/** Steps in a drain, or after it, during which nobody else may drain or reboot the node. */
const HOLDING: readonly RolloutStep['kind'][] = ['cordon', 'evict', 'complete', 'none'];

/** @returns how the look ends where the drain must not go on. One that is done already is held as well as it can be. */
async function hold(context: NodeContext, gathered: GatheredNode, step: RolloutStep): Promise<Outcome | undefined> {
  const { node } = gathered;
  if (!HOLDING.includes(step.kind) || !needsPause(gathered)) return undefined;
  const notHeld = await context.orchestrator.hold(node.name);
  if (notHeld === undefined || isDone(node)) return undefined;
  if (!node.isLost) await context.report(node.name, notHeldCondition(notHeld));
  const lookMs = Math.min(notHeld.lookAgainMs ?? Infinity, overdueMs(context, gathered));
  return lookMs < Infinity ? wait(lookMs, notHeld.reason, notHeld.message) : IDLE;
}

function isDone({ state }: RolloutNode): boolean {
  return typeof state !== 'string' && state.progress === 'DrainComplete';
}

type EvictStep = Extract<RolloutStep, { kind: 'evict' }>;
type Write = Exclude<RolloutStep, { kind: 'none' | 'stuck' | 'evict' | 'giveUp' }>;

async function write(context: NodeContext, target: Target, step: Write): Promise<void> {
  switch (step.kind) {
    case 'grant':
    case 'wait':
      // Only who sees all nodes of the pool gives turns.
      return;
    case 'prepare':
      return prepare(context, target, step.missing);
    case 'cordon':
    case 'uncordon':
      return changeCordon(context, target, step.change);
    case 'release':
      return release(context, target);
    case 'complete':
      await complete(context, target);
      return context.report(target.name, skippedCondition(step.because));
  }
}

function unreadOrThrow(error: unknown): { readonly unread: string } {
  if (error instanceof PodsUnreadError) return { unread: error.message };
  throw error;
}

async function evictPods(context: NodeContext, gathered: GatheredNode, step: EvictStep): Promise<Outcome> {
  const { pods, settings, report } = context;
  const { node, drain, versions } = gathered;
  const { resourcePrefix, draDriver: claimDriver } = settings;
  const { waitForPods } = drain;
  const ports = { client: context.client, onDeleted: tellDeleted(context, gathered) };
  const rules = { ...step, resourcePrefix, claimDriver, waitForPods };
  const onNode = await pods.of(node.name).catch(unreadOrThrow);
  if ('unread' in onNode) {
    const condition = unreadCondition(onNode.unread);
    if (!node.isLost) await report(node.name, condition);
    return wait(LOOK_AGAIN_MS, condition.reason, condition.message);
  }
  const evicted = await evict(ports, onNode, rules);
  if (evicted.left.length === 0) {
    await complete(context, { name: node.name, versions });
    await report(node.name, completeCondition(evicted.staying));
    return IDLE;
  }
  const condition = leavingCondition(evicted, node.isOverdue ? drain.timeoutMs : undefined);
  if (!node.isLost) await report(node.name, condition);
  const isBlind = evicted.blocked.length > 0 || !onNode.isWatched;
  const lookMs = Math.min(isBlind ? LOOK_AGAIN_MS : Infinity, overdueMs(context, gathered));
  return lookMs < Infinity ? wait(lookMs, condition.reason, condition.message) : IDLE;
}

/** Milliseconds until the drain has taken too long; `Infinity` where it has, or never does. */
function overdueMs({ clock }: NodeContext, { node, overdueAt }: GatheredNode): number {
  return overdueAt === undefined || node.isOverdue ? Infinity : Math.max(0, overdueAt - clock.now());
}

/** Tells on the node state and on the pod that a budget was passed over. */
function tellDeleted({ record }: NodeContext, { node, drain: { timeoutMs = 0 } }: GatheredNode) {
  return (pod: Pod, because: string): void => {
    const { namespace = '', name } = pod.metadata;
    const text = `deleted pod ${namespace}/${name}, which could not be evicted for the drain of node ${node.name} within ${describeDuration(timeoutMs)}: ${because}`;
    record({ node: node.name, pod }, { type: 'Warning', reason: REASON.podDeleted, message: text });
  };
}

async function giveUpDrain(context: NodeContext, { node, drain, versions }: GatheredNode): Promise<void> {
  const { name } = node;
  await giveUp(context, { name, versions });
  await context.report(name, releasedCondition(drain.timeoutMs ?? 0, drainedOf(context, name)?.message ?? ''));
}

/** The condition about drains, as the cache shows it. */
function drainedOf({ caches, settings }: NodeContext, name: string): Condition | undefined {
  return caches.nodeStates.store
    .get(`${settings.namespace}/${name}`)
    ?.status?.conditions?.find(({ type }) => type === CONDITION.drained);
}

/** No event tells when a node has been away for too long. */
function untilLost({ clock }: NodeContext, { node, lostAt }: GatheredNode): Outcome {
  if (lostAt === undefined || node.isLost) return IDLE;
  return wait(Math.max(0, lostAt - clock.now()), REASON.drainComplete, 'the node is not ready');
}

/** Says on the node state, and on the pool, that the slot of the node is given to the next. */
async function reportLost(context: NodeContext, { node, drain, pool }: GatheredNode): Promise<void> {
  const isNews = drainedOf(context, node.name)?.reason !== REASON.nodeLost;
  const condition = lostCondition(drain.lostAfterMs ?? 0);
  await context.report(node.name, condition);
  if (!isNews || pool === undefined) return;
  const message = `node ${node.name}: ${condition.message}`;
  context.record({ pool }, { type: 'Warning', reason: REASON.nodeLost, message });
}

/**
 * A node that was never drained gets no condition about drains. The leader before may have been killed between a step
 * and its condition, which then tells of the step before.
 */
async function reportRest(context: NodeContext, gathered: GatheredNode): Promise<void> {
  const { node } = gathered;
  const { name, state, isExternal } = node;
  if (typeof state === 'string') return;
  const before = drainedOf(context, name);
  if (state.progress !== 'Idle') {
    if (!TELL_OF_END.includes(before?.reason) && isComplete(node)) await context.report(name, conditionOf(gathered));
  } else if (state.request === 'Idle') {
    if (before !== undefined) await context.report(name, overCondition());
  } else if (isExternal && state.request !== 'unsettled') await context.report(name, externalCondition());
}

/** Conditions with one of these tell that the daemon may work. */
const TELL_OF_END: readonly (string | undefined)[] = [REASON.drainComplete, REASON.drainSkipped];

/** What has become of its pods is seen by who drains; the next leader knows whether any had to leave. */
function conditionOf({ node: { state }, isAlone, isDrainDisabled }: GatheredNode): DrainedCondition {
  if (isDrainDisabled) return skippedCondition('disabled');
  const isReboot = typeof state !== 'string' && state.request === 'Reboot_Required';
  return isAlone && isReboot ? skippedCondition('alone') : completeCondition([]);
}

/** We have drained it, it asks still, and it is there. */
function isComplete({ isLost, isOurGrant, state }: RolloutNode): boolean {
  if (isLost || !isOurGrant || typeof state === 'string' || state.request === 'unsettled') return false;
  return state.progress === 'DrainComplete';
}
