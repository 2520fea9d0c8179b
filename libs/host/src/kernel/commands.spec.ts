import { describe, expect, it } from '@jest/globals';
import { messageOf } from '@sriov/errors';
import { z } from 'zod';
import { TestKernel } from '../test/test-kernel.ts';
import { CommandError, run, runJson } from './commands.ts';
import { NotUnderstoodError } from './understand.ts';

const LINE = ['ip', '-j', 'link'];
const schema = z.object({ a: z.number() });
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

  it('that prints JSON is read as its schema describes it', async () => {
    expect(await runJson(host('{"a":1,"b":2}'), LINE, schema)).toEqual({ a: 1 });
  });

  it.each([
    ['something else than JSON', 'oops', 'it is not JSON, or not all of it'],
    ['half of it', '{"a":', 'it is not JSON, or not all of it'],
    ['nothing', ' \n', 'there is none'],
    ['another kind of value', '{"a":"1"}', 'a: Invalid input: expected number, received string'],
  ])('that prints %s instead is a failure that says so', async (_, output, cause) => {
    const failure = await runJson(host(output), LINE, schema).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(NotUnderstoodError);
    expect(failure).toMatchObject({ message: `the output of ip -j link cannot be understood: ${cause}` });
  });

  it.each([
    ['as its complaint', `!${'x'.repeat(10_000)}`],
    ['as its output', `{"a":{"${'x'.repeat(10_000)}":1}}`],
    ['as the name of a value', `{"${'x'.repeat(10_000)}":""}`],
  ])('that prints megabytes %s makes a short message', async (_, output) => {
    const failure = await runJson(host(output), LINE, z.record(z.string(), z.number())).catch(messageOf);
    expect(JSON.stringify(failure).length).toBeLessThan(800);
  });
});
