import { z } from 'zod';
import { LineChannel } from './line-channel.ts';
import { PendingCalls } from './pending-calls.ts';

const TIMEOUT_MS = 30_000;

/** The greeting, an answer, or an event, of which nothing is read. */
const messageSchema = z.object({
  QMP: z.unknown().optional(),
  id: z.string().optional(),
  return: z.unknown().optional(),
  error: z.object({ desc: z.string() }).optional(),
});

/** QEMU's machine protocol: what a hand at the case would do, such as pulling a card or a cable. */
export class Qmp {
  readonly #calls = new PendingCalls();
  #channel: LineChannel | undefined;

  /** Listens for QEMU at a path. */
  static async listen(path: string): Promise<Qmp> {
    const qmp = new Qmp();
    qmp.#channel = await LineChannel.listen(path, (line) => qmp.#hear(line));
    return qmp;
  }

  /** Executes a command. @throws Error with QEMU's own words */
  execute(command: string, args: Readonly<Record<string, unknown>> = {}): Promise<unknown> {
    const what = `QEMU ${command} ${JSON.stringify(args)}`;
    return this.#calls.call(what, TIMEOUT_MS, (id) =>
      this.#channel?.send({ execute: command, arguments: args, id: `${id}` }),
    );
  }

  close(): void {
    this.#channel?.close();
    this.#calls.failAll('QEMU has ended');
  }

  #hear(line: string): void {
    const message = messageSchema.parse(JSON.parse(line));
    if (message.QMP) this.#channel?.send({ execute: 'qmp_capabilities', id: '0' });
    const id = Number(message.id);
    if (message.error) this.#calls.fail(id, message.error.desc);
    else if (message.id !== undefined) this.#calls.succeed(id, message.return);
  }
}
