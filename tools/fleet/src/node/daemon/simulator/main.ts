// Serves a simulated kernel on a socket, and counts what is asked of it. The parent changes the host from outside.
// Arguments: the socket, and the world as JSON.
import { createServer, type Socket } from 'node:net';
import { messageOf } from '@sriov/errors';
import { type Kernel, KernelError } from '@sriov/host';
import { parseWorld, SimulatedKernel } from '@sriov/host-sim';
import { systemClock } from '@sriov/runtime';
import type { z } from 'zod';
import { eachLine, requestSchema, type WireMessage } from '../kernel-wire.ts';
import { askSchema, type Counts } from './messages.ts';

const [socketPath = '', world = ''] = process.argv.slice(2);
const kernel = new SimulatedKernel({ world: parseWorld(JSON.parse(world)), clock: systemClock });
let counts: Counts = { calls: 0, processes: 0, writes: 0 };

const call = (verb: z.output<typeof requestSchema>['verb'], args: readonly unknown[]): Promise<unknown> => {
  counts = { ...counts, calls: counts.calls + 1, processes: counts.processes + (verb === 'exec' ? 1 : 0) };
  const method = kernel[verb].bind(kernel) as (...words: unknown[]) => Promise<unknown>;
  // A message is what the simulated services do not read.
  return method(...args.map((arg) => arg ?? undefined));
};

async function answer(socket: Socket, line: string): Promise<void> {
  const { id, verb, args } = requestSchema.parse(JSON.parse(line));
  const message = await call(verb, args).then(
    (result): WireMessage => ({ id, result: result instanceof Uint8Array ? [...result] : (result ?? null) }),
    (error: unknown): WireMessage => {
      if (!(error instanceof KernelError)) return { id, error: { verb, path: messageOf(error), code: 'EIO' } };
      return { id, error: { verb, path: error.path, code: error.code } };
    },
  );
  if (!socket.destroyed) socket.write(`${JSON.stringify(message)}\n`);
}

createServer((socket) => {
  eachLine(socket, (line) => void answer(socket, line));
  socket.on('error', () => undefined);
  const tell = (event: Parameters<Parameters<Kernel['watch']>[1]>[0]): void => {
    const message: WireMessage = { event };
    if (!socket.destroyed) socket.write(`${JSON.stringify(message)}\n`);
  };
  for (const kind of ['link', 'device', 'pod', 'ovs'] as const)
    void kernel.watch(kind, tell, new AbortController().signal);
}).listen(socketPath, () => process.send?.('ready'));

process.on('message', (message) => {
  const ask = askSchema.parse(message);
  void (async () => {
    if (ask.ask === 'count') {
      process.send?.({ ...counts, writes: kernel.state.writes });
      return;
    }
    if (ask.ask === 'write') await kernel.write(ask.path, ask.value);
    else await kernel.exec(ask.command, ask.args);
    process.send?.('done');
  })();
});
process.on('disconnect', () => process.exit());
