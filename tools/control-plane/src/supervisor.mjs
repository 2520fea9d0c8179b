// Runs the programs of a control plane for a parent process and outlives it by a moment: when the parent ends, in
// whatever way, our standard input closes, and then the programs are killed and their folder is removed.
//
// In:  {"start": {"name", "command", "args", "log"}}   {"stop": "<name>", "signal"}   {"remove": "<file, at the end>"}
// Out: {"started": "<name>", "pid"}   {"ended": "<name>", "how": "<exit code, signal or error>"}
import { spawn } from 'node:child_process';
import { openSync, closeSync, rmSync } from 'node:fs';
import { createInterface } from 'node:readline';

const remove = [process.argv[2]];
const children = new Map();

// What a terminal or an init system sends is the parent's to answer: it closes our input.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => undefined);
// The parent may be gone before it has read our last words.
process.stdout.on('error', () => undefined);

// etcd takes settings from the environment too, and refuses those that a flag repeats.
const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('ETCD_')));

function start({ name, command, args, log }) {
  const output = openSync(log, 'a');
  const child = spawn(command, args, { stdio: ['ignore', output, output], env });
  closeSync(output);
  const end = (how) => {
    children.delete(name);
    process.stdout.write(`${JSON.stringify({ ended: name, how })}\n`);
  };
  child.once('error', (error) => end(error.message));
  child.once('exit', (code, signal) => end(signal ?? `exit code ${code}`));
  child.once('spawn', () => process.stdout.write(`${JSON.stringify({ started: name, pid: child.pid })}\n`));
  children.set(name, child);
}

const lines = createInterface({ input: process.stdin });
lines.on('line', (line) => {
  const message = JSON.parse(line);
  if (message.start) start(message.start);
  if (message.stop) children.get(message.stop)?.kill(message.signal);
  if (message.remove) remove.push(message.remove);
});
lines.on('close', async () => {
  // What the data were for is over: nobody needs etcd to say goodbye in order.
  const ends = [...children.values()].map((child) => new Promise((resolve) => child.once('exit', resolve)));
  for (const child of children.values()) child.kill('SIGKILL');
  await Promise.all(ends);
  for (const path of remove) rmSync(path, { recursive: true, force: true });
  process.exit(0);
});
