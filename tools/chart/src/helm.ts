import { access, constants, mkdir, rename, rm } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { cacheFolder, platformName, runCommand, VERSIONS, withLock, withProgress } from '@sriov/control-plane';
import { messageOf } from '@sriov/errors';

/** Version of helm that is built when the machine has none: the one made for the control plane's Kubernetes. */
export const HELM_VERSION = '3.22.0';

/** Since then helm can take over what others installed. */
const LEAST_VERSION = '3.17';

/** Where to look for helm. */
export interface HelmOptions {
  /** Takes a line for people who wait. */
  readonly onProgress?: (line: string) => void;
  readonly env?: NodeJS.ProcessEnv;
  /** Runs helm, to ask its version, and the Go toolchain. */
  readonly run?: typeof runCommand;
}

/** helm, and where it came from. */
export interface ResolvedHelm {
  readonly path: string;
  readonly source: string;
}

/** No place has helm. */
export class NoHelmError extends Error {
  override readonly name = 'NoHelmError';
  readonly code = 'NO_HELM';
}

/**
 * Finds helm: on the PATH, in the cache, or built by Go into the cache, which takes minutes once.
 * @throws {NoHelmError} that says why there is none and what helps.
 */
export async function resolveHelm(options: HelmOptions = {}): Promise<ResolvedHelm> {
  const { env = process.env, run = runCommand, onProgress = () => undefined } = options;
  const onPath = await lookOnPath(env['PATH'] ?? '', run);
  if ('path' in onPath) return { path: onPath.path, source: 'the PATH' };
  const folder = helmFolder(env);
  if (await isExecutable(join(folder, 'helm'))) return { path: join(folder, 'helm'), source: 'the cache' };
  try {
    return await supply({ folder, env, onProgress, run });
  } catch (cause) {
    throw noHelm({ folder, problem: onPath.problem, cause });
  }
}

async function supply(work: BuildWork): Promise<ResolvedHelm> {
  const { folder, onProgress } = work;
  const path = join(folder, 'helm');
  const tellWait = (holder: string): void => onProgress(`waiting for process ${holder}: it gets the same helm`);
  await mkdir(folder, { recursive: true });
  return withLock(join(folder, '.lock'), tellWait, async () => {
    // Whoever held the lock before us may have built it.
    if (await isExecutable(path)) return { path, source: 'the cache' };
    await build(work);
    return { path, source: 'a Go build' };
  });
}

/** Folder of helm in the cache, by version and platform. */
export function helmFolder(env: NodeJS.ProcessEnv): string {
  return join(cacheFolder(env), 'helm', `${HELM_VERSION}-${platformName()}`);
}

function noHelm(tried: { readonly folder: string; readonly problem: string; readonly cause: unknown }): NoHelmError {
  const { folder, problem, cause } = tried;
  const lines = [
    'no helm, which the chart is rendered with:',
    `  the PATH: ${problem}`,
    `  the cache: no helm in ${folder}`,
    `  a Go build of ${HELM_VERSION}: ${messageOf(cause)}`,
    `Any of these helps: an installed helm ${LEAST_VERSION} or later on the PATH, or a Go toolchain with a module proxy.`,
  ];
  return new NoHelmError(lines.join('\n'), { cause });
}

async function lookOnPath(
  path: string,
  run: typeof runCommand,
): Promise<{ readonly path: string } | { readonly problem: string }> {
  for (const folder of path.split(delimiter).filter((entry) => entry !== '')) {
    const candidate = join(folder, 'helm');
    if (!(await isExecutable(candidate))) continue;
    const problem = await findProblem(candidate, run);
    return problem === undefined ? { path: candidate } : { problem };
  }
  return { problem: 'it has no helm' };
}

/** Why the program cannot be used, if so: others are called helm too, and old ones lack what we ask for. */
async function findProblem(path: string, run: typeof runCommand): Promise<string | undefined> {
  try {
    const text = await run(path, ['version', '--template', '{{.Version}}']);
    const [, major, minor] = /^v(\d+)\.(\d+)\./.exec(text) ?? [];
    const [leastMajor, leastMinor] = LEAST_VERSION.split('.').map(Number) as [number, number];
    const isEnough = Number(major) > leastMajor || (Number(major) === leastMajor && Number(minor) >= leastMinor);
    return isEnough
      ? undefined
      : `${path} is ${text.slice(0, 40).trim() || 'no helm'}, and ${LEAST_VERSION} is the least`;
  } catch (error) {
    return messageOf(error);
  }
}

function isExecutable(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}

interface BuildWork extends Required<HelmOptions> {
  readonly folder: string;
}

async function build(work: BuildWork): Promise<void> {
  const { folder, env, onProgress, run } = work;
  // On the same file system, so that helm appears in the cache whole or not at all.
  const output = join(folder, '.work');
  await rm(output, { recursive: true, force: true });
  let modules = 0;
  let packages = 0;
  onProgress(`building helm ${HELM_VERSION} with Go: the first time it takes minutes, and it is kept`);
  try {
    await withProgress(
      (seconds) => onProgress(`  helm: ${modules} modules downloaded, ${packages} packages compiled in ${seconds} s`),
      () =>
        run('go', ['install', '-v', '-trimpath', '-ldflags', linkerFlags(), `${PACKAGE}@v${HELM_VERSION}`], {
          env: { ...env, CGO_ENABLED: '0', GOWORK: 'off', GOFLAGS: '', GOBIN: output },
          onErrorLine(line) {
            if (line.startsWith('go: ')) modules += 1;
            else packages += 1;
          },
        }),
    );
    await rename(join(output, 'helm'), join(folder, 'helm'));
  } finally {
    await rm(output, { recursive: true, force: true });
  }
}

const PACKAGE = 'helm.sh/helm/v3/cmd/helm';

/** helm tells its version, and the Kubernetes that it assumes without a cluster, from these variables. */
function linkerFlags(): string {
  const [major, minor] = VERSIONS.kubernetes.split('.');
  const variables = {
    'internal/version.version': `v${HELM_VERSION}`,
    'pkg/chartutil.k8sVersionMajor': major,
    'pkg/chartutil.k8sVersionMinor': minor,
    'pkg/lint/rules.k8sVersionMajor': major,
    'pkg/lint/rules.k8sVersionMinor': minor,
  };
  const flags = Object.entries(variables).map(([name, value]) => `-X helm.sh/helm/v3/${name}=${value}`);
  return ['-s', '-w', ...flags].join(' ');
}
