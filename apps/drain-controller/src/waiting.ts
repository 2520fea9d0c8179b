import { REASON } from '@sriov/api';
import { done, type Outcome } from '@sriov/controller';
import { hasSlot } from '@sriov/rollout';
import { type Caches } from './caches.ts';
import { type DrainedCondition, waitingCondition } from './drained-condition.ts';
import { gatherNode } from './gather.ts';
import { type Settings } from './settings.ts';

/** Why nodes wait for their turn, as the last look at all pools has found. */
export class Waiting {
  readonly #onChange: (node: string) => void;
  #because: ReadonlyMap<string, string> = new Map();

  /** `onChange` is called with the name of each node that has to be told something else. */
  constructor(onChange: (node: string) => void) {
    this.#onChange = onChange;
  }

  /** Replaces what was found before. */
  update(because: ReadonlyMap<string, string>): void {
    const before = this.#because;
    this.#because = because;
    for (const [node, message] of because) if (before.get(node) !== message) this.#onChange(node);
  }

  /** Why the node waits; nothing where it does not. */
  because(node: string): string | undefined {
    return this.#because.get(node);
  }
}

/** What telling a node why it waits works with. */
export interface WaitingContext {
  readonly caches: Caches;
  readonly settings: Settings;
  readonly clock: { now(): number };
  readonly waiting: Pick<Waiting, 'because'>;
  readonly report: (node: string, condition: DrainedCondition) => Promise<void>;
}

/** Tells the node why it waits. It has a queue of its own: a thousand nodes that are told delay no grant. */
export async function reconcileWaiting(context: WaitingContext, name: string): Promise<Outcome> {
  const { caches, settings, clock, waiting, report } = context;
  const because = waiting.because(name);
  const gathered = gatherNode(caches, { namespace: settings.namespace, now: clock.now() }, name);
  if (because !== undefined && gathered !== undefined && !hasSlot(gathered.node)) {
    await report(name, waitingCondition(because));
  }
  return done(REASON.drainWaiting, 'the node knows why it waits');
}
