import { KernelBlockedError } from '@sriov/host';
import { notBackSince, type StepFailure } from './apply.ts';

/** A call that has not come back: the sentence about it, and since when (milliseconds since the epoch). */
interface Blockage {
  readonly sentence: string;
  readonly since: number;
}

/**
 * Calls that were given up waiting for and that still run in the kernel. Nothing else is done to their PFs until they
 * come back: it would wait for the same lock, and one thread more with it.
 */
export class Blockages {
  readonly #byPf = new Map<string, Set<Blockage>>();

  /** Keeps those of the failures that are such calls. `onRelease` is called whenever one has come back. */
  add(failures: readonly StepFailure[], onRelease: () => void): void {
    for (const { pciAddress, step, cause } of failures) {
      if (!(cause instanceof KernelBlockedError)) continue;
      const blockage = { sentence: `${step}: ${notBackSince(cause.since)}`, since: cause.since };
      this.#byPf.set(pciAddress, (this.#byPf.get(pciAddress) ?? new Set()).add(blockage));
      void cause.released.then(() => {
        this.#forget(pciAddress, blockage);
        onRelease();
      });
    }
  }

  /** A sentence by PCI address of the PF. */
  get sentences(): ReadonlyMap<string, string> {
    return new Map([...this.#byPf].map(([pciAddress, blockages]) => [pciAddress, describe(blockages)]));
  }

  /** When the longest of the calls began; nothing when there is none. */
  get since(): number | undefined {
    const begins = [...this.#byPf.values()].flatMap((blockages) => [...blockages].map(({ since }) => since));
    return begins.length === 0 ? undefined : Math.min(...begins);
  }

  #forget(pciAddress: string, blockage: Blockage): void {
    const blockages = this.#byPf.get(pciAddress);
    blockages?.delete(blockage);
    if (blockages?.size === 0) this.#byPf.delete(pciAddress);
  }
}

function describe(blockages: ReadonlySet<Blockage>): string {
  return [...blockages].map(({ sentence }) => sentence).join('; ');
}
