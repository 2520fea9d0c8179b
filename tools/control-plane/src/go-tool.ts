import { access, constants, mkdir, rename, rm } from 'node:fs/promises';
import { basename, delimiter, join } from 'node:path';
import { messageOf } from '@sriov/errors';

import { withLock } from './lock.ts';
import { cacheFolder, platformName } from './platform.ts';
import { withProgress } from './progress.ts';
import { runCommand } from './run-command.ts';

/** A program that is taken from the machine, or built by Go from a published module. */
export interface GoTool {
  /** Name of the program, and of its folder in the cache. */
  readonly name: string;
  /** Version of the module that is built when the machine has none, without `v`. */
  readonly version: string;
  /** Package of the program. */
  readonly package: string;
  /** Further flags of `go install`. */
  readonly flags: readonly string[];
  /** Why the program at this path cannot be used, if so. */
  readonly findProblem: (path: string, run: typeof runCommand) => Promise<string | undefined>;
  /** What the tool is for, behind `no NAME, `. */
  readonly purpose: string;
  /** What may be installed instead, as part of a sentence. */
  readonly cure: string;
}

/** Where to look for a tool. */
export interface GoToolOptions {
  /** Takes a line for people who wait. */
  readonly onProgress?: (line: string) => void;
  readonly env?: NodeJS.ProcessEnv;
  /** Runs the tool, to ask its version, and the Go toolchain. */
  readonly run?: typeof runCommand;
}

/** The program, and where it came from. */
export interface ResolvedTool {
  readonly path: string;
  readonly source: string;
}

/** No place has the tool. */
export class NoToolError extends Error {
  override readonly name = 'NoToolError';
  readonly code: string;

  constructor(code: string, message: string, options: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/**
 * Finds a tool: on the PATH, in the cache, or built by Go into the cache, which takes minutes once.
 * @throws {NoToolError} `NO_<NAME>`, that says why there is none and what helps.
 */
export async function resolveGoTool(tool: GoTool, options: GoToolOptions = {}): Promise<ResolvedTool> {
  const { env = process.env, run = runCommand, onProgress = () => undefined } = options;
  const onPath = await lookOnPath(tool, env['PATH'] ?? '', run);
  if ('path' in onPath) return { path: onPath.path, source: 'the PATH' };
  const folder = toolFolder(tool, env);
  if (await isExecutable(join(folder, tool.name))) return { path: join(folder, tool.name), source: 'the cache' };
  try {
    return await supply({ tool, folder, env, onProgress, run });
  } catch (cause) {
    throw noTool(tool, { folder, problem: onPath.problem, cause });
  }
}

/** Folder of the tool in the cache, by version and platform. */
export function toolFolder({ name, version }: Pick<GoTool, 'name' | 'version'>, env: NodeJS.ProcessEnv): string {
  return join(cacheFolder(env), name, `${version}-${platformName()}`);
}

/** What a build takes. */
interface BuildWork extends Required<GoToolOptions> {
  readonly tool: GoTool;
  readonly folder: string;
}

async function supply(work: BuildWork): Promise<ResolvedTool> {
  const { tool, folder, onProgress } = work;
  const path = join(folder, tool.name);
  const tellWait = (holder: string): void => onProgress(`waiting for process ${holder}: it gets the same ${tool.name}`);
  await mkdir(folder, { recursive: true });
  return withLock(join(folder, '.lock'), tellWait, async () => {
    // Whoever held the lock before us may have built it.
    if (await isExecutable(path)) return { path, source: 'the cache' };
    await build(work);
    return { path, source: 'a Go build' };
  });
}

async function build({ tool, folder, env, onProgress, run }: BuildWork): Promise<void> {
  const { name, version } = tool;
  // On the same file system, so that the program appears in the cache whole or not at all.
  const output = join(folder, '.work');
  await rm(output, { recursive: true, force: true });
  let modules = 0;
  let packages = 0;
  onProgress(`building ${name} ${version} with Go: the first time it takes minutes, and it is kept`);
  try {
    await withProgress(
      (seconds) =>
        onProgress(`  ${name}: ${modules} modules downloaded, ${packages} packages compiled in ${seconds} s`),
      () =>
        run('go', ['install', '-v', '-trimpath', ...tool.flags, `${tool.package}@v${version}`], {
          env: { ...env, CGO_ENABLED: '0', GOWORK: 'off', GOFLAGS: '', GOBIN: output },
          onErrorLine(line) {
            if (line.startsWith('go: ')) modules += 1;
            else packages += 1;
          },
        }),
    );
    await rename(join(output, basename(tool.package)), join(folder, name));
  } finally {
    await rm(output, { recursive: true, force: true });
  }
}

function noTool(
  { name, version, purpose, cure }: GoTool,
  tried: { readonly folder: string; readonly problem: string; readonly cause: unknown },
): NoToolError {
  const { folder, problem, cause } = tried;
  const lines = [
    `no ${name}, ${purpose}:`,
    `  the PATH: ${problem}`,
    `  the cache: no ${name} in ${folder}`,
    `  a Go build of ${version}: ${messageOf(cause)}`,
    `Any of these helps: ${cure} on the PATH, or a Go toolchain with a module proxy.`,
  ];
  return new NoToolError(`NO_${name.toUpperCase()}`, lines.join('\n'), { cause });
}

async function lookOnPath(
  { name, findProblem }: GoTool,
  path: string,
  run: typeof runCommand,
): Promise<{ readonly path: string } | { readonly problem: string }> {
  for (const folder of path.split(delimiter).filter((entry) => entry !== '')) {
    const candidate = join(folder, name);
    if (!(await isExecutable(candidate))) continue;
    const problem = await findProblem(candidate, run);
    return problem === undefined ? { path: candidate } : { problem };
  }
  return { problem: `it has no ${name}` };
}

function isExecutable(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}
