import { parseArgs } from 'node:util';

/** How large the fleet is, and how its drains go. */
export interface DrainFlags {
  readonly nodes: number;
  /** `maxUnavailable` of the pool in which all of them are. */
  readonly maxUnavailable: number;
  /** How long the daemon of a node works once it is drained, in ms. */
  readonly workMs: number;
  /** PFs per node, and VFs per PF: the size of a node state. */
  readonly nics: number;
  readonly vfs: number;
}

/** Text for `--help`. */
export const HELP = `npm run bench:drain -- [flags]: measures the drain controller with a fleet that asks all at once, on a real API server

  --nodes N             number of nodes that ask to be drained (default 1000)
  --max-unavailable N   of the pool in which all of them are (default 50)
  --work-ms N           how long the daemon of a node works once it is drained (default 5000)
  --nics N              PFs per node (default 8)
  --vfs N               VFs per PF (default 16)
  --help

Exit codes: 0 measured, 1 failed, 2 wrong flags.
`;

const DEFAULTS = { nodes: 1_000, 'max-unavailable': 50, 'work-ms': 5_000, nics: 8, vfs: 16 } as const;

/**
 * Reads the flags; `undefined` when somebody asks for help. @throws Error that names the flag and its possible values.
 */
export function readDrainFlags(args: readonly string[]): DrainFlags | undefined {
  const number = { type: 'string' } as const;
  const { values } = parseArgs({
    args: [...args],
    options: {
      nodes: number,
      'max-unavailable': number,
      'work-ms': number,
      nics: number,
      vfs: number,
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) return undefined;
  const read = (name: keyof typeof DEFAULTS): number => {
    const text = values[name] ?? String(DEFAULTS[name]);
    if (/^\d{1,6}$/.test(text) && Number(text) >= 1) return Number(text);
    throw new Error(`--${name}: "${text}" is not a number of at least 1`);
  };
  const flags = { nodes: read('nodes'), maxUnavailable: read('max-unavailable'), workMs: read('work-ms') };
  if (flags.nodes <= flags.maxUnavailable)
    throw new Error('--nodes: must be more than --max-unavailable, or nobody waits');
  return { ...flags, nics: read('nics'), vfs: read('vfs') };
}
