/** An abort of our own that happens at the latest when that of a parent does. */
export interface LinkedAbort {
  readonly signal: AbortSignal;
  now(reason: Error): void;
  /** Aborts what is still open, and stops listening to the parent. */
  end(): void;
}

/** Aborts when `parent` does. This is not `AbortSignal.any`, whose results live as long as their parent. */
export function linkAbort(parent: AbortSignal | undefined): LinkedAbort {
  const abort = new AbortController();
  const onAbort = (): void => abort.abort(new Error('the process is stopping'));
  parent?.addEventListener('abort', onAbort, { once: true });
  if (parent?.aborted === true) onAbort();
  return {
    signal: abort.signal,
    now: (reason) => abort.abort(reason),
    end() {
      parent?.removeEventListener('abort', onAbort);
      abort.abort();
    },
  };
}
