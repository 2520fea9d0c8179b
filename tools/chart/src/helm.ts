import {
  type GoTool,
  type GoToolOptions,
  resolveGoTool,
  type ResolvedTool,
  type runCommand,
  VERSIONS,
} from '@sriov/control-plane';
import { messageOf } from '@sriov/errors';

/** Since then helm can take over what others installed. */
const LEAST_VERSION = '3.17';

/** helm of the version that is built when the machine has none: the one made for the control plane's Kubernetes. */
export const HELM: GoTool = {
  name: 'helm',
  version: '3.22.0',
  package: 'helm.sh/helm/v3/cmd/helm',
  flags: ['-ldflags', linkerFlags('3.22.0')],
  findProblem,
  purpose: 'which the chart is rendered with',
  cure: `an installed helm ${LEAST_VERSION} or later`,
};

/**
 * Finds helm: on the PATH, in the cache, or built by Go into the cache, which takes minutes once.
 * @throws {NoToolError} `NO_HELM`, that says why there is none and what helps.
 */
export async function resolveHelm(options: GoToolOptions = {}): Promise<ResolvedTool> {
  return resolveGoTool(HELM, options);
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

/** helm tells its version, and the Kubernetes that it assumes without a cluster, from these variables. */
function linkerFlags(version: string): string {
  const [major, minor] = VERSIONS.kubernetes.split('.');
  const variables = {
    'internal/version.version': `v${version}`,
    'pkg/chartutil.k8sVersionMajor': major,
    'pkg/chartutil.k8sVersionMinor': minor,
    'pkg/lint/rules.k8sVersionMajor': major,
    'pkg/lint/rules.k8sVersionMinor': minor,
  };
  const flags = Object.entries(variables).map(([name, value]) => `-X helm.sh/helm/v3/${name}=${value}`);
  return ['-s', '-w', ...flags].join(' ');
}
