import { Worker } from 'node:worker_threads';

/** A call that may not come back for a long time. */
export type BlockingCall =
  | { readonly verb: 'read' | 'readlink' | 'list'; readonly path: string }
  | { readonly verb: 'write'; readonly path: string; readonly value: string };

/** How it ended: the text that was read or the names that were found, or the errno's name. */
export type BlockingResult = { readonly text: string } | { readonly names: string[] } | { readonly code: string };

/**
 * Longest file that is read, in bytes. Files of sysfs have a page; the largest that we read, the kubelet's checkpoint of
 * its devices, has a few hundred bytes for each of them.
 */
export const MAX_FILE = 16 * 1024 * 1024;

/**
 * The worker's program. It uses the calls that block the thread they run on: those with promises would take one of
 * the four threads that all file access of the process shares, and a few stuck devices would freeze it.
 */
const PROGRAM = `
const { parentPort } = require('node:worker_threads');
const { openSync, readSync, writeSync, closeSync, readlinkSync, readdirSync } = require('node:fs');
const write = (path, value) => {
  // O_WRONLY: never creates nor empties a file.
  const file = openSync(path, 1);
  try {
    writeSync(file, value);
  } finally {
    closeSync(file);
  }
  return { text: '' };
};
const piece = Buffer.alloc(64 * 1024);
// Piece by piece, because the size of a file in sysfs or procfs says nothing of what it has.
const read = (path) => {
  const file = openSync(path, 0);
  try {
    const pieces = [];
    for (let size = 0, count; (count = readSync(file, piece)) > 0; ) {
      size += count;
      if (size > ${MAX_FILE}) return { code: 'EFBIG' };
      pieces.push(Buffer.from(piece.subarray(0, count)));
    }
    return { text: Buffer.concat(pieces).toString('utf8') };
  } finally {
    closeSync(file);
  }
};
const make = {
  read,
  readlink: (path) => ({ text: readlinkSync(path) }),
  list: (path) => ({ names: readdirSync(path) }),
  write,
};
parentPort.on('message', ({ verb, path, value }) => {
  try {
    parentPort.postMessage(make[verb](path, value));
  } catch (error) {
    parentPort.postMessage({ code: error.code || 'EIO' });
  }
});
`;

/**
 * Threads that stand ready: a host has two ports more often than not. Whoever only reads does with one, because reads
 * do not wait for each other for long; each takes 8 MB.
 */
const SPARE_THREADS = 2;
/**
 * A write that waits so long for a thread gets another one, and so does a read while no call comes back: a long queue of
 * reads that go on is no reason. Starting a thread takes longer than most calls do.
 */
const GROW_MS = 50;
/** Threads beyond the spare ones end when no call has come back for so long. */
const IDLE_MS = 10_000;

interface Waiting {
  readonly call: BlockingCall;
  readonly onStart: () => void;
  readonly resolve: (result: BlockingResult) => void;
  readonly reject: (error: Error) => void;
}

/** How many threads there are, and for how long. */
interface BlockingCallsOptions {
  readonly idleMs?: number | undefined;
  readonly spareThreads?: number | undefined;
}

/**
 * Threads for calls that can block in the kernel. A thread whose call does not come back is simply not there for
 * others; new ones are made as needed, and end when they no longer are. None keeps the process from ending.
 */
export class BlockingCalls {
  readonly #idle: Worker[] = [];
  readonly #queue: Waiting[] = [];
  readonly #idleMs: number;
  readonly #spareThreads: number;
  #threads = 0;
  /** Threads that do not run yet. */
  #starting = 0;
  #growth: NodeJS.Timeout | undefined;
  /** Calls that have come back. */
  #answers = 0;
  #shrinkage: NodeJS.Timeout | undefined;

  constructor({ idleMs = IDLE_MS, spareThreads = SPARE_THREADS }: BlockingCallsOptions = {}) {
    this.#idleMs = idleMs;
    this.#spareThreads = spareThreads;
    for (let count = 0; count < spareThreads; count += 1) this.#addThread();
  }

  /** Threads that there are, the stuck ones among them. */
  get threads(): number {
    return this.#threads;
  }

  /**
   * Makes the call on a thread of its own. Resolves when it comes back, which may be never. `onStart` is called when
   * there is a thread for it: on a busy machine starting one takes its time, of which the kernel knows nothing.
   */
  run(call: BlockingCall, onStart: () => void = () => undefined): Promise<BlockingResult> {
    return new Promise((resolve, reject) => {
      this.#queue.push({ call, onStart, resolve, reject });
      this.#serve();
    });
  }

  #serve(): void {
    while (this.#queue.length > 0 && this.#idle.length > 0) {
      const waiting = this.#queue.shift();
      const worker = this.#idle.pop();
      if (waiting && worker) this.#hand(worker, waiting);
    }
    if (this.#queue.length === 0) {
      clearTimeout(this.#growth);
      this.#growth = undefined;
      return;
    }
    const before = this.#answers;
    this.#growth ??= setTimeout(() => {
      this.#growth = undefined;
      this.#grow(this.#answers > before);
      this.#serve();
    }, GROW_MS);
  }

  /** A thread for each write that waits, for a write can take seconds; one for reads, which do not, if all are stuck. */
  #grow(isMoving: boolean): void {
    const writes = this.#queue.filter(({ call }) => call.verb === 'write').length;
    const missing = Math.max(isMoving ? 0 : 1, writes) - this.#starting;
    for (let count = 0; count < missing; count += 1) this.#addThread();
  }

  #shrinkLater(): void {
    clearTimeout(this.#shrinkage);
    this.#shrinkage = setTimeout(() => {
      for (const worker of this.#idle.splice(this.#spareThreads)) {
        this.#threads -= 1;
        void worker.terminate();
      }
    }, this.#idleMs).unref();
  }

  #hand(worker: Worker, { call, onStart, resolve, reject }: Waiting): void {
    const settle = (): void => {
      worker.off('message', onMessage);
      worker.off('error', onError);
    };
    const onMessage = (message: BlockingResult): void => {
      settle();
      this.#answers += 1;
      this.#idle.push(worker);
      resolve(message);
      this.#serve();
      this.#shrinkLater();
    };
    const onError = (error: unknown): void => {
      settle();
      this.#threads -= 1;
      reject(error instanceof Error ? error : new Error(String(error)));
    };
    worker.on('message', onMessage);
    worker.on('error', onError);
    onStart();
    worker.postMessage(call);
  }

  #addThread(): void {
    const worker = new Worker(PROGRAM, { eval: true });
    this.#threads += 1;
    this.#starting += 1;
    worker.unref();
    worker.once('online', () => {
      this.#starting -= 1;
      this.#idle.push(worker);
      this.#serve();
      this.#shrinkLater();
    });
  }
}
