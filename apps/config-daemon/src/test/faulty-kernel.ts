import { type ExecResult, type Kernel, KernelBlockedError, KernelError, type RpcMethod } from '@sriov/host';

/** A call of the kernel port, by its verb and path, command line, or method of a socket with what it is asked for. */
export interface FaultyCall {
  readonly verb: 'read' | 'readlink' | 'list' | 'write' | 'exec' | 'call' | 'callJson';
  readonly path: string;
}

const FILES_AND_COMMANDS = ['read', 'readlink', 'list', 'write', 'exec'] as const;

/** What a call meets instead of what it should. */
export interface CallFault {
  readonly name: string;
  readonly verbs: readonly FaultyCall['verb'][];
  /** What a failure says of it, where it is the cause. */
  readonly told: RegExp;
  /** What comes back; throws what the call throws. */
  readonly answer: (call: FaultyCall) => unknown;
}

const refused = (code: string, verbs: CallFault['verbs'] = FILES_AND_COMMANDS): CallFault => ({
  name: code,
  verbs,
  told: new RegExp(`\\b${code}\\b`),
  answer: (call) => {
    throw new KernelError({ ...call, code });
  },
});

/** How a text that makes no sense, or a command that did nothing, is told. */
const SENSELESS = /cannot be understood|has no |does not |did not |asked for|succeeded, and|is not |does not look like/;

const printed = (name: string, result: Partial<ExecResult>, told = SENSELESS): CallFault => ({
  name,
  verbs: ['exec'],
  told,
  answer: (): ExecResult => ({ exitCode: 0, stdout: '', stderr: '', ...result }),
});

/** Megabytes of a tool that has gone mad. */
const MUCH = 'x'.repeat(10 * 1024 * 1024);

/** More results than any transaction has operations. */
const NONSENSE_ROWS = Array.from({ length: 20 }, () => ({ count: 1, rows: [{ name: 7, _uuid: null }] }));

/** Faults that any call can meet. For a command, ENOENT means that the tool is missing. */
export const FAULTS: readonly CallFault[] = [
  ...['EIO', 'EBUSY', 'EAGAIN', 'ENOMEM'].map((code) => refused(code)),
  { ...refused('ENOENT', ['exec']), name: 'a missing tool' },
  {
    name: 'a hang',
    verbs: FILES_AND_COMMANDS,
    told: /not back from the kernel since|has not come back|EBLOCKED/,
    answer: (call) => {
      throw new KernelBlockedError({ ...call, since: 0, waitedMs: 10_000, released: new Promise(() => undefined) });
    },
  },
  printed('nonsense that ends well', { stdout: 'Segmentation fault?' }),
  printed('10 MB that end well', { stdout: MUCH }),
  printed('nothing that ends well', {}),
  printed(
    'a failure with a text',
    { exitCode: 1, stderr: 'RTNETLINK answers: Input/output error' },
    /Input\/output error/,
  ),
  { name: 'nonsense in a file', verbs: ['read'], told: SENSELESS, answer: () => 'nonsense\n' },
  // What services do that hang, and that are not there (`call` and `callJson` of the kernel port).
  ...['UNAVAILABLE', 'DEADLINE_EXCEEDED'].map((code) => refused(code, ['call'])),
  ...['ECONNREFUSED', 'ETIMEDOUT', 'EPROTO'].map((code) => refused(code, ['callJson'])),
  { name: 'bytes that mean nothing', verbs: ['call'], told: SENSELESS, answer: () => Buffer.from('nonsense') },
  { name: 'an answer that means nothing', verbs: ['callJson'], told: SENSELESS, answer: () => ({ nonsense: true }) },
  { name: 'rows that mean nothing', verbs: ['callJson'], told: SENSELESS, answer: () => NONSENSE_ROWS },
];

const nameOf = ({ socket, method }: RpcMethod): string => `${socket.replace(/\.\d+\./, '.PID.')} ${method}`;

/** Without the names and numbers that the database gives out as it pleases. */
const wordsOf = (params: readonly unknown[]): string =>
  JSON.stringify(params)
    .replace(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, 'UUID')
    .replace(/"cur_cfg","<",\d+/, '"cur_cfg","<",N');

/** Which calls meet a fault, and which one. */
export interface MetFault {
  readonly isMet: (call: FaultyCall) => boolean;
  readonly with: Pick<CallFault, 'answer'>;
}

/** Lets some calls meet a fault; all others go on. Tells of each call. */
export function withFault(kernel: Kernel, onCall: (call: FaultyCall) => void, fault?: MetFault): Kernel {
  const make = async <T>(call: FaultyCall, go: () => Promise<T>): Promise<T> => {
    onCall(call);
    return fault?.isMet(call) === true ? (fault.with.answer(call) as T) : go();
  };
  return {
    ...(kernel.pod !== undefined && { pod: kernel.pod }),
    read: (path, options) => make({ verb: 'read', path }, () => kernel.read(path, options)),
    readlink: (path) => make({ verb: 'readlink', path }, () => kernel.readlink(path)),
    list: (path) => make({ verb: 'list', path }, () => kernel.list(path)),
    write: (path, value, options) => make({ verb: 'write', path }, () => kernel.write(path, value, options)),
    exec: (command, args, options) =>
      make({ verb: 'exec', path: [command, ...args].join(' ') }, () => kernel.exec(command, args, options)),
    call: (method, message, options) =>
      make({ verb: 'call', path: nameOf(method) }, () => kernel.call(method, message, options)),
    callJson: (method, params, options) =>
      make({ verb: 'callJson', path: `${nameOf(method)} ${wordsOf(params)}` }, () =>
        kernel.callJson(method, params, options),
      ),
    watch: (source, onEvent, signal) => kernel.watch(source, onEvent, signal),
  };
}
