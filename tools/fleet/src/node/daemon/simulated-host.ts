import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { DRIVER, type HostSize, pfAddress, pfName } from '../fixture-host.ts';
import { type Ask, type Counts, countsSchema } from './simulator/messages.ts';

/** The world of so many PFs, with the times of their model. */
function worldOf({ pfs, vfs }: HostSize): object {
  const nics = Array.from({ length: pfs }, (_, index) => ({
    ...{ model: 'mlx5', address: pfAddress(index), name: pfName(index), up: true, totalVfs: vfs, numaNode: index % 2 },
    ...{ mac: `b8:59:9f:00:00:${(0x10 + index).toString(16)}`, bridge: `0000:${(0x80 + index).toString(16)}:00.0` },
  }));
  return { latency: 'realistic', modules: [DRIVER], nics };
}

/** A simulated host in a process of its own. */
export class SimulatedHost {
  readonly socket: string;
  readonly #child: ChildProcess;

  private constructor(socket: string, child: ChildProcess) {
    this.socket = socket;
    this.#child = child;
  }

  /** Starts it. @param folder where its socket is to be */
  static async start(folder: string, size: HostSize): Promise<SimulatedHost> {
    const socket = join(folder, 'kernel.sock');
    const world = JSON.stringify(worldOf(size));
    const child = fork(join(import.meta.dirname, 'simulator/main.ts'), [socket, world], {
      execArgv: ['--import', 'tsx'],
    });
    await once(child, 'message');
    return new SimulatedHost(socket, child);
  }

  async counts(): Promise<Counts> {
    return countsSchema.parse(await this.#ask({ ask: 'count' }));
  }

  /** Changes the host from outside. */
  async change(ask: Exclude<Ask, { ask: 'count' }>): Promise<void> {
    await this.#ask(ask);
  }

  stop(): void {
    this.#child.kill();
  }

  async #ask(ask: Ask): Promise<unknown> {
    const answer = once(this.#child, 'message');
    this.#child.send(ask);
    return (await answer)[0];
  }
}
