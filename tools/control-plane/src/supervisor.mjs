// Runs the programs of a control plane for a parent process and outlives it by a moment: when the parent ends, in
// whatever way, our standard input closes, and then the programs are stopped and their folder is removed.
//
// In:  {"start": {"name", "command", "args", "log"}}   {"stop": "<name>"}
// Out: {"ended": "<name>", "code": <exit code or null>}
import { spawn } from 'node:child_process';
import { openSync, rmSync } from 'node:fs';
import { createInterface } from 'node:readline';

const folder = process.argv[2];
const children = new Map();

// Ctrl-C in a terminal reaches the whole group: the parent decides what it means, and closes our input.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => undefined);
// The parent may be gone before it has read our last words.
process.stdout.on('error', () => undefined);

const say = (event) => process.stdout.write(`${JSON.stringify(event)}\n`);

function start({ name, command, args, log }) {
  const output = openSync(log, 'a');
  const child = spawn(command, args, { stdio: ['ignore', output, output], detached: true });
  const end = (code) => {
    children.delete(name);
    say({ ended: name, code });
  };
  child.once('error', () => end(null));
  child.once('exit', end);
  children.set(name, child);
}

/** SIGTERM, and SIGKILL when that was not enough. */
async function stop(name) {
  const child = children.get(name);
  if (child === undefined) return;
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), 5_000);
  await ended;
  clearTimeout(timer);
}

const lines = createInterface({ input: process.stdin });
lines.on('line', (line) => {
  const message = JSON.parse(line);
  if (message.start) start(message.start);
  if (message.stop) void stop(message.stop);
});
lines.on('close', async () => {
  // What the data were for is over: nobody needs etcd to say goodbye in order.
  for (const child of children.values()) child.kill('SIGKILL');
  await Promise.all([...children.values()].map((child) => new Promise((resolve) => child.once('exit', resolve))));
  rmSync(folder, { recursive: true, force: true });
  process.exit(0);
});
