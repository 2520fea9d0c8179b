/** Levels of glog: from 4 on it logs what only developers want. */
const DEBUG_FROM = 4;

/**
 * Translates the arguments of the original's image into ours, so that ours can stand in its place. Its `--log-dir` is
 * left out, since all logs go to the standard output. All other arguments stay as they are.
 */
export function originalArguments(argv: readonly string[]): string[] {
  return argv.flatMap((argument) => {
    const [flag = '', value = ''] = argument.replace(/^-(?=[a-z])/, '--').split(/=(.*)/s);
    if (flag === '--log-dir') return [];
    if (flag === '--log-level' && /^\d+$/.test(value)) {
      return [`--log-level=${Number(value) > DEBUG_FROM ? 'debug' : 'info'}`];
    }
    return [value === '' ? flag : `${flag}=${value}`];
  });
}
