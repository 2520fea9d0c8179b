import { REASON } from '@sriov/api';
import { done, type Expectations, type Outcome, wait } from '@sriov/controller';
import { planRollout } from '@sriov/rollout';
import pLimit from 'p-limit';
import { grant, WRITTEN, type WritePorts } from './apply.ts';
import { type Caches } from './caches.ts';
import { gather } from './gather.ts';
import { type GivenSlots } from './given-slots.ts';
import { type Settings } from './settings.ts';
import { type Waiting } from './waiting.ts';

/** What giving turns works with. */
export interface TurnsContext extends WritePorts {
  readonly caches: Caches;
  readonly settings: Settings;
  readonly givenSlots: GivenSlots;
  readonly waiting: Pick<Waiting, 'update'>;
}

/** Grants that are written at the same time. */
const WRITES = 16;

/**
 * Gives free slots to the nodes that have waited longest, and finds out why the others wait. A slot that was given and
 * that the cache does not show yet counts as given, or it would be given twice.
 */
export async function reconcileTurns(context: TurnsContext): Promise<Outcome> {
  const { caches, settings, givenSlots, waiting } = context;
  const unseen = givenSlots.unseen((name) => versionsOf(caches, settings, name).nodeState);
  const now = context.clock.now();
  const facts = gather(caches, settings, { now, unseen });
  const steps = [...planRollout(facts)];
  await giveSlots(
    context,
    steps.flatMap(([name, { kind }]) => (kind === 'grant' ? [name] : [])),
  );
  waiting.update(new Map(steps.flatMap(([name, step]) => (step.kind === 'wait' ? [[name, step.message]] : []))));
  const waitMs = Math.max(0, facts.changesAt - now);
  if (waitMs < Infinity) return wait(waitMs, REASON.drainWaiting, 'a pause ends, or a node is lost');
  return done(REASON.drainOver, 'every node that asks for a drain has a slot or knows why it waits');
}

async function giveSlots(context: TurnsContext, names: readonly string[]): Promise<void> {
  const { caches, settings, givenSlots } = context;
  const limit = pLimit(WRITES);
  const grants = names.map((name) =>
    limit(async () => {
      givenSlots.note(name, await grant(context, { name, versions: versionsOf(caches, settings, name) }));
    }),
  );
  for (const end of await Promise.allSettled(grants)) if (end.status === 'rejected') throw end.reason;
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
