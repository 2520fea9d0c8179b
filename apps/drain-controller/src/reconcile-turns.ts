import { REASON } from '@sriov/api';
import { done, type Expectations, type Outcome, wait } from '@sriov/controller';
import { planRollout } from '@sriov/rollout';
import pLimit from 'p-limit';
import { grant, WRITTEN, type WritePorts } from './apply.ts';
import { type Caches } from './caches.ts';
import { type DrainedCondition, waitingCondition } from './drained-condition.ts';
import { gather } from './gather.ts';
import { type Settings } from './settings.ts';

/** What giving turns works with. */
export interface TurnsContext extends WritePorts {
  readonly caches: Caches;
  readonly settings: Settings;
  readonly report: (node: string, condition: DrainedCondition) => Promise<void>;
}

/** Grants and conditions that are written at the same time. */
const WRITES = 16;
/** A cache that does not show our own writes gets so much time, unless an event comes first. */
const BEHIND_MS = 1_000;

/**
 * Gives free slots to the nodes that have waited longest, and tells the others why they wait. A slot that was given and
 * that the cache does not show yet would be given twice, so nothing is given before it does.
 */
export async function reconcileTurns(context: TurnsContext): Promise<Outcome> {
  const { caches, settings, report } = context;
  if (caches.nodes.store.list().some(({ metadata: { name } }) => isBehind(context, name))) {
    return wait(BEHIND_MS, REASON.drainWaiting, 'the caches do not show the last grants yet');
  }
  const now = context.clock.now();
  const facts = gather(caches, settings, now);
  const limit = pLimit(WRITES);
  const steps = [...planRollout(facts)];
  const writes = steps.map(([name, step]) =>
    limit(async () => {
      if (step.kind === 'grant') await grant(context, { name, versions: versionsOf(caches, settings, name) });
      if (step.kind === 'wait') await report(name, waitingCondition(step.message));
    }),
  );
  const ends = await Promise.allSettled(writes);
  for (const end of ends) if (end.status === 'rejected') throw end.reason;
  const waitMs = Math.max(0, facts.changesAt - now);
  if (waitMs < Infinity) return wait(waitMs, REASON.drainWaiting, 'a pause ends, or a node is lost');
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
