import { type IncomingMessage } from 'node:http';
import { describeDuration } from '@sriov/words';
import { messageOf } from '@sriov/errors';
import { type Clock } from '@sriov/runtime';
import { ApiError, INACTIVE } from '../api-error.ts';

/**
 * The lines of a response, without their line feeds.
 * @throws {ApiError} with status 0 when the stream breaks, when it ends within a line, or when not a byte came for
 *   `inactivity.ms`: a peer that vanished without closing the connection says nothing.
 */
export async function* readLines(
  response: IncomingMessage,
  inactivity: { readonly ms: number; readonly clock: Clock },
): AsyncGenerator<string> {
  response.setEncoding('utf8');
  const watchdog = createWatchdog(response, inactivity);
  const splitter = new LineSplitter();
  try {
    for await (const chunk of response as AsyncIterable<string>) {
      watchdog.feed();
      yield* splitter.push(chunk);
    }
  } catch (cause) {
    if (!watchdog.isExpired()) throw broken(messageOf(cause), cause);
    const message = `the watch was given up: nothing came for ${describeDuration(inactivity.ms)}`;
    throw new ApiError(message, { status: 0, reason: INACTIVE, cause });
  } finally {
    watchdog.stop();
  }
  if (splitter.isWithinLine) throw broken('it ended within a line');
}

/** Cuts a stream of text into lines. Pieces of a line are joined once: it may be large and come in many pieces. */
class LineSplitter {
  #pieces: string[] = [];

  get isWithinLine(): boolean {
    return this.#pieces.length > 0;
  }

  *push(chunk: string): Generator<string> {
    let start = 0;
    for (let end = chunk.indexOf('\n'); end !== -1; end = chunk.indexOf('\n', start)) {
      this.#pieces.push(chunk.slice(start, end));
      start = end + 1;
      const line = this.#pieces.join('');
      this.#pieces = [];
      if (line !== '') yield line;
    }
    if (start < chunk.length) this.#pieces.push(chunk.slice(start));
  }
}

function createWatchdog(
  response: IncomingMessage,
  { ms, clock }: { readonly ms: number; readonly clock: Clock },
): { feed(): void; stop(): void; isExpired(): boolean } {
  let expired = false;
  let lastByte = clock.elapsed();
  let cancel = (): void => undefined;
  // One timer that looks how long ago the last byte was: feeding must cost nothing.
  const arm = (wait: number): void => {
    cancel = clock.setTimer(wait, () => {
      const rest = lastByte + ms - clock.elapsed();
      if (rest > 0) {
        arm(rest);
        return;
      }
      expired = true;
      response.destroy(new Error('inactive'));
    });
  };
  arm(ms);
  return {
    feed: () => {
      lastByte = clock.elapsed();
    },
    stop: () => cancel(),
    isExpired: () => expired,
  };
}

function broken(how: string, cause?: unknown): ApiError {
  return new ApiError(`the watch broke: ${how}`, { status: 0, cause });
}
