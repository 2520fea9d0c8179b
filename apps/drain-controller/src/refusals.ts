import { type Clock } from '@sriov/runtime';

/** How long a node whose slot could not be written gets no turn, in milliseconds. Others have theirs meanwhile. */
const REFUSED_MS = 5_000;

/** Nodes whose slot could not be written lately, and why. */
export class Refusals {
  readonly #clock: Pick<Clock, 'elapsed'>;
  readonly #byNode = new Map<string, { readonly because: string; readonly until: number }>();

  constructor(clock: Pick<Clock, 'elapsed'>) {
    this.#clock = clock;
  }

  /** The slot of the node could not be written. */
  note(node: string, because: string): void {
    this.#byNode.set(node, { because, until: this.#clock.elapsed() + REFUSED_MS });
  }

  /** Nodes that get no turn now, with the reason. */
  current(): ReadonlyMap<string, string> {
    const now = this.#clock.elapsed();
    for (const [node, { until }] of this.#byNode) if (until <= now) this.#byNode.delete(node);
    return new Map([...this.#byNode].map(([node, { because }]) => [node, because]));
  }

  /** Milliseconds until the first of them may have its turn again; `Infinity` where there is none. */
  waitMs(): number {
    const now = this.#clock.elapsed();
    return Math.min(Infinity, ...[...this.#byNode.values()].map(({ until }) => Math.max(0, until - now)));
  }
}
