import { type Program } from './versions.ts';

/** Paths of programs. kubectl is never asked for: it is named where it stands beside the others. */
export type Binaries = Partial<Record<Program | 'kubectl', string>>;

/** A place where programs may stand ready. */
export interface Source {
  /** Stands in messages: "took the programs from ...". */
  readonly name: string;
  /** Resolves with all of the programs, or rejects with an Error whose message says why it has not. */
  find(needs: readonly Program[]): Promise<Binaries>;
}

/** What a supplier is asked. */
export interface SupplyRequest {
  /** What the cache lacks. */
  readonly needs: readonly Program[];
  /** The folder of the cache: programs go there. */
  readonly folder: string;
  /** An empty folder on the same file system, removed afterwards. */
  readonly workFolder: string;
  /** Takes a line for people who wait. */
  readonly onProgress: (line: string) => void;
}

/** A slow way to get programs: it leaves them in the cache. */
export interface Supplier {
  readonly name: string;
  /** Resolves when it has left at least one of the programs, or rejects with an Error whose message says why not. */
  supply(request: SupplyRequest): Promise<void>;
}
