import { close, constants, open, write } from 'node:fs';
import { promisify } from 'node:util';
import { type BlockingResult, type BlockingWrite } from './blocking-call.ts';

const openFile = promisify(open);
const writeFile = promisify(write);
const closeFile = promisify(close);

/** Threads of libuv's pool unless the environment says another number (threadpool.c of libuv). */
const POOL_THREADS = 4;
/** Threads that are left for all other access to files, and for looking up names. */
const KEPT_THREADS = 8;

/**
 * Threads of libuv's pool that calls may hold for as long as they like: what `UV_THREADPOOL_SIZE` was set to when the
 * process began, less those that are kept. None where nobody has set it.
 */
const LENT_THREADS = Math.max(0, Number(process.env['UV_THREADPOOL_SIZE'] ?? POOL_THREADS) - KEPT_THREADS) || 0;

/**
 * Writes in the threads of libuv's pool. One takes 50 kB, where a thread with a JavaScript engine of its own takes 8 MB.
 * Never are more of them held than are lent, so a write that does not come back keeps nothing else from files.
 */
export class PoolWrites {
  readonly #lent: number;
  #held = 0;

  constructor(lentThreads = LENT_THREADS) {
    this.#lent = lentThreads;
  }

  get hasRoom(): boolean {
    return this.#held < this.#lent;
  }

  /** Resolves when the write comes back, which may be never. */
  async run({ path, value }: BlockingWrite): Promise<BlockingResult> {
    this.#held += 1;
    try {
      // Never creates nor empties a file.
      const file = await openFile(path, constants.O_WRONLY);
      try {
        await writeFile(file, value);
      } finally {
        await closeFile(file);
      }
      return { text: '' };
    } catch (error) {
      return { code: (error as NodeJS.ErrnoException).code ?? 'EIO' };
    } finally {
      this.#held -= 1;
    }
  }
}
