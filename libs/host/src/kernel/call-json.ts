import { createConnection } from 'node:net';
import { messageOf } from '@sriov/errors';
import { z } from 'zod';
import { JsonMessages, MAX_MESSAGE } from './json-messages.ts';
import { CALL_DEADLINE_MS, type CallOptions, KernelError, type RpcMethod } from './kernel.ts';
import { firstCharacters } from './understand.ts';

/** One connection carries one request. */
const REQUEST_ID = 0;

/** What a server of JSON-RPC 1.0 sends: answers have a result or an error, requests of its own a method. */
const messageSchema = z.object({
  id: z.unknown().optional(),
  method: z.string().optional(),
  result: z.unknown().optional(),
  error: z.unknown().optional(),
});

/**
 * Calls a method of a JSON-RPC 1.0 server on a unix socket, on a connection of its own. The socket is that of
 * `realSocket`; errors name that of the method.
 * @throws {KernelError}
 */
export function callJsonRpc(
  method: RpcMethod & { readonly realSocket: string },
  params: readonly unknown[],
  { deadlineMs = CALL_DEADLINE_MS }: CallOptions,
): Promise<unknown> {
  const path = `${method.socket} ${method.method}`;
  const failed = (code: string, detail?: string): KernelError =>
    new KernelError({ verb: 'call', path, code, ...(detail !== undefined && { detail }) });
  return new Promise((resolve, reject) => {
    const messages = new JsonMessages();
    const socket = createConnection({ path: method.realSocket }).setEncoding('utf8');
    const timer = setTimeout(() => end(failed('ETIMEDOUT', `no answer after ${deadlineMs} ms`)), deadlineMs);
    const end = (error: KernelError | undefined, result?: unknown): void => {
      clearTimeout(timer);
      socket.destroy();
      if (error) reject(error);
      else resolve(result);
    };
    const takeIn = (text: string): void => {
      const [answer] = messages.push(text).flatMap((each) => readAnswer(each) ?? []);
      if (answer === undefined) {
        if (messages.pending > MAX_MESSAGE) end(failed('EPROTO', `the answer has more than ${MAX_MESSAGE} characters`));
      } else if ('fault' in answer) end(failed('EPROTO', answer.fault));
      else end(undefined, answer.result);
    };
    socket.on('data', (data) => takeIn(String(data)));
    socket.once('error', (cause: NodeJS.ErrnoException) => end(failed(cause.code ?? 'EIO', messageOf(cause))));
    socket.once('close', () => end(failed('EPIPE', 'the connection was closed before the answer')));
    socket.write(JSON.stringify({ id: REQUEST_ID, method: method.method, params }));
  });
}

/** The answer to our request; nothing for whatever else the server has to say. */
function readAnswer(text: string): { readonly result: unknown } | { readonly fault: string } | undefined {
  const message = readMessage(text);
  if (message === undefined) return { fault: 'what came is not JSON-RPC' };
  const { id, method, result, error = null } = message;
  if (id !== REQUEST_ID || method !== undefined) return undefined;
  return error === null ? { result } : { fault: `the answer is an error: ${textOf(error)}` };
}

/** Short, because a server may say anything. What is too deep for a text must not end the daemon. */
function textOf(error: unknown): string {
  try {
    return firstCharacters(JSON.stringify(error));
  } catch {
    return 'one that cannot be written down';
  }
}

function readMessage(text: string): z.output<typeof messageSchema> | undefined {
  try {
    return messageSchema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}
