import { mkdtempSync } from 'node:fs';
import { copyFile, cp, mkdir, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Supervisor } from '@sriov/control-plane';
import { messageOf } from '@sriov/errors';
import { agentMessageSchema, type AgentRequest, type Ended } from '../guest/protocol.ts';
import { type Supplies } from '../supplies/supplies.ts';
import { LineChannel } from './line-channel.ts';
import { PendingCalls } from './pending-calls.ts';
import { type Firmware, type Machine, qemuCommand, USUAL_FIRMWARE } from './qemu-command.ts';
import { Qmp } from './qmp.ts';

/** An emulated machine takes 5 s to boot alone, and much longer when others work on the same processors. */
const BOOT_MS = 60_000;
/**
 * Now and then an emulated machine that gets too little time hangs early in its boot, and boots well the next time.
 * Each attempt gets longer than the one before, because all of them may have been on their way on a busy machine.
 */
const BOOT_ATTEMPTS = 3;
const CALL_MS = 60_000;
/** Longest run of a program that prints what it does. */
const FOLLOW_MS = 600_000;
/** A guest that nobody ended by then is ended. */
const LIFE_MS = 45 * 60_000;

/** How a guest is booted, where it is not the usual one. */
export interface BootOptions {
  readonly initramfs: string;
  /** In MiB. */
  readonly memory: number;
  /** Each writes a raw image of a disk to a path; what the guest changes there goes with the guest. */
  readonly disks: readonly ((path: string) => Promise<void>)[];
}

/** In MiB: the root of the usual guest is in its memory. */
const MEMORY = 640;

/** A running guest, as the tests drive it. */
export class Guest {
  readonly #folder: string;
  readonly #supervisor: Supervisor;
  readonly #calls = new PendingCalls();
  readonly #exits = new Map<string, (how: string) => void>();
  readonly #lines = new Map<number, (line: string) => void>();
  #agent: LineChannel | undefined;
  #qmp: Qmp | undefined;
  /** Starts the machine with another firmware than it had. */
  #start: (firmware: Firmware) => void = () => undefined;
  #life: NodeJS.Timeout | undefined;
  #onHello: () => void = () => undefined;
  #onFailure: (reason: string) => void = () => undefined;
  /** Set when the guest or QEMU ended, or booted, and nobody had asked for it. */
  #failure: string | undefined;
  #isExpectingBoot = false;

  private constructor(folder: string) {
    this.#folder = folder;
    this.#supervisor = new Supervisor(folder, ({ how }) => this.#fail(`QEMU ended (${how})`));
  }

  /**
   * Boots a guest that has the files of `programs` in /host/programs. QEMU's threads race now and then while the guest
   * lays out its devices (an assertion in system/physmem.c ends it): another QEMU is started then.
   * @throws Error with the end of its console
   */
  static async boot(supplies: Supplies, programs: string, options?: BootOptions): Promise<Guest> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await Guest.#bootOnce(supplies, programs, options);
      } catch (error) {
        if (attempt === BOOT_ATTEMPTS || !/QEMU ended \(SIGABRT\)/.test(messageOf(error))) throw error;
      }
    }
  }

  static async #bootOnce(supplies: Supplies, programs: string, options?: BootOptions): Promise<Guest> {
    const folder = mkdtempSync(join(tmpdir(), 'sriov-vm-'));
    const guest = new Guest(folder);
    try {
      await cp(programs, join(folder, 'share/programs'), { recursive: true });
      guest.#agent = await LineChannel.listen(join(folder, 'agent.sock'), (line) => guest.#hear(line));
      guest.#qmp = await Qmp.listen(join(folder, 'qmp.sock'));
      const machine = await guest.#prepare(supplies, options);
      guest.#life = setTimeout(() => guest.#fail(`still there after ${LIFE_MS / 1000} s`), LIFE_MS);
      guest.#start = (firmware) => {
        guest.#supervisor.start({ name: 'console', ...qemuCommand(supplies, { ...machine, ...firmware }, folder) });
      };
      await guest.#untilBooted(() => guest.#start(USUAL_FIRMWARE));
      return guest;
    } catch (error) {
      const console = await guest.consoleTail();
      await guest.close();
      throw new Error(`${messageOf(error)}; the end of the console:\n${console}`, { cause: error });
    }
  }

  /** The folder on this machine that is /host in the guest. */
  get share(): string {
    return join(this.#folder, 'share');
  }

  /** Runs a command to its end. */
  run(command: string, args: readonly string[], timeoutMs = CALL_MS): Promise<Ended> {
    return this.#call({ op: 'run', command, args, timeoutMs }, timeoutMs + CALL_MS) as Promise<Ended>;
  }

  /** Runs a shell script whose exit code must be 0; returns what it printed. */
  async sh(script: string, timeoutMs = CALL_MS): Promise<string> {
    const { exitCode, stdout, stderr } = await this.run('sh', ['-ec', script], timeoutMs);
    if (exitCode !== 0) throw new Error(`exit code ${exitCode} of: ${script}\n${stdout}${stderr}`);
    return stdout;
  }

  /** Runs a program to its end, and hears of each line that it prints. Resolves with its exit code. */
  follow(command: string, args: readonly string[], onLine: (line: string) => void): Promise<number> {
    return this.#call({ op: 'follow', command, args }, FOLLOW_MS, onLine) as Promise<number>;
  }

  /** Starts a program that goes on; its output is in `logs` of the share. Resolves with its process number. */
  async start(name: string, command: string, args: readonly string[]): Promise<number> {
    return (await this.#call({ op: 'start', name, command, args })) as number;
  }

  /** Sends a signal to what {@link start} started, and waits for its end. Resolves with how it ended. */
  async stop(name: string, signal: NodeJS.Signals = 'SIGTERM'): Promise<string> {
    const exit = new Promise<string>((resolve) => this.#exits.set(name, resolve));
    await this.#call({ op: 'signal', name, signal });
    return exit;
  }

  read(path: string): Promise<string> {
    return this.#call({ op: 'read', path }) as Promise<string>;
  }

  list(path: string): Promise<string[]> {
    return this.#call({ op: 'list', path }) as Promise<string[]>;
  }

  readlink(path: string): Promise<string> {
    return this.#call({ op: 'readlink', path }) as Promise<string>;
  }

  async write(path: string, text: string): Promise<void> {
    await this.#call({ op: 'write', path, text });
  }

  /** A request from within the guest. */
  get(url: string): Promise<{ status: number; body: string }> {
    return this.#call({ op: 'get', url }) as Promise<{ status: number; body: string }>;
  }

  /** Pulls a card, pulls a cable and so on: see QEMU's QMP reference. */
  async monitor(command: string, args: Readonly<Record<string, unknown>> = {}): Promise<void> {
    await this.#qmp?.execute(command, args);
  }

  /** Cuts the power and boots again. Only the share and the disks survive, and of these what was written to them. */
  async powerCycle(): Promise<void> {
    await this.#untilBooted(() => this.monitor('system_reset'));
  }

  /** The same, and the machine comes back as another one: with other kernel arguments, as after a boot loader was told. */
  async powerCycleAs(firmware: Firmware): Promise<void> {
    await this.#supervisor.stop('console');
    await this.#untilBooted(() => this.#start(firmware));
  }

  /** Last lines of the console. */
  consoleTail(): Promise<string> {
    return this.#supervisor.logTail('console');
  }

  /** Copies the console and the logs of the programs to a folder, for whoever wants to know what went wrong. */
  async saveLogs(to: string): Promise<void> {
    await mkdir(to, { recursive: true });
    await copyFile(join(this.#folder, 'console.log'), join(to, 'console.log'));
    await cp(join(this.share, 'logs'), to, { recursive: true }).catch(() => undefined);
  }

  /** What a program that {@link start} started has printed so far. */
  log(name: string): Promise<string> {
    return readFile(join(this.share, 'logs', `${name}.log`), 'utf8');
  }

  /** Ends the guest and removes its folder. */
  async close(): Promise<void> {
    clearTimeout(this.#life);
    this.#qmp?.close();
    this.#agent?.close();
    await this.#supervisor.close();
  }

  async #prepare(supplies: Supplies, options?: BootOptions): Promise<Machine> {
    const { initramfs, memory, disks } = options ?? { initramfs: supplies.initramfs, memory: MEMORY, disks: [] };
    const paths = disks.map((_, index) => join(this.#folder, `disk${index}.img`));
    await Promise.all(disks.map((makeDisk, index) => makeDisk(paths[index] ?? '')));
    return { initramfs, memory, disks: paths, ...USUAL_FIRMWARE };
  }

  async #untilBooted(boot: () => void | Promise<void>): Promise<void> {
    this.#isExpectingBoot = true;
    try {
      await boot();
      for (let attempt = 1; !(await this.#saysHello(attempt * BOOT_MS)); attempt += 1) {
        if (attempt === BOOT_ATTEMPTS) throw new Error(`the guest did not boot in ${BOOT_ATTEMPTS} attempts`);
        await this.monitor('system_reset');
      }
    } finally {
      this.#isExpectingBoot = false;
    }
  }

  /** Waits for the agent; false when it does not come in time. */
  #saysHello(timeoutMs: number): Promise<boolean> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => resolve(false), timeoutMs);
      this.#onHello = () => {
        clearTimeout(timer);
        resolve(true);
      };
      this.#onFailure = (reason) => {
        clearTimeout(timer);
        reject(new Error(reason));
      };
    });
  }

  async #call(request: AgentRequest, timeoutMs = CALL_MS, onLine?: (line: string) => void): Promise<unknown> {
    if (this.#failure !== undefined) throw new Error(this.#failure);
    const what = `guest: ${JSON.stringify(request).slice(0, 200)}`;
    return this.#calls.call(what, timeoutMs, (id) => {
      if (onLine) this.#lines.set(id, onLine);
      this.#agent?.send({ id, ...request });
    });
  }

  #hear(line: string): void {
    // What was under way when the power was cut may be half a line.
    const start = line.indexOf('{');
    if (start < 0) return;
    const message = agentMessageSchema.parse(JSON.parse(line.slice(start)));
    if ('hello' in message) this.#greet();
    else if ('ended' in message) this.#exits.get(message.ended.name)?.(message.ended.how);
    else if ('line' in message) this.#lines.get(message.id)?.(message.line);
    else if ('error' in message) this.#calls.fail(message.id, message.error);
    else this.#calls.succeed(message.id, message.result);
  }

  #greet(): void {
    if (this.#isExpectingBoot) {
      this.#calls.failAll('the guest was restarted');
      this.#onHello();
    } else {
      this.#fail('the guest has restarted on its own: see its console');
    }
  }

  #fail(reason: string): void {
    this.#failure = reason;
    this.#onFailure(reason);
    this.#calls.failAll(reason);
    void this.#supervisor.stop('console', 'SIGKILL');
  }
}
