import { parseArgs } from 'node:util';

/** How large the fleet is, and what is measured. */
export interface Flags {
  readonly nodes: number;
  /** PFs per node. */
  readonly nics: number;
  /** VFs per PF. */
  readonly vfs: number;
  readonly policies: number;
  /** Changes of one node, one after the other. */
  readonly changes: number;
  /** Comparisons with the bare client. */
  readonly rounds: number;
  readonly json: boolean;
}

/** Text for `--help`. */
export const HELP = `npm run bench:fleet -- [flags]: measures the policy controller with a fleet of synthetic nodes on a real API server

  --nodes N      number of synthetic nodes (default 1000)
  --nics N       PFs per node (default 8)
  --vfs N        VFs per PF (default 16)
  --policies N   number of policies, at least 3 (default 50)
  --changes N    changes of a single node whose latency is measured (default 100; 0 measures none)
  --rounds N     comparisons with the bare client (default 3; 0 makes none)
  --json         print the figures as JSON
  --help

Exit codes: 0 measured, 1 failed, 2 wrong flags.
`;

const LEAST = { nodes: 1, nics: 1, vfs: 1, policies: 3, changes: 0, rounds: 0 } as const;
const DEFAULTS = { nodes: 1_000, nics: 8, vfs: 16, policies: 50, changes: 100, rounds: 3 } as const;

/**
 * Reads the flags; `undefined` when somebody asks for help. @throws Error that names the flag and its possible values.
 */
export function readFlags(args: readonly string[]): Flags | undefined {
  const number = { type: 'string' } as const;
  const { values } = parseArgs({
    args: [...args],
    options: {
      nodes: number,
      nics: number,
      vfs: number,
      policies: number,
      changes: number,
      rounds: number,
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) return undefined;
  const read = (name: keyof typeof LEAST): number => {
    const text = values[name] ?? String(DEFAULTS[name]);
    const value = Number(text);
    if (/^\d{1,6}$/.test(text) && value >= LEAST[name]) return value;
    throw new Error(`--${name}: "${text}" is not a number of at least ${LEAST[name]}`);
  };
  return {
    nodes: read('nodes'),
    nics: read('nics'),
    vfs: read('vfs'),
    policies: read('policies'),
    changes: read('changes'),
    rounds: read('rounds'),
    json: values.json,
  };
}
