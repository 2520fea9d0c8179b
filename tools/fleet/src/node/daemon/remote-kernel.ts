import { connect, type Socket } from 'node:net';
import {
  type CallOptions,
  type ExecOptions,
  type ExecResult,
  type Kernel,
  KernelError,
  type KernelEvent,
  type ReadOptions,
  type RpcMethod,
} from '@sriov/host';
import { answerSchema, type CALLS, eachLine, type WireMessage } from './kernel-wire.ts';

type Verb = (typeof CALLS)[number];

interface Pending {
  readonly verb: Verb;
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: Error) => void;
}

/** A kernel in another process, so that the time and memory of a simulated one are not those of who is measured. */
export class RemoteKernel implements Kernel {
  readonly #socket: Socket;
  readonly #pending = new Map<number, Pending>();
  readonly #watchers = new Set<(event: KernelEvent) => void>();
  #calls = 0;

  constructor(socketPath: string) {
    this.#socket = connect(socketPath);
    eachLine(this.#socket, (line) => this.#hear(line));
  }

  read(path: string, options?: ReadOptions): Promise<string> {
    return this.#call('read', [path, options]) as Promise<string>;
  }

  async write(path: string, value: string, options?: CallOptions): Promise<void> {
    await this.#call('write', [path, value, options]);
  }

  readlink(path: string): Promise<string> {
    return this.#call('readlink', [path]) as Promise<string>;
  }

  list(path: string): Promise<string[]> {
    return this.#call('list', [path]) as Promise<string[]>;
  }

  exec(command: string, args: readonly string[], options?: ExecOptions): Promise<ExecResult> {
    return this.#call('exec', [command, args, options]) as Promise<ExecResult>;
  }

  async call(method: RpcMethod, message: Uint8Array, options?: CallOptions): Promise<Uint8Array> {
    return Uint8Array.from((await this.#call('call', [method, [...message], options])) as number[]);
  }

  callJson(method: RpcMethod, params: readonly unknown[], options?: CallOptions): Promise<unknown> {
    return this.#call('callJson', [method, params, options]);
  }

  async watch(source: KernelEvent['kind'], onEvent: (event: KernelEvent) => void, signal: AbortSignal): Promise<void> {
    const watcher = (event: KernelEvent): void => {
      if (event.kind === source) onEvent(event);
    };
    this.#watchers.add(watcher);
    await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
    this.#watchers.delete(watcher);
  }

  #call(verb: Verb, args: readonly unknown[]): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const id = (this.#calls += 1);
      this.#pending.set(id, { verb, resolve, reject });
      const message: WireMessage = { id, verb, args: [...args] };
      this.#socket.write(`${JSON.stringify(message)}\n`);
    });
  }

  #hear(line: string): void {
    const message = answerSchema.parse(JSON.parse(line));
    if ('event' in message) {
      const { kind, name } = message.event;
      for (const watcher of this.#watchers) watcher({ kind, ...(name !== undefined && { name }) });
      return;
    }
    const pending = this.#pending.get(message.id);
    this.#pending.delete(message.id);
    if ('error' in message) pending?.reject(new KernelError(message.error));
    else pending?.resolve(message.result);
  }
}
