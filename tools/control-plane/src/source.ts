import { type Program } from './versions.ts';

/** Paths of the programs that were found. */
export type Binaries = Partial<Record<Program, string>>;

/** What a source is asked. */
export interface SourceRequest {
  /** All of them, or the source does not serve. */
  readonly needs: readonly Program[];
  /** Where a source that fetches or builds leaves its programs: the folder that the cache reads. */
  readonly cacheFolder: string;
  /** A line for people who wait. */
  readonly onProgress: (line: string) => void;
}

/** A place where the programs may come from. */
export interface Source {
  /** Stands in messages: "took the programs from ...". */
  readonly name: string;
  /** Resolves with the programs, or rejects with an Error whose message says why it has none. */
  find(request: SourceRequest): Promise<Binaries>;
}
