// Writes the chart as a base of kustomize, for people who do not install by helm.
import { parseArgs } from 'node:util';
import { DEFAULT_OPERATOR_NAMESPACE } from '@sriov/api';
import { runTool } from '@sriov/control-plane';
import { DEFAULT_RELEASE } from '../render.ts';
import { writeBase } from './write-base.ts';

const HELP = `npm run kustomize: writes the chart as a base of kustomize

  --into FOLDER     folder that gets kustomization.yaml and what it names
  --values FILE     values of the chart, as for helm
  --namespace NAME  namespace of the operator (default ${DEFAULT_OPERATOR_NAMESPACE})
  --release NAME    stands in the names of cluster-wide objects (default ${DEFAULT_RELEASE})
  --help

Exit codes: 0 written; 1 the chart refuses the values, or they cannot be read; 2 wrong flags.
`;

interface Flags {
  readonly into: string;
  readonly values: string | undefined;
  readonly namespace: string;
  readonly release: string;
}

function readFlags(args: readonly string[]): Flags | undefined {
  const { values: flags } = parseArgs({
    args: [...args],
    options: {
      into: { type: 'string' },
      values: { type: 'string' },
      namespace: { type: 'string', default: DEFAULT_OPERATOR_NAMESPACE },
      release: { type: 'string', default: DEFAULT_RELEASE },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  const { help, into, values, namespace, release } = flags;
  if (help) return undefined;
  if (into === undefined) throw new Error('--into is required: the folder that gets the files');
  return { into, values, namespace, release };
}

await runTool<Flags>({
  help: HELP,
  readFlags,
  async run({ into, values, namespace, release }) {
    // helm reads the file itself: what another reader makes of an unquoted date or time differs.
    const paths = await writeBase(into, { valuesFile: values, namespace, release });
    for (const path of paths) process.stdout.write(`${path}\n`);
    return 0;
  },
  // All that people can do something about has a code: values, folder, helm.
  exitCodeOf: (error) => (error instanceof Error && 'code' in error ? 1 : undefined),
});
