import { KernelBlockedError } from '@sriov/host';
import { type Clock } from '@sriov/runtime';
import { type FailedStep, describeBlocked } from '../steps/failed-step.ts';

/** A call that has not come back: its PF, a sentence about it, and when it began. */
interface Blockage {
  readonly pciAddress: string;
  readonly sentence: string;
  /** By the monotonic clock, in milliseconds. */
  readonly beganAt: number;
}

/** Ports for following calls that do not come back. */
export interface BlockagePorts {
  readonly clock: Pick<Clock, 'elapsed'>;
  /** Is called whenever a call has come back. */
  readonly onRelease: () => void;
}

/**
 * Calls that the daemon no longer waits for, and that still run in the kernel. Nothing else is done to their PFs until
 * they come back: another call would wait for the same lock, and occupy another thread.
 */
export class Blockages {
  readonly #ports: BlockagePorts;
  /** By the promise of their end: whoever asks for such a call again gets the same call. */
  readonly #calls = new Map<Promise<void>, Blockage>();

  constructor(ports: BlockagePorts) {
    this.#ports = ports;
  }

  /** Keeps the failure of a step if its call has not come back. Call it at once: the pass can still fail. */
  add({ pciAddress, step, cause }: Pick<FailedStep, 'pciAddress' | 'step' | 'cause'>): void {
    if (!(cause instanceof KernelBlockedError) || this.#calls.has(cause.released)) return;
    const { clock, onRelease } = this.#ports;
    const sentence = `${step}: ${describeBlocked(cause, pciAddress)}`;
    this.#calls.set(cause.released, { pciAddress, sentence, beganAt: clock.elapsed() - cause.waitedMs });
    void cause.released.then(() => {
      this.#calls.delete(cause.released);
      onRelease();
    });
  }

  /** A sentence by PCI address of the PF. Calls that concern all PFs are left out. */
  get sentences(): ReadonlyMap<string, string> {
    const byPf = new Map<string, string>();
    for (const { pciAddress, sentence } of this.#calls.values()) {
      if (pciAddress === '') continue;
      const before = byPf.get(pciAddress);
      byPf.set(pciAddress, before === undefined ? sentence : `${before}; ${sentence}`);
    }
    return byPf;
  }

  /** For how long the longest of the calls has run, in milliseconds; `undefined` when there is none. */
  get longestMs(): number | undefined {
    const begins = [...this.#calls.values()].map(({ beganAt }) => beganAt);
    return begins.length === 0 ? undefined : this.#ports.clock.elapsed() - Math.min(...begins);
  }
}
