import { type SriovNetworkNodeState } from '@sriov/api';
import { missedPfs } from '@sriov/policy';
import { type Clock } from '@sriov/runtime';

/** The PFs of a node that vanished a short while ago. */
export interface Vanished {
  /** PCI addresses. */
  readonly addresses: ReadonlySet<string>;
  /** When the first of them has been away for too long, in milliseconds from now. */
  readonly lookAgainMs?: number;
}

/**
 * Remembers since when a PF with a desired state has been missing. Only in memory: after a restart the time begins
 * again, which errs on the side of leaving things as they are.
 */
export class VanishedPfs {
  readonly #graceMs: number;
  readonly #clock: Pick<Clock, 'elapsed'>;
  /** By node, then by PCI address: since when. */
  readonly #since = new Map<string, Map<string, number>>();

  constructor(options: { readonly graceMs: number; readonly clock: Pick<Clock, 'elapsed'> }) {
    this.#graceMs = options.graceMs;
    this.#clock = options.clock;
  }

  /** Looks at a node's state, and which of its PFs are away and may come back. */
  look(node: string, state: SriovNetworkNodeState | undefined): Vanished {
    const away = missedPfs(state);
    const before = this.#since.get(node);
    if (away.length === 0) this.#since.delete(node);
    if (away.length === 0 || this.#graceMs === 0) return { addresses: new Set() };
    const now = this.#clock.elapsed();
    const since = new Map(away.map((pciAddress) => [pciAddress, before?.get(pciAddress) ?? now]));
    this.#since.set(node, since);
    const left = [...since].map(([pciAddress, time]) => ({ pciAddress, ms: time + this.#graceMs - now }));
    const inGrace = left.filter(({ ms }) => ms > 0);
    const addresses = new Set(inGrace.map(({ pciAddress }) => pciAddress));
    return addresses.size === 0 ? { addresses } : { addresses, lookAgainMs: Math.min(...inGrace.map(({ ms }) => ms)) };
  }
}
