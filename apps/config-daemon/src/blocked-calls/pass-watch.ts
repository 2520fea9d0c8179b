import { type BlockedCall } from '@sriov/host';
import { type CheckResult, type Clock } from '@sriov/runtime';

/** A call that has not come back: words for it, and when it began by the monotonic clock. */
interface Call {
  readonly what: string;
  readonly at: number;
}

/** Options of a {@link PassWatch}. */
export interface PassWatchOptions {
  readonly clock: Pick<Clock, 'elapsed'>;
  /** Milliseconds that a pass may take. */
  readonly limitMs: number;
}

/**
 * Knows whether passes end, and which call holds up a pass that does not. Calls to the kernel have deadlines, but the
 * files of the journal have none. A pass that is given up because a call hangs has not ended either.
 */
export class PassWatch {
  readonly #options: PassWatchOptions;
  /** Calls under way. */
  readonly #calls = new Set<Call>();
  /** The call for which a pass was given up last, as long as it has not come back. */
  #holder: (Call & Pick<BlockedCall, 'released'>) | undefined;
  /** When the first pass began since the last one that ended. */
  #since: number | undefined;
  /** How many passes were given up over a call that does not come back. */
  #heldUp = 0;

  constructor(options: PassWatchOptions) {
    this.#options = options;
  }

  /** Follows a pass. A pass that throws has ended: its caller reports that. */
  pass<T>(pass: () => Promise<T>): () => Promise<T> {
    return async () => {
      this.#since ??= this.#options.clock.elapsed();
      const heldUpBefore = this.#heldUp;
      try {
        return await pass();
      } finally {
        if (this.#heldUp === heldUpBefore) this.#since = this.#holder = undefined;
      }
    };
  }

  /** The present pass is given up, because it needs a call that does not come back. */
  readonly heldUp = ({ verb, path, waitedMs, released }: BlockedCall): void => {
    this.#heldUp += 1;
    // Whoever asks for the call again gets the same call, which began when it was first made.
    if (this.#holder?.released === released) return;
    const holder = { what: `${verb} ${path}`, at: this.#options.clock.elapsed() - waitedMs, released };
    this.#holder = holder;
    void released.then(() => {
      if (this.#holder === holder) this.#holder = undefined;
    });
  };

  /** Makes a call that a pass may wait for. @param what words for it */
  async call<T>(what: string, make: () => Promise<T>): Promise<T> {
    const call = { what, at: this.#options.clock.elapsed() };
    this.#calls.add(call);
    try {
      return await make();
    } finally {
      this.#calls.delete(call);
    }
  }

  /** A check for `/healthz`: true, or since when no pass has ended, and the call that has run longest. */
  readonly check = (): CheckResult => {
    const { clock, limitMs } = this.#options;
    const now = clock.elapsed();
    if (this.#since === undefined || now - this.#since < limitMs) return true;
    const [longest] = [...this.#calls, ...(this.#holder ? [this.#holder] : [])].sort((a, b) => a.at - b.at);
    const holder =
      longest === undefined
        ? 'no call to the host or the API server is under way'
        : `it waits for "${longest.what}", which has not come back for ${seconds(now - longest.at)} s`;
    return `no pass has ended for ${seconds(now - this.#since)} s: ${holder}`;
  };
}

function seconds(ms: number): number {
  return Math.floor(ms / 1_000);
}
