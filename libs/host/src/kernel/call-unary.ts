import { Client, credentials, type ServiceError, status } from '@grpc/grpc-js';
import { type CallOptions, KernelError, type RpcMethod } from './kernel.ts';

const DEFAULT_DEADLINE_MS = 5_000;
/** A node with many pods and devices fills a few megabytes; the default of gRPC is 4. */
const MAX_ANSWER = 16 * 1024 * 1024;

/**
 * Calls a gRPC method on a unix socket, on a connection of its own.
 * @throws {KernelError} with the status of gRPC as its code
 */
export function callUnary(
  { socket, method }: RpcMethod,
  message: Uint8Array,
  { deadlineMs = DEFAULT_DEADLINE_MS }: CallOptions,
): Promise<Uint8Array> {
  const client = new Client(`unix:${socket}`, credentials.createInsecure(), {
    'grpc.max_receive_message_length': MAX_ANSWER,
  });
  return new Promise<Uint8Array>((resolve, reject) => {
    const onAnswer = (error: ServiceError | null, answer?: Uint8Array): void => {
      if (error === null && answer !== undefined) {
        resolve(answer);
        return;
      }
      const names: Readonly<Record<number, string>> = status;
      const code = names[error?.code ?? status.UNKNOWN] ?? 'UNKNOWN';
      const detail = error?.details || 'no answer';
      reject(new KernelError({ verb: 'call', path: `${socket} ${method}`, code, detail }));
    };
    const deadline = new Date(Date.now() + deadlineMs);
    client.makeUnaryRequest(method, (bytes: Uint8Array) => Buffer.from(bytes), asIs, message, { deadline }, onAnswer);
  }).finally(() => client.close());
}

function asIs(bytes: Buffer): Uint8Array {
  return bytes;
}
