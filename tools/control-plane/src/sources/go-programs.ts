import { mkdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { withProgress } from '../progress.ts';
import { runCommand } from '../run-command.ts';

/** Programs to build in a Go module, whose go.mod pins their versions. */
export interface GoPrograms {
  /** Folder of go.mod. Go wants to write beside it: give it a copy. */
  readonly module: string;
  /** Package of each program. */
  readonly packages: Readonly<Record<string, string>>;
  /** Arguments of `go build`. */
  readonly flags: readonly string[];
  /** Environment, beside that of this process; without C unless it says otherwise. */
  readonly env?: Readonly<Record<string, string>>;
  /** Folder for the programs. */
  readonly output: string;
  readonly onProgress: (line: string) => void;
}

/**
 * Builds programs with the Go toolchain and whatever Go module proxy it is set to. Resolves with their paths.
 * @throws Error with the last words of the go command, or that says that there is none
 */
export async function buildGoPrograms(
  request: GoPrograms,
  run: typeof runCommand = runCommand,
): Promise<Record<string, string>> {
  const { module, flags, output, onProgress } = request;
  const env = { ...process.env, CGO_ENABLED: '0', GOWORK: 'off', GOFLAGS: '-mod=readonly -buildvcs=false' };
  const go = (args: readonly string[], onErrorLine: (line: string) => void): Promise<string> =>
    run('go', args, { cwd: module, env: { ...env, ...request.env }, onErrorLine });

  // Asked in the module's folder, this may make Go fetch the toolchain that go.mod demands.
  const version = (await go(['version'], onProgress)).trim();
  const names = Object.keys(request.packages).join(', ');
  const packages = Object.values(request.packages);
  const total = await countPackages(go, packages, onProgress);
  onProgress(`building ${names} with ${version}: the first time it takes minutes, and it is kept`);
  let compiled = 0;
  await mkdir(output, { recursive: true });
  await withProgress(
    (seconds) => onProgress(`  ${names}: compiled ${compiled} of at most ${total} packages in ${seconds} s`),
    () =>
      go(['build', '-v', '-trimpath', ...flags, '-o', `${output}/`, ...packages], () => {
        compiled += 1;
      }),
  );
  const built = Object.entries(request.packages).map(([name, pkg]) => [name, join(output, executableName(pkg))]);
  return Object.fromEntries(built) as Record<string, string>;
}

/** How many packages there are to compile, and downloads their modules on the way. */
async function countPackages(
  go: (args: readonly string[], onErrorLine: (line: string) => void) => Promise<string>,
  packages: readonly string[],
  onProgress: (line: string) => void,
): Promise<number> {
  let downloads = 0;
  const listed = await withProgress(
    (seconds) => onProgress(`  downloading Go modules: ${downloads} after ${seconds} s`),
    () =>
      go(['list', '-deps', ...packages], () => {
        downloads += 1;
      }),
  );
  return listed.trim().split('\n').length;
}

/** Go names an executable by the last part of its package, but for a major version. */
function executableName(pkg: string): string {
  return basename(pkg.replace(/\/v\d+$/, ''));
}
