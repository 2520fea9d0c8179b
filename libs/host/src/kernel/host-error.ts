/**
 * What a host does to us: its kernel refuses or hangs, a tool fails, a text makes no sense. Whoever can go on without
 * what was asked for catches this and no other error, see {@link faultOfHost}.
 */
export abstract class HostError extends Error {
  abstract readonly code: string;
}

/** Something is there that cannot be told, because what the host says of it is not all. The message is a sentence. */
export class NotObservedError extends HostError {
  override readonly name = 'NotObservedError';
  readonly code = 'NOT_OBSERVED';
}

/**
 * The message of a fault of the host.
 * @throws `error` itself where it is none: it is a mistake in this program then, and nobody knows what to go on with
 */
export function faultOfHost(error: unknown): string {
  if (isFaultOfHost(error)) return error.message;
  throw error;
}

/** Whether the host is at fault, see {@link faultOfHost}. */
export function isFaultOfHost(error: unknown): error is Error {
  return error instanceof HostError || isSystemError(error);
}

/** What was asked for, or `instead` where the host is at fault. @throws any other error */
export async function unlessFault<T>(asked: Promise<T>, instead: T): Promise<T> {
  try {
    return await asked;
  } catch (error) {
    faultOfHost(error);
    return instead;
  }
}

/** What Node.js throws where the system refuses a call. An error of another realm is no instance of our `Error`. */
function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  const { message, code, syscall } = Object(error) as Record<string, unknown>;
  return [message, code, syscall].every((each) => typeof each === 'string');
}
