import { mkdirSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runCommand, Supervisor } from '@sriov/control-plane';
import { findOvs, type OvsProgram, type OvsPrograms } from './ovs-programs.ts';

/** Seconds that ovs-vsctl waits for the server and for ovs-vswitchd. */
const PATIENCE = '30';

/**
 * The real Open vSwitch, without the kernel: ovs-vswitchd with its dummy datapath, in which any interface exists but
 * one whose type is not known. It ends with this process.
 */
export class TestOvs {
  /** Root file system of the host that it runs on: its socket is `run/openvswitch/db.sock` there. */
  readonly root: string;
  readonly #run: string;
  readonly #programs: OvsPrograms;
  readonly #supervisor: Supervisor;
  #starts = 0;

  private constructor(root: string, programs: OvsPrograms) {
    this.root = root;
    this.#run = join(root, 'run/openvswitch');
    this.#programs = programs;
    this.#supervisor = new Supervisor(root, () => undefined);
  }

  /** Starts the database and ovs-vswitchd. The first time on a machine it downloads them. */
  static async start(): Promise<TestOvs> {
    const ovs = new TestOvs(mkdtempSync(join(tmpdir(), 'ovs-')), await findOvs());
    mkdirSync(ovs.#run, { recursive: true });
    const [command = '', ...args] = ovs.#words('ovsdb-tool', ['create', ovs.#database, ovs.#programs.schema]);
    await runCommand(command, args);
    await ovs.startServer();
    await ovs.startSwitch();
    return ovs;
  }

  /** Starts the database server, and waits until it answers. */
  async startServer(): Promise<void> {
    const control = `--unixctl=${join(this.#run, 'server.ctl')}`;
    this.#spawn('ovsdb-server', [this.#database, `--remote=punix:${this.#socket}`, control]);
    await this.vsctl('--no-wait', 'init');
  }

  /** Kills the database server. Its socket stays behind, with nobody who listens. */
  async stopServer(): Promise<void> {
    await this.#supervisor.stop('ovsdb-server');
  }

  /** Starts ovs-vswitchd, and waits until it has carried out something. */
  async startSwitch(): Promise<void> {
    const dummy = ['--enable-dummy=override', '--disable-system', '--disable-system-route'];
    this.#spawn('ovs-vswitchd', [`unix:${this.#socket}`, ...dummy]);
    // A value that is there already changes nothing, and ovs-vsctl waits for no change that it has not made.
    await this.vsctl('set', 'Open_vSwitch', '.', `external_ids:starts=${(this.#starts += 1)}`);
  }

  /** Ends ovs-vswitchd. Killed, it leaves its control socket behind, with nobody who listens. */
  async stopSwitch(signal: 'SIGKILL' | 'SIGTERM' = 'SIGKILL'): Promise<void> {
    await this.#supervisor.stop('ovs-vswitchd', signal);
  }

  /** Asks and changes it as administrators do. @returns what ovs-vsctl prints */
  async vsctl(...args: string[]): Promise<string> {
    const options = [`--db=unix:${this.#socket}`, `--timeout=${PATIENCE}`, '--retry'];
    const [command = '', ...words] = this.#words('ovs-vsctl', [...options, ...args]);
    return (await runCommand(command, words)).trim();
  }

  /** Ends it, and removes its files. */
  async close(): Promise<void> {
    await this.#supervisor.close();
  }

  get #socket(): string {
    return join(this.#run, 'db.sock');
  }

  get #database(): string {
    return join(this.#run, 'conf.db');
  }

  #spawn(program: OvsProgram, args: readonly string[]): void {
    const [command = '', ...words] = this.#words(program, args);
    this.#supervisor.start({ name: program, command, args: words });
  }

  #words(program: OvsProgram, args: readonly string[]): string[] {
    const { prefix, find } = this.#programs;
    const folders = [`OVS_RUNDIR=${this.#run}`, `OVS_LOGDIR=${this.#run}`, `OVS_DBDIR=${this.#run}`];
    return [...prefix, ...folders, find(program), ...args];
  }
}
