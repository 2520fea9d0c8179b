import { type ExecResult, type Kernel, KernelBlockedError, KernelError } from '@sriov/host';

/** A call of the kernel port, by its verb and path or command line. */
export interface FaultyCall {
  readonly verb: 'read' | 'readlink' | 'list' | 'write' | 'exec';
  readonly path: string;
}

/** What a call meets instead of what it should. */
export interface CallFault {
  readonly name: string;
  readonly verbs: readonly FaultyCall['verb'][];
  /** What comes back; throws what the call throws. */
  readonly answer: (call: FaultyCall) => unknown;
}

const refused = (code: string): CallFault => ({
  name: code,
  verbs: ['read', 'readlink', 'list', 'write', 'exec'],
  answer: (call) => {
    throw new KernelError({ ...call, code });
  },
});

const printed = (name: string, result: Partial<ExecResult>): CallFault => ({
  name,
  verbs: ['exec'],
  answer: (): ExecResult => ({ exitCode: 0, stdout: '', stderr: '', ...result }),
});

/** Megabytes of a tool that has gone mad. */
const MUCH = 'x'.repeat(10 * 1024 * 1024);

/** Faults that any call can meet. For a command, ENOENT means that the tool is missing. */
export const FAULTS: readonly CallFault[] = [
  ...['EIO', 'EBUSY', 'EAGAIN', 'ENOMEM'].map(refused),
  { ...refused('ENOENT'), name: 'a missing tool', verbs: ['exec'] },
  {
    name: 'a hang',
    verbs: ['read', 'readlink', 'list', 'write', 'exec'],
    answer: (call) => {
      throw new KernelBlockedError({ ...call, since: 0, waitedMs: 10_000, released: new Promise(() => undefined) });
    },
  },
  printed('nonsense that ends well', { stdout: 'Segmentation fault?' }),
  printed('10 MB that end well', { stdout: MUCH }),
  printed('nothing that ends well', {}),
  printed('a failure with a text', { exitCode: 1, stderr: 'RTNETLINK answers: Input/output error' }),
];

/** Makes `answer` of calls like `fault` says; all others go on. Tells of each call. */
export function withFault(
  kernel: Kernel,
  onCall: (call: FaultyCall) => void,
  fault?: { readonly call: FaultyCall; readonly with: CallFault },
): Kernel {
  const make = async <T>(call: FaultyCall, go: () => Promise<T>): Promise<T> => {
    onCall(call);
    const isMet = fault?.call.verb === call.verb && fault.call.path === call.path;
    return isMet ? (fault.with.answer(call) as T) : go();
  };
  return {
    ...(kernel.pod !== undefined && { pod: kernel.pod }),
    read: (path, options) => make({ verb: 'read', path }, () => kernel.read(path, options)),
    readlink: (path) => make({ verb: 'readlink', path }, () => kernel.readlink(path)),
    list: (path) => make({ verb: 'list', path }, () => kernel.list(path)),
    write: (path, value, options) => make({ verb: 'write', path }, () => kernel.write(path, value, options)),
    exec: (command, args, options) =>
      make({ verb: 'exec', path: [command, ...args].join(' ') }, () => kernel.exec(command, args, options)),
    call: (method, message, options) => kernel.call(method, message, options),
    callJson: (method, params, options) => kernel.callJson(method, params, options),
    watch: (source, onEvent, signal) => kernel.watch(source, onEvent, signal),
  };
}
