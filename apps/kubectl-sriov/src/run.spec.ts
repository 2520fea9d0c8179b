import { describe, expect, it } from '@jest/globals';
import { runWith } from './test/test-run.ts';

describe('the command line', () => {
  it.each<[sentence: string, argv: string[], message: string]>([
    ['no command', [], 'Usage: kubectl-sriov'],
    ['an unknown command', ['paln'], "error: unknown command 'paln'\n(Did you mean plan?)"],
    ['no files', ['plan'], "error: required option '-f, --filename <file...>' not specified"],
    ['a form that does not exist', ['plan', '-f', '-', '-o', 'xml'], 'Allowed choices are text, json, yaml.'],
    ['an option that does not exist', ['plan', '-f', '-', '--fast'], "error: unknown option '--fast'"],
    ['an option without its value', ['plan', '-f'], 'argument missing'],
    ['an empty namespace', ['plan', '-f', '-', '--operator-namespace', ''], '--operator-namespace'],
    ['a namespace that can be none', ['plan', '-f', '-', '--operator-namespace', 'a/b'], 'lower-case letters'],
    ['an empty prefix', ['render', '-f', '-', '--resource-prefix', ''], '--resource-prefix'],
    ['a prefix with its slash', ['render', '-f', '-', '--resource-prefix', 'openshift.io/'], 'such as openshift.io'],
    ['a word too many', ['plan', 'a.yaml'], 'error: '],
  ])('ends with 2 for %s', async (_, argv, message) => {
    const { exitCode, stdout, stderr } = await runWith('', ...argv);
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
    expect(stderr).toContain(message);
  });

  it('shows the commands, and the options of each', async () => {
    const general = await runWith('', '--help');
    expect(general.exitCode).toBe(0);
    expect(general.stdout).toMatch(/plan .*\n.*render .*\n.*validate /);
    const plan = await runWith('', 'plan', '--help');
    expect(plan.exitCode).toBe(0);
    for (const option of ['--filename', '--output', '--operator-namespace', '--resource-prefix']) {
      expect(plan.stdout).toContain(option);
    }
  });
});
