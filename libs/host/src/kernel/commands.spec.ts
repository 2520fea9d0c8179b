import { describe, expect, it } from '@jest/globals';
import { TestKernel } from '../test/test-kernel.ts';
import { CommandError, run, runJson } from './commands.ts';

const LINE = ['ip', '-j', 'link'];
const host = (output: string): TestKernel => new TestKernel({ commands: { 'ip -j link': output } });

describe('a command', () => {
  it('is run with its arguments, and returns what it printed', async () => {
    const kernel = host('text\n');
    expect(await run(kernel, LINE)).toBe('text\n');
    expect(kernel.done).toEqual(['ip -j link']);
  });

  it.each([
    ['says why in the last line of its output', '!Warning: x\nno such device', 'ip -j link: no such device'],
    ['without an output is told by its exit code', '!', 'ip -j link: exit code 1'],
  ])('that fails %s', async (_, output, message) => {
    const failure = await run(host(output), LINE).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(CommandError);
    expect(failure).toMatchObject({ name: 'CommandError', code: 'COMMAND_FAILED', exitCode: 1, message });
  });

  it('keeps all that it said on the error', async () => {
    await expect(run(host('!one\ntwo'), LINE)).rejects.toMatchObject({ stderr: 'one\ntwo\n' });
  });

  it.each([
    ['an object', '{"a":1}', { a: 1 }],
    ['nothing, which is how iproute2 prints an empty list', ' \n', []],
  ])('that prints JSON may print %s', async (_, output, expected) => {
    expect(await runJson(host(output), LINE)).toEqual(expected);
  });

  it('that prints something else than JSON is a failure with its cause', async () => {
    await expect(runJson(host('oops'), LINE)).rejects.toMatchObject({
      message: 'ip -j link: the output is not JSON',
      cause: expect.any(SyntaxError),
    });
  });
});
