import { Worker } from 'node:worker_threads';

/** A call that may not come back for a long time. */
export type BlockingCall =
  | { readonly verb: 'read'; readonly path: string }
  | { readonly verb: 'write'; readonly path: string; readonly value: string };

/** How it ended: the text that was read, or the errno's name. */
export type BlockingResult = { readonly text: string } | { readonly code: string };

/**
 * The worker's program. It uses the calls that block the thread they run on: those with promises would take one of
 * the four threads that all file access of the process shares, and a few stuck devices would freeze it.
 */
const PROGRAM = `
const { parentPort } = require('node:worker_threads');
const { openSync, writeSync, closeSync, readFileSync } = require('node:fs');
parentPort.on('message', ({ verb, path, value }) => {
  try {
    if (verb === 'read') {
      parentPort.postMessage({ text: readFileSync(path, 'utf8') });
      return;
    }
    // O_WRONLY: never creates nor empties a file.
    const file = openSync(path, 1);
    try {
      writeSync(file, value);
    } finally {
      closeSync(file);
    }
    parentPort.postMessage({ text: '' });
  } catch (error) {
    parentPort.postMessage({ code: error.code || 'EIO' });
  }
});
`;

/**
 * Threads for calls that can block in the kernel. A thread whose call does not come back is simply not there for
 * others; new ones are made as needed. None keeps the process from ending.
 */
export class BlockingCalls {
  readonly #idle: Worker[] = [];

  /** Makes the call on a thread of its own. Resolves when it comes back, which may be never. */
  async run(call: BlockingCall): Promise<BlockingResult> {
    const worker = this.#idle.pop() ?? createWorker();
    const result = await new Promise<BlockingResult>((resolve, reject) => {
      const settle = (): void => {
        worker.off('message', onMessage);
        worker.off('error', onError);
      };
      const onMessage = (message: BlockingResult): void => {
        settle();
        resolve(message);
      };
      const onError = (error: unknown): void => {
        settle();
        reject(error instanceof Error ? error : new Error(String(error)));
      };
      worker.on('message', onMessage);
      worker.on('error', onError);
      worker.postMessage(call);
    });
    this.#idle.push(worker);
    return result;
  }
}

function createWorker(): Worker {
  const worker = new Worker(PROGRAM, { eval: true });
  worker.unref();
  return worker;
}
