// Runs in the guest as its only service, and does what the host asks for through a virtio-serial port, which works
// whatever becomes of the guest's network.
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { openSync, read, readdirSync, readFileSync, writeSync } from 'node:fs';
import { mkdir, open, readdir, readFile, readlink } from 'node:fs/promises';
import { get } from 'node:http';
import { createInterface } from 'node:readline';
import { messageOf } from '@sriov/errors';
import { AGENT_PORT, agentCallSchema, type AgentMessage, type AgentRequest, type Ended } from './protocol.ts';

const LOGS = '/host/logs';
const children = new Map<string, ChildProcess>();

function findPort(): string {
  const folder = '/sys/class/virtio-ports';
  const name = readdirSync(folder).find((each) => readFileSync(`${folder}/${each}/name`, 'utf8').trim() === AGENT_PORT);
  if (name === undefined) throw new Error(`there is no virtio-serial port ${AGENT_PORT}`);
  return `/dev/${name}`;
}

// The kernel lets only one program open the port, and that once.
const port = openSync(findPort(), 'r+');
const say = (message: AgentMessage): void => void writeSync(port, `${JSON.stringify(message)}\n`);

function run({ command, args, timeoutMs }: Extract<AgentRequest, { op: 'run' }>): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const options = { timeout: timeoutMs, killSignal: 'SIGKILL', maxBuffer: 16 * 1024 * 1024 } as const;
    const child = execFile(command, args, options, (error, stdout, stderr) => {
      if (error && typeof error.code === 'string') reject(new Error(error.message, { cause: error }));
      else resolve({ exitCode: child.exitCode ?? 137, stdout, stderr });
    });
  });
}

/** Runs a program, sends each line that it prints, and resolves with its exit code. */
function follow(id: number, { command, args }: Extract<AgentRequest, { op: 'follow' }>): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    const lines = createInterface({ input: child.stdout });
    lines.on('line', (line) => say({ id, line }));
    child.once('error', reject);
    child.once('close', (code) => resolve(code ?? 137));
  });
}

async function start({ name, command, args }: Extract<AgentRequest, { op: 'start' }>): Promise<number> {
  await mkdir(LOGS, { recursive: true });
  const log = openSync(`${LOGS}/${name}.log`, 'a');
  // The input is never written to and stays open: some programs run until it ends.
  const child = spawn(command, args, { stdio: ['pipe', log, log] });
  child.once('error', (error) => say({ ended: { name, how: error.message } }));
  child.once('exit', (code, signal) => {
    children.delete(name);
    say({ ended: { name, how: signal ?? `exit code ${code}` } });
  });
  children.set(name, child);
  return child.pid ?? 0;
}

async function write(path: string, text: string): Promise<void> {
  const file = await open(path, 'w');
  try {
    await file.write(text);
  } finally {
    await file.close();
  }
}

function getUrl(url: string): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const request = get(url, { timeout: 10_000, agent: false }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (text: string) => (body += text));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body }));
    });
    request.once('timeout', () => request.destroy(new Error('no answer within 10 s')));
    request.once('error', reject);
  });
}

type Operation<O extends AgentRequest['op']> = (request: Extract<AgentRequest, { op: O }>, id: number) => unknown;

const operations: { readonly [O in AgentRequest['op']]: Operation<O> } = {
  run,
  follow: (request, id) => follow(id, request),
  start,
  signal: ({ name, signal }) => children.get(name)?.kill(signal) ?? false,
  read: ({ path }) => readFile(path, 'utf8'),
  list: async ({ path }) => (await readdir(path)).sort(),
  readlink: ({ path }) => readlink(path),
  write: ({ path, text }) => write(path, text),
  get: ({ url }) => getUrl(url),
};

async function answer(id: number, request: AgentRequest): Promise<unknown> {
  const operation = operations[request.op] as Operation<AgentRequest['op']>;
  return await operation(request, id);
}

function serve(line: string): void {
  const { id, ...request } = agentCallSchema.parse(JSON.parse(line));
  answer(id, request).then(
    (result) => say({ id, result: result ?? null }),
    (error: unknown) => say({ id, error: messageOf(error) }),
  );
}

let rest = '';
const buffer = Buffer.alloc(65_536);
function listen(): void {
  read(port, buffer, 0, buffer.length, null, (error, count) => {
    if (error) throw error;
    rest += buffer.toString('utf8', 0, count);
    const lines = rest.split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) if (line !== '') serve(line);
    listen();
  });
}

say({ hello: readFileSync('/proc/sys/kernel/osrelease', 'utf8').trim() });
listen();
