import { KernelBlockedError } from '@sriov/host';
import { notBackSince, type StepFailure } from './apply.ts';

/**
 * Calls that were given up waiting for and that still run in the kernel. Nothing else is done to their PFs until they
 * come back: it would wait for the same lock, and one thread more with it.
 */
export class Blockages {
  readonly #byPf = new Map<string, Set<string>>();

  /** Keeps those of the failures that are such calls. `onRelease` is called whenever one has come back. */
  add(failures: readonly StepFailure[], onRelease: () => void): void {
    for (const { pciAddress, step, cause } of failures) {
      if (!(cause instanceof KernelBlockedError)) continue;
      const sentence = `${step}: ${notBackSince(cause.since)}: the PF is left alone until it is`;
      this.#keep(pciAddress, sentence);
      void cause.released.then(() => {
        this.#forget(pciAddress, sentence);
        onRelease();
      });
    }
  }

  /** A sentence by PCI address of the PF. */
  get sentences(): ReadonlyMap<string, string> {
    return new Map([...this.#byPf].map(([pciAddress, sentences]) => [pciAddress, [...sentences].join('; ')]));
  }

  #keep(pciAddress: string, sentence: string): void {
    const sentences = this.#byPf.get(pciAddress) ?? new Set();
    this.#byPf.set(pciAddress, sentences.add(sentence));
  }

  #forget(pciAddress: string, sentence: string): void {
    const sentences = this.#byPf.get(pciAddress);
    sentences?.delete(sentence);
    if (sentences?.size === 0) this.#byPf.delete(pciAddress);
  }
}
