import { Worker } from 'node:worker_threads';
import { type BlockingCall, type BlockingResult, type OnStart } from './blocking-call.ts';
import { CALL_PROGRAM } from './call-program.ts';

/**
 * A thread is given so many reads at once: handing one over takes more time than a read does. It is also the most that
 * is read again when one of them is stuck.
 */
const BATCH = 32;
/**
 * A write that waits so long for a thread gets another one, and so does a read while no call comes back: a long queue of
 * reads that go on is no reason. Starting a thread takes longer than most calls do.
 */
const GROW_MS = 50;
/** Threads end when no call has come back for so long: each takes 8 MB. */
const IDLE_MS = 10_000;

interface Waiting {
  readonly call: BlockingCall;
  readonly onStart: OnStart;
  readonly resolve: (result: BlockingResult) => void;
  readonly reject: (error: Error) => void;
}

interface Thread {
  readonly worker: Worker;
  /** Which call of its batch it makes, and behind that 1 when those after it are no longer its business. */
  readonly state: Int32Array;
  /** The calls that it was given, but for those that were taken back. */
  batch: readonly (Waiting | undefined)[];
  /** More than one call waits for it. */
  isShared: boolean;
}

/** For how long threads without a call stay. */
export interface CallThreadsOptions {
  readonly idleMs?: number | undefined;
}

/**
 * Threads for calls that can block in the kernel. A thread whose call does not come back is simply not there for
 * others; new ones are made as needed, and end when they no longer are. None keeps the process from ending.
 */
export class CallThreads {
  readonly #idle: Thread[] = [];
  readonly #busy = new Set<Thread>();
  readonly #queue: Waiting[] = [];
  readonly #idleMs: number;
  /** Those that do not run yet. */
  readonly #starting = new Set<Thread>();
  #isServing = false;
  #growth: NodeJS.Timeout | undefined;
  /** Batches that have come back. */
  #answers = 0;
  #shrinkage: NodeJS.Timeout | undefined;

  constructor({ idleMs = IDLE_MS }: CallThreadsOptions = {}) {
    this.#idleMs = idleMs;
  }

  /** Threads that there are, the stuck ones and those that do not run yet among them. */
  get count(): number {
    return this.#idle.length + this.#busy.size + this.#starting.size;
  }

  /** Makes the call; resolves when it comes back. */
  run(call: BlockingCall, onStart: OnStart): Promise<BlockingResult> {
    return new Promise((resolve, reject) => {
      this.#queue.push({ call, onStart, resolve, reject });
      this.#serveSoon();
    });
  }

  /** When all have asked that are about to, so that they share a batch. */
  #serveSoon(): void {
    if (this.#isServing) return;
    this.#isServing = true;
    setImmediate(() => {
      this.#isServing = false;
      this.#serve();
    });
  }

  #serve(): void {
    while (this.#queue.length > 0) {
      const thread = this.#idle.pop();
      if (thread === undefined) break;
      this.#hand(thread, this.#takeBatch());
    }
    if (this.#queue.length > 0 && this.count === 0) this.#addThread();
    if (this.#queue.length > 0 || [...this.#busy].some(({ isShared }) => isShared)) this.#watch();
    else {
      clearTimeout(this.#growth);
      this.#growth = undefined;
    }
  }

  /** The reads at the head of the queue, or one write. */
  #takeBatch(): Waiting[] {
    const end = this.#queue.findIndex(({ call }) => call.verb === 'write');
    const reads = end === -1 ? this.#queue.length : end;
    return this.#queue.splice(0, Math.max(1, Math.min(reads, BATCH)));
  }

  #watch(): void {
    if (this.#growth !== undefined) return;
    const before = this.#answers;
    const handed = [...this.#busy].map((thread) => [thread, thread.batch] as const);
    this.#growth = setTimeout(() => {
      this.#growth = undefined;
      for (const [thread, batch] of handed) if (thread.isShared && thread.batch === batch) this.#takeBack(thread);
      this.#grow(this.#answers > before);
      this.#serve();
    }, GROW_MS);
  }

  /**
   * Leaves a thread nothing but the call that holds it up: the others of its batch are made again by another. The thread
   * tells which call comes next before it looks whether it is to stop, and we look at that after we have told it to. So it
   * makes no call after the one that it is left with.
   */
  #takeBack(thread: Thread): void {
    Atomics.store(thread.state, 1, 1);
    const at = Atomics.load(thread.state, 0);
    const others = thread.batch.filter((_, index) => index !== at);
    thread.batch = thread.batch.map((waiting, index) => (index === at ? waiting : undefined));
    thread.isShared = false;
    this.#takeAgain(others);
  }

  #takeAgain(calls: readonly (Waiting | undefined)[]): void {
    this.#queue.unshift(...calls.filter((waiting) => waiting !== undefined));
  }

  /** A thread for each write that waits, for a write can take seconds; one for reads, which do not, if all are stuck. */
  #grow(isMoving: boolean): void {
    if (this.#queue.length === 0) return;
    const writes = this.#queue.filter(({ call }) => call.verb === 'write').length;
    const missing = Math.max(isMoving ? 0 : 1, writes) - this.#starting.size;
    for (let count = 0; count < missing; count += 1) this.#addThread();
  }

  #shrinkLater(): void {
    clearTimeout(this.#shrinkage);
    this.#shrinkage = setTimeout(() => {
      for (const { worker } of this.#idle.splice(0)) void worker.terminate();
    }, this.#idleMs).unref();
  }

  #hand(thread: Thread, batch: readonly Waiting[]): void {
    thread.batch = batch;
    thread.isShared = batch.length > 1;
    this.#busy.add(thread);
    thread.state.fill(0);
    for (const { onStart } of batch) onStart();
    thread.worker.postMessage(batch.map(({ call }) => call));
  }

  #hear(thread: Thread, results: readonly BlockingResult[]): void {
    this.#answers += 1;
    const { batch } = thread;
    this.#free(thread);
    this.#idle.push(thread);
    results.forEach((result, index) => batch[index]?.resolve(result));
    this.#takeAgain(batch.slice(results.length));
    this.#serveSoon();
    this.#shrinkLater();
  }

  #free(thread: Thread): void {
    this.#busy.delete(thread);
    thread.batch = [];
    thread.isShared = false;
  }

  #addThread(): void {
    const state = new Int32Array(new SharedArrayBuffer(2 * Int32Array.BYTES_PER_ELEMENT));
    const worker = new Worker(CALL_PROGRAM, { eval: true, workerData: state });
    const thread: Thread = { worker, state, batch: [], isShared: false };
    this.#starting.add(thread);
    worker.once('online', () => {
      this.#starting.delete(thread);
      this.#idle.push(thread);
      this.#serve();
      this.#shrinkLater();
    });
    worker.on('message', (results: readonly BlockingResult[]) => this.#hear(thread, results));
    worker.on('error', (error: unknown) => this.#lose(thread, error));
    // After the listeners: one for messages would have it keep the process running again.
    worker.unref();
  }

  /** It has ended by itself, or could not be started. */
  #lose(thread: Thread, error: unknown): void {
    this.#starting.delete(thread);
    for (const waiting of thread.batch) waiting?.reject(error instanceof Error ? error : new Error(String(error)));
    this.#free(thread);
    if (this.#queue.length > 0) this.#watch();
  }
}
