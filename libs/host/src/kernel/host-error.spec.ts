import { readFile } from 'node:fs/promises';
import { describe, expect, it } from '@jest/globals';
import { OvsdbError } from '../drivers/ovsdb.ts';
import { ModuleError } from '../drivers/modules.ts';
import { RdmaModeHeldError } from '../drivers/rdma-mode.ts';
import { CommandError } from './commands.ts';
import { faultOfHost, NotObservedError } from './host-error.ts';
import { EffectError, KernelBlockedError, KernelError } from './kernel.ts';
import { NotUnderstoodError } from './understand.ts';

const call = { verb: 'read', path: '/x', code: 'EIO', detail: 'no' };

describe('the fault of a host', () => {
  it.each<[string, Error]>([
    ['a refusal of the kernel', new KernelError(call)],
    ['a call without effect', new EffectError(call)],
    ['a call that hangs', new KernelBlockedError({ ...call, since: 0, waitedMs: 1, released: Promise.resolve() })],
    ['a tool that fails', new CommandError('ip link', { exitCode: 1, stderr: 'no' })],
    ['a text that makes no sense', new NotUnderstoodError('the file', 'it is cut off')],
    ['something that is not told', new NotObservedError('nothing tells it')],
    ['a refusal of Open vSwitch', new OvsdbError('no', undefined)],
    ['a module that is kept out', new ModuleError('no')],
    ['a mode that is held', new RdmaModeHeldError('exclusive', {})],
  ])('may be %s', (_, error) => {
    expect(faultOfHost(error)).toBe(error.message);
  });

  it('may be what the system says to Node.js', async () => {
    const error: unknown = await readFile('/nowhere').catch((cause: unknown) => cause);
    expect(faultOfHost(error)).toContain('ENOENT');
  });

  it.each<[string, unknown]>([
    ['a mistake', new TypeError('x is not a function')],
    ['an error that has a code and is none of the system', Object.assign(new Error('no'), { code: 'ERR_X' })],
    ['an error of nobody', new Error('no')],
    ['no error at all', undefined],
  ])('is not %s, which goes on', (_, error) => {
    expect(() => faultOfHost(error)).toThrow(error instanceof Error ? error.message : undefined);
  });
});
