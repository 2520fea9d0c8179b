import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { HostKernel } from './host-kernel.ts';
import { KernelError } from './kernel.ts';

const METHOD = { socket: '/a.sock', method: 'transact' };

let root: string;
let server: Server | undefined;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'call-json-'));
});
afterEach(() => {
  server?.close();
  server = undefined;
  rmSync(root, { recursive: true, force: true });
});

/** A server that says the texts as soon as it is asked, and closes the connection if it is told so. */
async function answerWith(
  texts: readonly (string | Buffer)[],
  isClosed = false,
): Promise<{ readonly asked: string[] }> {
  const asked: string[] = [];
  const next = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.once('data', (data) => {
      asked.push(String(data));
      for (const text of texts) socket.write(text);
      if (isClosed) socket.end();
    });
  });
  server?.close();
  rmSync(join(root, 'a.sock'), { force: true });
  server = next;
  await new Promise<void>((resolve) => next.listen(join(root, 'a.sock'), resolve));
  return { asked };
}

const call = (deadlineMs = 5_000): Promise<unknown> =>
  new HostKernel({ hostRoot: root }).callJson(METHOD, ['db', { op: 'select' }], { deadlineMs });

describe('a call of JSON-RPC', () => {
  it('resolves with the result, whatever the server says beside it', async () => {
    const echo = '{"id":"echo","method":"echo","params":[]}';
    const { asked } = await answerWith([
      `${echo}{"id":7,"result":1,"error":null}{"id":0,"res`,
      'ult":{"a":[1]},"error":null}',
    ]);
    expect(await call()).toEqual({ a: [1] });
    expect(asked).toEqual(['{"id":0,"method":"transact","params":["db",{"op":"select"}]}']);
  });

  it.each<[string, readonly string[], object]>([
    [
      'an error',
      ['{"id":0,"result":null,"error":"unknown database"}'],
      { code: 'EPROTO', message: expect.stringContaining('unknown database') },
    ],
    [
      'an error so deep that it cannot be written down',
      [`{"id":0,"result":null,"error":${'['.repeat(100_000)}${']'.repeat(100_000)}}`],
      { code: 'EPROTO' },
    ],
    ['what is no JSON', ['{what}'], { code: 'EPROTO' }],
    ['nothing, and closes the connection', [], { code: 'EPIPE' }],
  ])('fails when the server says %s', async (_, texts, error) => {
    await answerWith(texts, texts.length === 0);
    await expect(call()).rejects.toMatchObject({ path: '/a.sock transact', ...error });
  });

  it('takes an answer of 10 MB, and fails at one that is longer than any, with the bound', async () => {
    const result = 'x'.repeat(10 * 1024 * 1024);
    await answerWith([`{"id":0,"error":null,"result":"${result}"}`]);
    expect(await call()).toBe(result);
    await answerWith([`{"id":0,"error":null,"result":"${result}`, result]);
    await expect(call()).rejects.toMatchObject({
      code: 'EPROTO',
      message: expect.stringContaining('the answer has more than 16777216 characters'),
    });
  });

  it('fails when nobody has made the socket, nobody listens, or nobody answers', async () => {
    await expect(call()).rejects.toMatchObject({ code: 'ENOENT' });
    await answerWith([]);
    await expect(call(20)).rejects.toMatchObject({ code: 'ETIMEDOUT' });
  });

  it('resolves or fails with an error of the kernel, whatever comes', async () => {
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.json(), fc.string(), fc.constant('{"id":0}')), async (text) => {
        await answerWith([text], true);
        const end = await call().catch((error: unknown) => error);
        if (end instanceof Error) expect(end).toBeInstanceOf(KernelError);
      }),
      { numRuns: 50 },
    );
  });
});
