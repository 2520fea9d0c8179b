import {
  type CallOptions,
  type ExecOptions,
  type ExecResult,
  type Kernel,
  KernelError,
  type RpcMethod,
} from '../kernel/kernel.ts';

/** A host that is no more than what a test writes down. */
export class TestKernel implements Kernel {
  /** Content of files, and targets of links behind `->`. An errno in brackets, `[EIO]`, is what reading says. */
  readonly files: Map<string, string>;
  /** Output of commands by command line. An errno in brackets is what running says, `!` an exit code other than 0. */
  readonly commands: Map<string, string>;
  /** Writes as `path = value` and commands that were run, in order. */
  readonly done: string[] = [];
  /** How long a write, by its path, or a command, by its line, may take at most, where the caller says so. */
  readonly deadlines = new Map<string, number>();
  /** Answers of gRPC methods by socket and method, such as `/run/x.sock /v1.Service/List`. */
  readonly answers = new Map<string, Uint8Array>();
  /** Answers of JSON-RPC methods, likewise. */
  readonly jsonAnswers = new Map<string, unknown>();
  pod?: string;
  /** Called after each write. */
  onWrite: (path: string, value: string) => void = () => undefined;
  /** Called with the line of each command. */
  onExec: (line: string) => void = () => undefined;

  constructor(host: { readonly files?: Record<string, string>; readonly commands?: Record<string, string> }) {
    this.files = new Map(Object.entries(host.files ?? {}));
    this.commands = new Map(Object.entries(host.commands ?? {}));
  }

  async read(path: string): Promise<string> {
    const text = this.#find('read', path);
    if (text.startsWith('->')) throw new KernelError({ verb: 'read', path, code: 'EISDIR' });
    return Promise.resolve(`${text}\n`);
  }

  async readlink(path: string): Promise<string> {
    const text = this.#find('readlink', path);
    if (!text.startsWith('->')) throw new KernelError({ verb: 'readlink', path, code: 'EINVAL' });
    return Promise.resolve(text.slice(2));
  }

  async write(path: string, value: string, { deadlineMs }: CallOptions = {}): Promise<void> {
    if (deadlineMs !== undefined) this.deadlines.set(path, deadlineMs);
    this.done.push(`${path} = ${JSON.stringify(value).slice(1, -1)}`);
    this.#find('write', path);
    this.onWrite(path, value);
    return Promise.resolve();
  }

  async list(path: string): Promise<string[]> {
    const below = [...this.files.keys()].filter((name) => name.startsWith(`${path}/`));
    throwErrno(this.files.get(path) ?? '', { verb: 'list', path });
    if (below.length === 0) throw new KernelError({ verb: 'list', path, code: 'ENOENT' });
    const names = below.map((name) => name.slice(path.length + 1).split('/')[0] ?? '');
    // A path that ends in a slash makes a folder without anything in it.
    return Promise.resolve([...new Set(names.filter((name) => name !== ''))].sort());
  }

  async call({ socket, method }: RpcMethod): Promise<Uint8Array> {
    const line = `${socket} ${method}`;
    const answer = this.answers.get(line);
    if (answer === undefined) throw new KernelError({ verb: 'call', path: line, code: 'UNAVAILABLE' });
    return Promise.resolve(answer);
  }

  callJson({ socket, method }: RpcMethod): Promise<unknown> {
    const path = `${socket} ${method}`;
    if (!this.jsonAnswers.has(path)) return Promise.reject(new KernelError({ verb: 'call', path, code: 'ENOENT' }));
    return Promise.resolve(this.jsonAnswers.get(path));
  }

  async exec(command: string, args: readonly string[], { deadlineMs }: ExecOptions = {}): Promise<ExecResult> {
    const line = [command, ...args].join(' ');
    if (deadlineMs !== undefined) this.deadlines.set(line, deadlineMs);
    this.done.push(line);
    const output = this.commands.get(line) ?? '[ENOENT]';
    throwErrno(output, { verb: 'exec', path: line });
    this.onExec(line);
    return Promise.resolve(
      output.startsWith('!')
        ? { exitCode: 1, stdout: '', stderr: `${output.slice(1)}\n` }
        : { exitCode: 0, stdout: output, stderr: '' },
    );
  }

  watch(): Promise<void> {
    return Promise.resolve();
  }

  #find(verb: string, path: string): string {
    const text = this.files.get(path) ?? '[ENOENT]';
    throwErrno(text, { verb, path });
    return text;
  }
}

function throwErrno(text: string, call: { readonly verb: string; readonly path: string }): void {
  const code = /^\[(E[A-Z]+)\]$/.exec(text)?.[1];
  if (code !== undefined) throw new KernelError({ ...call, code });
}
