/** What a download is asked beside its address. */
interface DownloadOptions {
  /** It is given up when nothing arrives for so long. */
  readonly stallMs: number;
  /** Called with each piece's size. */
  readonly onBytes?: (count: number) => void;
}

/** Reads an address whole. @throws Error that says why it cannot. */
export type Download = (url: string, options: DownloadOptions) => Promise<Uint8Array>;

/** Downloads over the network. A proxy is used as Node itself does: from Node 24 on, with `NODE_USE_ENV_PROXY=1`. */
export const download: Download = async (url, { stallMs, onBytes }) => {
  const abort = new AbortController();
  const giveUp = (): void => abort.abort(new Error(`nothing arrived for ${stallMs / 1000} s`));
  const timer = setTimeout(giveUp, stallMs);
  try {
    const response = await fetch(url, { signal: abort.signal });
    if (!response.ok || !response.body) throw new Error(`HTTP status ${response.status}`);
    const pieces: Uint8Array[] = [];
    for await (const piece of response.body) {
      timer.refresh();
      pieces.push(piece as Uint8Array);
      onBytes?.((piece as Uint8Array).byteLength);
    }
    return Buffer.concat(pieces);
  } catch (cause) {
    throw new Error(`cannot download ${url}: ${reasonOf(cause as Error)}`, { cause });
  } finally {
    clearTimeout(timer);
  }
};

/**
 * fetch says "fetch failed" and keeps the reason as its cause, which may be several, one for each address, without a
 * text.
 */
function reasonOf({ message, cause }: Error): string {
  const { message: reason, code } = (cause ?? {}) as { message?: string; code?: string };
  return reason || code || message;
}
