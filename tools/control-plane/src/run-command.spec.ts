import { describe, expect, it } from '@jest/globals';
import { runCommand } from './run-command.ts';

const sh = (script: string, onErrorLine?: (line: string) => void): Promise<string> =>
  runCommand('sh', ['-c', script], onErrorLine && { onErrorLine });

describe('runCommand', () => {
  it('returns what the command printed, and tells its complaints line by line', async () => {
    const lines: string[] = [];
    expect(await sh('echo out; echo one >&2; echo; echo two >&2', (line) => lines.push(line))).toBe('out\n\n');
    expect(lines).toEqual(['one', 'two']);
  });

  it.each([
    [
      'the last lines of a failure',
      'for i in 1 2 3 4 5 6; do echo $i >&2; done; exit 3',
      'exit code 3): 2 | 3 | 4 | 5 | 6',
    ],
    ['the signal that ended it', 'kill -TERM $$', 'sh -c failed (SIGTERM)'],
  ])('shows %s', async (_, script, message) => {
    await expect(sh(script)).rejects.toThrow(message);
  });

  it('says that there is no such command', async () => {
    await expect(runCommand('no-such-command', [])).rejects.toThrow(
      'cannot run no-such-command: there is no such command on the PATH',
    );
  });
});
