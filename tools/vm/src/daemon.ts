import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { NODE } from './cluster.ts';
import { type Guest } from './machine/guest.ts';
import { until } from './until.ts';

const PORT = 8081;
const NAME = 'config-daemon';

/** A line of the daemon's log. */
const logLineSchema = z.record(z.string(), z.unknown());

/** What differs from one daemon to the next. */
export interface DaemonOptions {
  /** Folder of the guest for what must survive; on the share it survives a reboot as well. */
  readonly stateFolder?: string;
}

/** The bundled config daemon in a guest. */
export class Daemon {
  readonly #guest: Guest;
  readonly #options: DaemonOptions;

  private constructor(guest: Guest, options: DaemonOptions) {
    this.#guest = guest;
    this.#options = options;
  }

  /** Starts it. */
  static async start(guest: Guest, kubeconfig: string, options: DaemonOptions = {}): Promise<Daemon> {
    await writeFile(join(guest.share, 'kubeconfig'), kubeconfig, { mode: 0o600 });
    const daemon = new Daemon(guest, options);
    await daemon.restart();
    return daemon;
  }

  /** Starts it again, after it was killed or the guest was restarted. */
  async restart(): Promise<void> {
    const { stateFolder = '/host/state' } = this.#options;
    await this.#guest.start(NAME, 'node', [
      '/host/programs/config-daemon.mjs',
      ...['--kubeconfig', '/host/kubeconfig', '--node-name', NODE, '--host-root', '/', '--state-folder', stateFolder],
      ...['--listen', `:${PORT}`, '--log-level', 'debug'],
    ]);
  }

  /** Ends it without a warning. */
  async kill(): Promise<void> {
    await this.#guest.stop(NAME, 'SIGKILL');
  }

  /** Asks it to end, and resolves with how it did. */
  stop(): Promise<string> {
    return this.#guest.stop(NAME, 'SIGTERM');
  }

  /** Its answer to a liveness probe. */
  async isAlive(): Promise<boolean> {
    return (await this.#guest.get(`http://127.0.0.1:${PORT}/livez`)).status === 200;
  }

  /** Waits until it has looked at the host and the spec, and come to an end with it. */
  async untilReconciled(): Promise<void> {
    const done = /^sriov_reconcile_total\{controller="node",outcome="done"\} [1-9]/m;
    await until('the daemon has reconciled', async () => {
      const { body } = await this.#guest.get(`http://127.0.0.1:${PORT}/metrics`);
      return done.test(body);
    });
  }

  /** Its log lines, the newest last. */
  async log(): Promise<Record<string, unknown>[]> {
    const text = await this.#guest.log(NAME);
    return text
      .split('\n')
      .filter((line) => line.startsWith('{'))
      .map((line) => logLineSchema.parse(JSON.parse(line)));
  }

  /** How often it has begun to change the host. */
  async changes(): Promise<number> {
    return (await this.log()).filter(({ msg }) => msg === 'changing the host').length;
  }
}
