/**
 * A failure with a known cause that ends the process: its message is all that the user needs, so it is printed
 * without a stack trace.
 */
export class ServiceError extends Error {
  override readonly name = 'ServiceError';
  /** Stable name for programs, such as `PORT_TAKEN`. */
  readonly code: string;
  /** Exit code: 1 failed, 2 wrong use. */
  readonly exitCode: 1 | 2;

  constructor(code: string, message: string, options: { cause?: unknown; exitCode?: 1 | 2 } = {}) {
    super(message, options.cause === undefined ? {} : { cause: options.cause });
    this.code = code;
    this.exitCode = options.exitCode ?? 1;
  }
}
