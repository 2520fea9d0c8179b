import {
  EXEC_DEADLINE_MS,
  type ExecOptions,
  type ExecResult,
  type Kernel,
  KernelBlockedError,
  KernelError,
} from '../kernel/kernel.ts';

/** What gathers changes of links. */
export interface LinkBatchOptions {
  readonly kernel: Kernel;
  readonly sleep: (ms: number, signal?: AbortSignal) => Promise<void>;
  /** How many come that have a change each: when all have named it, or left, nobody is waited for any more. */
  readonly members: number;
}

/** Longest wait for the changes of others, in milliseconds. */
const GATHER_MS = 1_000;
/** How much longer a process may run for each further line: a driver may reset its device for one. */
const LINE_MS = 1_000;

interface Line {
  readonly words: readonly string[];
  readonly deadlineMs: number;
  readonly resolve: (result: ExecResult) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Has one process of `ip` make the changes that come close together: a process for each costs more than the change.
 * Each caller gets the exit code and the error of its own line, as if it had run alone.
 */
export class LinkBatch {
  /** The kernel, with `ip link set` gathered. */
  readonly kernel: Kernel;
  readonly #options: LinkBatchOptions;
  #members: number;
  #waiting: Line[] = [];
  #window: AbortController | undefined;

  constructor(options: LinkBatchOptions) {
    this.#options = options;
    this.#members = options.members;
    this.kernel = withExec(options.kernel, (command, args, rest) => this.#exec(command, args, rest));
  }

  /** One who has no change, or no more. */
  leave(): void {
    this.#members -= 1;
    this.#consider();
  }

  #exec(command: string, args: readonly string[], options: ExecOptions = {}): Promise<ExecResult> {
    if (!isLine(command, args)) return this.#options.kernel.exec(command, args, options);
    const { deadlineMs = EXEC_DEADLINE_MS } = options;
    return new Promise((resolve, reject) => {
      this.#waiting.push({ words: args, deadlineMs, resolve, reject });
      this.#consider();
    });
  }

  #consider(): void {
    if (this.#waiting.length === 0) return;
    if (this.#waiting.length >= this.#members) this.#flush();
    else if (this.#window === undefined) {
      const window = new AbortController();
      this.#window = window;
      void this.#options.sleep(GATHER_MS, window.signal).then(() => window.signal.aborted || this.#flush());
    }
  }

  #flush(): void {
    this.#window?.abort();
    this.#window = undefined;
    const lines = this.#waiting;
    this.#waiting = [];
    void runLines(this.#options.kernel, lines);
  }
}

/** `ip` splits lines at blanks, and takes quotes, backslashes and `#` for more than letters (makeargs in lib/utils.c). */
function isLine(command: string, args: readonly string[]): boolean {
  return command === 'ip' && args[0] === 'link' && args[1] === 'set' && args.every((word) => /^[\w:.@+-]+$/.test(word));
}

/** Runs lines, and tells each how it went. Never rejects. */
async function runLines(kernel: Kernel, lines: readonly Line[]): Promise<void> {
  const [first] = lines;
  if (lines.length === 1 && first !== undefined) return runAlone(kernel, first);
  const input = lines.map(({ words }) => `${words.join(' ')}\n`).join('');
  const deadlineMs = Math.max(...lines.map((line) => line.deadlineMs)) + (lines.length - 1) * LINE_MS;
  try {
    const result = await kernel.exec('ip', ['-force', '-batch', '-'], { input, deadlineMs });
    const failures = readFailures(result.stderr);
    const isComplete = result.exitCode === 0 || (result.exitCode === 1 && failures.size > 0);
    for (const [index, line] of lines.entries()) {
      const stderr = failures.get(index + 1);
      if (stderr !== undefined) line.resolve({ exitCode: LINE_FAILED, stdout: '', stderr });
      else if (isComplete) line.resolve({ exitCode: 0, stdout: '', stderr: '' });
      // A line that `ip` cannot read ends it: those that follow were not tried.
      else await runAlone(kernel, line);
    }
  } catch (error) {
    for (const line of lines) line.reject(errorOf(line, error));
  }
}

/** What `ip` exits with when the kernel refuses a change. */
const LINE_FAILED = 2;

async function runAlone(kernel: Kernel, { words, deadlineMs, resolve, reject }: Line): Promise<void> {
  try {
    resolve(await kernel.exec('ip', words, { deadlineMs }));
  } catch (error) {
    reject(error);
  }
}

/** What was printed for the lines that failed, by their number from 1: `do_batch` in lib/utils.c names each after it. */
function readFailures(stderr: string): Map<number, string> {
  const failures = new Map<number, string>();
  let said = '';
  for (const line of stderr.split('\n')) {
    const number = /^Command failed -:(\d+)$/.exec(line)?.[1];
    if (number === undefined) said += `${line}\n`;
    else {
      failures.set(Number(number), said);
      said = '';
    }
  }
  return failures;
}

/** The error with the caller's own words: nobody has asked for a batch. */
function errorOf({ words }: Line, error: unknown): unknown {
  if (!(error instanceof KernelError)) return error;
  const path = ['ip', ...words].join(' ');
  if (error instanceof KernelBlockedError) {
    const { verb, since, waitedMs, released } = error;
    return new KernelBlockedError({ verb, path, since, waitedMs, released });
  }
  const own = new KernelError({ verb: 'exec', path, code: error.code });
  own.cause = error;
  return own;
}

function withExec(kernel: Kernel, exec: Kernel['exec']): Kernel {
  return {
    ...(kernel.pod !== undefined && { pod: kernel.pod }),
    exec,
    read: (path, options) => kernel.read(path, options),
    write: (path, value, options) => kernel.write(path, value, options),
    readlink: (path) => kernel.readlink(path),
    list: (path) => kernel.list(path),
    call: (method, message, options) => kernel.call(method, message, options),
    callJson: (method, params, options) => kernel.callJson(method, params, options),
    watch: (source, onEvent, signal) => kernel.watch(source, onEvent, signal),
  };
}
