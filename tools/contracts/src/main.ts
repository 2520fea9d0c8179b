import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { runTool } from '@sriov/control-plane';
import { EXCHANGES } from './exchanges/index.ts';
import {
  presentVersion,
  readRelease,
  recordedVersions,
  RecordingError,
  recordPresent,
  type Release,
  seal,
  writeRelease,
} from './releases.ts';
import { compatibilityTable, withTable } from './upgrades-page.ts';

const HELP = `npm run contracts: records what the services exchange, for the version that the chart names

  -- --seal   mark this version as released: its recordings must not change from then on
  -- --help

npm run generate records as well. Tests hold the recordings of each release against the present services.
`;

const PAGE = join(import.meta.dirname, '../../../docs/upgrades.md');

interface Flags {
  readonly isRelease: boolean;
}

/** @throws Error that says what is wrong with the arguments */
function readFlags(args: readonly string[]): Flags | undefined {
  const { values } = parseArgs({
    args: [...args],
    options: { seal: { type: 'boolean', default: false }, help: { type: 'boolean', short: 'h', default: false } },
  });
  return values.help ? undefined : { isRelease: values.seal };
}

async function run({ isRelease }: Flags): Promise<number> {
  const version = await presentVersion();
  await writeRelease(version, await recordPresent());
  if (isRelease) await seal(version);
  const releases = new Map<string, Release>();
  for (const each of await recordedVersions()) releases.set(each, await readRelease(each));
  await writeFile(PAGE, withTable(await readFile(PAGE, 'utf8'), compatibilityTable(EXCHANGES, releases)));
  return 0;
}

await runTool({ help: HELP, readFlags, run, exitCodeOf: (error) => (error instanceof RecordingError ? 1 : undefined) });
