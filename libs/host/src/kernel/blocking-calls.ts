import { CallThreads, type CallThreadsOptions } from './call-threads.ts';
import { type BlockingCall, type BlockingResult, type OnStart } from './blocking-call.ts';
import { PoolWrites } from './pool-writes.ts';

/**
 * Makes calls that can block in the kernel where they can be abandoned: writes in threads of the pool that this process
 * lends them, as long as some are left, and all else in threads of their own. None keeps the process from running.
 */
export class BlockingCalls {
  readonly #writes: PoolWrites;
  readonly #threads: CallThreads;

  constructor(options: CallThreadsOptions & { readonly lentThreads?: number | undefined } = {}) {
    this.#writes = new PoolWrites(options.lentThreads);
    this.#threads = new CallThreads(options);
  }

  /** Threads that were made for calls, the stuck ones among them. */
  get threads(): number {
    return this.#threads.count;
  }

  /**
   * Makes the call. Resolves when it comes back, which may be never. `onStart` is called when there is a thread for it,
   * and again when it is given to another thread because the first one is held up by another call: on a busy machine
   * starting a thread takes its time, of which the kernel knows nothing.
   */
  run(call: BlockingCall, onStart: OnStart = () => undefined): Promise<BlockingResult> {
    if (call.verb !== 'write' || !this.#writes.hasRoom) return this.#threads.run(call, onStart);
    onStart();
    return this.#writes.run(call);
  }
}
