/** A destination of text, such as `process.stdout`. */
export interface TextSink {
  write(text: string): unknown;
}

/** What a run of the program reads and writes. */
export interface Streams {
  /** Chunks of UTF-8; read only when `-` is among the files. */
  readonly stdin: AsyncIterable<Uint8Array | string>;
  /** The result, and nothing else. */
  readonly stdout: TextSink;
  /** Notes and errors. */
  readonly stderr: TextSink;
}
