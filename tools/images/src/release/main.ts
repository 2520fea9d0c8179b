import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { runTool } from '@sriov/control-plane';
import { hasCode } from '@sriov/errors';
import { z } from 'zod';
import { ARCHITECTURES, IMAGES } from '../recipe.ts';
import { type Command, planRelease, problemsOf, releaseSchema } from './plan-release.ts';

const FOLDER = 'dist/images';
const ROOT = join(import.meta.dirname, '../../../..');

const HELP = `npm run release: publishes the images that npm run images has built

  --registry NAME   registry and path that they are pushed to
  --push            do it; without this flag, only print the commands
  --help

It runs skopeo and cosign, which have to be logged in. cosign signs with the identity of whoever is logged in (keyless),
or with a key as its environment variables say.
`;

interface Flags {
  readonly registry: string;
  readonly push: boolean;
}

/** Nothing was published; the message says why. */
class CannotReleaseError extends Error {
  override readonly name = 'CannotReleaseError';
  readonly code = 'CANNOT_RELEASE';
}

const say = (line: string): void => void process.stdout.write(`${line}\n`);

/** @throws Error that says what is wrong with the arguments */
function readFlags(args: readonly string[]): Flags | undefined {
  const { values } = parseArgs({
    args: [...args],
    options: {
      registry: { type: 'string' },
      push: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) return undefined;
  if (values.registry === undefined || values.registry === '') throw new Error('--registry is required');
  return { registry: values.registry, push: values.push };
}

async function publish({ registry, push }: Flags): Promise<void> {
  const text = await readFile(join(ROOT, FOLDER, 'images.json'), 'utf8').catch((cause: unknown) => {
    if (!hasCode(cause, 'ENOENT')) throw cause;
    throw new CannotReleaseError('there are no images: npm run images builds them', { cause });
  });
  const release = releaseSchema.parse(JSON.parse(text));
  const names = IMAGES.map(({ name }) => name);
  const problems = problemsOf(release, { names, architectures: ARCHITECTURES, sealed: await sealedVersions() });
  if (push && problems.length > 0) throw new CannotReleaseError(problems.join('\n'));
  for (const command of planRelease(release, registry, FOLDER)) {
    say(command.join(' '));
    if (push) await run(command);
  }
  if (!push)
    say(['', 'Nothing was done. --push does it.', ...problems.map((each) => `It would refuse: ${each}`)].join('\n'));
}

async function sealedVersions(): Promise<string[]> {
  const text = await readFile(join(ROOT, 'tools/contracts/releases/sealed.json'), 'utf8');
  return Object.keys(z.record(z.string(), z.string()).parse(JSON.parse(text)));
}

/** Runs a command at the root of the checkout, its output being ours. @throws {CannotReleaseError} when it fails */
function run([command, ...args]: Command): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: ROOT, stdio: 'inherit' });
    child.on('error', (cause) => reject(new CannotReleaseError(`cannot run ${command}: ${cause.message}`, { cause })));
    child.on('close', (code) => {
      if (code === 0) resolve();
      else reject(new CannotReleaseError(`${command} failed. What was done so far stays; run it again`));
    });
  });
}

await runTool<Flags>({
  help: HELP,
  readFlags,
  async run(flags) {
    await publish(flags);
    return 0;
  },
  exitCodeOf: (error) => (error instanceof CannotReleaseError ? 1 : undefined),
});
