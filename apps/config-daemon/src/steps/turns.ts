import { type Clock } from '@sriov/runtime';

type Sleep = Clock['sleep'];

/** Longest turn of a PF. An igb port takes 0.6 s for its MTU and seven VFs, and 2.4 s more to remove VFs. */
const TURN_MS = 1_000;

/**
 * Lets PFs take turns as long as none takes longer than a device needs. A PF that takes longer may be stuck. Then all
 * that follow begin at once: one interruption of a link less is not worth a longer wait.
 */
export class Turns {
  readonly #sleep: Sleep;
  #last: Promise<unknown> = Promise.resolve();
  #isStuck = false;

  constructor(sleep: Sleep) {
    this.#sleep = sleep;
  }

  /** Does the work when what came before has ended, or takes too long. @param work must not reject */
  async take<T>(work: () => Promise<T>): Promise<T> {
    const before = this.#last;
    let end: () => void = () => undefined;
    this.#last = new Promise<void>((resolve) => (end = resolve));
    await before;
    const hasEnded = new AbortController();
    const limit = this.#isStuck ? Promise.resolve() : this.#sleep(TURN_MS, hasEnded.signal);
    void limit.then(() => {
      this.#isStuck ||= !hasEnded.signal.aborted;
      end();
    });
    try {
      return await work();
    } finally {
      hasEnded.abort();
    }
  }
}
