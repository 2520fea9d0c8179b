import { REASON } from '@sriov/api';
import { done, type Expectations, type Outcome, wait } from '@sriov/controller';
import { planRollout } from '@sriov/rollout';
import { WRITTEN } from './apply.ts';
import { type Caches } from './caches.ts';
import { gather } from './gather.ts';
import { giveSlots, settleDoubts, type SlotPorts } from './give-slots.ts';
import { type Settings } from './settings.ts';
import { type Waiting } from './waiting.ts';

/** What giving turns works with. */
export interface TurnsContext extends SlotPorts {
  readonly caches: Caches;
  readonly settings: Settings;
  readonly waiting: Pick<Waiting, 'update'>;
}

/** A slot that could not be given, or is in doubt, is looked at again after this time. */
const AGAIN_MS = 1_000;

/**
 * Gives free slots to the nodes that have waited longest, and finds out why the others wait. A slot that was given and
 * that the cache does not show yet counts as given, or it would be given twice.
 */
export async function reconcileTurns(context: TurnsContext): Promise<Outcome> {
  const { caches, settings, givenSlots, refusals, waiting } = context;
  await settleDoubts(context);
  const unseen = givenSlots.unseen((name) => versionsOf(caches, settings, name).nodeState);
  const now = context.clock.now();
  const facts = gather(caches, settings, { now, unseen, refused: refusals.current() });
  const steps = [...planRollout(facts)];
  const granted = steps.flatMap(([name, { kind }]) => (kind === 'grant' ? [name] : []));
  const targets = granted.map((name) => ({ name, versions: versionsOf(caches, settings, name) }));
  await giveSlots(context, targets);
  waiting.update(new Map(steps.flatMap(([name, step]) => (step.kind === 'wait' ? [[name, step.message]] : []))));
  const isOpen = granted.some((name) => !givenSlots.isGiven(name)) || givenSlots.doubtful().size > 0;
  const waitMs = Math.min(Math.max(0, facts.changesAt - now), refusals.waitMs(), isOpen ? AGAIN_MS : Infinity);
  if (waitMs < Infinity)
    return wait(waitMs, REASON.drainWaiting, 'a pause ends, a node is lost, or a slot is not given yet');
  return done(REASON.drainOver, 'every node that asks for a drain has a slot or knows why it waits');
}

/** Whether the caches do not show yet what was written for the node. */
export function isBehind(
  { caches, expectations, settings }: { caches: Caches; expectations: Expectations; settings: Settings },
  name: string,
): boolean {
  const versions = versionsOf(caches, settings, name);
  return expectations.isUnmet(name, (object) => (object === WRITTEN.node ? versions.node : versions.nodeState));
}

function versionsOf(
  { nodes, nodeStates }: Caches,
  { namespace }: Settings,
  name: string,
): { readonly node: string | undefined; readonly nodeState: string | undefined } {
  return {
    node: nodes.store.get(name)?.metadata.resourceVersion,
    nodeState: nodeStates.store.get(`${namespace}/${name}`)?.metadata.resourceVersion,
  };
}
