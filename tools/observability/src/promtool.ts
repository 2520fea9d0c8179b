import { type GoTool, type GoToolOptions, resolveGoTool, type ResolvedTool } from '@sriov/control-plane';

const PROMTOOL: GoTool = {
  name: 'promtool',
  version: '0.316.0',
  package: 'github.com/prometheus/prometheus/cmd/promtool',
  // It need not find targets in clouds: that is half of what would be compiled.
  flags: ['-tags', 'remove_all_sd', '-ldflags', '-s -w'],
  findProblem: () => Promise.resolve(undefined),
  purpose: 'which the alert rules are tested with',
  cure: 'an installed promtool, as in the package prometheus of Debian,',
};

/**
 * Finds promtool: on the PATH, in the cache, or built by Go into the cache, which takes minutes once.
 * @throws {NoToolError} `NO_PROMTOOL`, that says why there is none and what helps.
 */
export async function resolvePromtool(options: GoToolOptions = {}): Promise<ResolvedTool> {
  return resolveGoTool(PROMTOOL, options);
}
