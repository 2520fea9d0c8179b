import { REASON } from '@sriov/api';
import { done, type Outcome, wait } from '@sriov/controller';
import { nextStep, type RolloutNode, type RolloutStep } from '@sriov/rollout';
import { changeCordon, complete, prepare, release, type Target, type WritePorts } from './apply.ts';
import { type Caches } from './caches.ts';
import {
  completeCondition,
  type DrainedCondition,
  leavingCondition,
  overCondition,
  stuckCondition,
} from './drained-condition.ts';
import { evict } from './evict.ts';
import { gatherNode } from './gather.ts';
import { type PodsOfNodes } from './pods-of-nodes.ts';
import { isBehind } from './reconcile-turns.ts';
import { type Settings } from './settings.ts';

/** What draining a node works with. */
export interface NodeContext extends WritePorts {
  readonly caches: Caches;
  readonly settings: Settings;
  readonly pods: PodsOfNodes;
  readonly report: (node: string, condition: DrainedCondition) => Promise<void>;
}

/** No event tells when a PodDisruptionBudget no longer is in the way. */
const BLOCKED_MS = 5_000;
/** A cache that does not show our own writes gets so much time, unless an event comes first. */
const BEHIND_MS = 1_000;

const IDLE = done(REASON.drainOver, 'nothing has to be done');

/** Does the next step of the drain of a node. The event of what it writes brings the one after that. */
export async function reconcileNode(context: NodeContext, name: string): Promise<Outcome> {
  const { caches, settings, pods, report } = context;
  const gathered = gatherNode(caches, settings.namespace, name);
  if (gathered === undefined) {
    pods.forget(name);
    return IDLE;
  }
  if (isBehind(context, name)) return wait(BEHIND_MS, REASON.draining, 'the caches do not show the last step yet');
  const step = nextStep({ ...gathered, isGranted: false });
  const target = { name, versions: gathered.versions };
  if (step.kind === 'evict') return evictPods(context, target, step.pods);
  pods.forget(name);
  if (step.kind === 'stuck') await report(name, stuckCondition(step.message));
  else if (step.kind === 'none') await reportRest(context, gathered.node);
  else await write(context, target, step);
  return IDLE;
}

type Write = Exclude<RolloutStep, { kind: 'none' | 'stuck' | 'evict' }>;

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
      return context.report(target.name, completeCondition([]));
  }
}

async function evictPods(context: NodeContext, target: Target, which: 'withVfs' | 'all'): Promise<Outcome> {
  const { client, pods, settings, report } = context;
  const { resourcePrefix } = settings;
  const evicted = await evict(client, await pods.of(target.name), { pods: which, resourcePrefix });
  if (evicted.left.length === 0) {
    await complete(context, target);
    await report(target.name, completeCondition(evicted.staying));
    return IDLE;
  }
  const condition = leavingCondition(evicted);
  await report(target.name, condition);
  return evicted.blocked.length > 0 ? wait(BLOCKED_MS, condition.reason, condition.message) : IDLE;
}

/** A node that was never drained gets no condition about drains. */
async function reportRest({ caches, settings, report }: NodeContext, { name, state }: RolloutNode): Promise<void> {
  const conditions = caches.nodeStates.store.get(`${settings.namespace}/${name}`)?.status?.conditions ?? [];
  const isIdle = typeof state !== 'string' && state.request === 'Idle';
  if (isIdle && conditions.length > 0) await report(name, overCondition());
}
