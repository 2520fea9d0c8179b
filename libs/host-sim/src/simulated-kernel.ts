import {
  type CallOptions,
  type ExecOptions,
  type ExecResult,
  type Kernel,
  KernelBlockedError,
  KernelError,
  type KernelEvent,
  type RpcMethod,
} from '@sriov/host';
import { COMMANDS } from './commands/index.ts';
import { Faults } from './faults.ts';
import { bootState } from './machine/boot.ts';
import { rescanBus, removeDevice } from './machine/hotplug.ts';
import { Machine, type SimClock } from './machine/machine.ts';
import { resumeRemovals } from './machine/vfs.ts';
import { type StateFile } from './state-file.ts';
import { type MachineState, type VfioHolder } from './state.ts';
import { answerCall } from './sysfs/kubelet.ts';
import { rootFolder } from './sysfs/root.ts';
import { Errno, type File, findNode, type Folder, type Node, toKernelError } from './tree.ts';
import { Users } from './users.ts';
import { type Fault, type World } from './world.ts';

/** How a simulated machine is made. */
export interface SimulationOptions {
  readonly world: World;
  readonly clock: SimClock;
  /** Where the state outlives this process. Without one it begins anew each time. */
  readonly stateFile?: StateFile;
}

/** A simulated machine behind the kernel port: real drivers run on it unchanged. */
export class SimulatedKernel implements Kernel {
  readonly #machine: Machine;
  readonly #faults = new Faults();
  readonly #watchers = new Set<(event: KernelEvent) => void>();
  readonly #stateFile: StateFile | undefined;
  #isResumed = false;

  constructor({ world, clock, stateFile }: SimulationOptions) {
    this.#stateFile = stateFile;
    const saved = stateFile?.load();
    const state = saved ?? bootState(world);
    this.#machine = new Machine({ world, state, clock, onChange: (event) => this.#changed(event) });
    for (const fault of world.faults) this.#faults.add(fault);
    // One that is only looked at, as by a dry run beside the daemon, is not written.
    if (saved === undefined) stateFile?.save(state);
  }

  read(path: string, options: CallOptions = {}): Promise<string> {
    return this.#call({ verb: 'read', path }, options, async () => {
      const node = file(this.#find(path));
      if (!node.read) throw new Errno('EACCES');
      return node.read();
    });
  }

  write(path: string, value: string, options: CallOptions = {}): Promise<void> {
    return this.#call({ verb: 'write', path }, options, async () => {
      if (value === '') throw new Errno('EINVAL');
      const { write } = file(this.#find(path));
      if (!write) throw new Errno('EACCES');
      this.#countWrite();
      await write(value);
    });
  }

  readlink(path: string): Promise<string> {
    return this.#call({ verb: 'readlink', path }, {}, () => {
      const node = findNode(this.#root, path, false);
      if (node.kind !== 'link') throw new Errno('EINVAL');
      return node.target;
    });
  }

  list(path: string): Promise<string[]> {
    return this.#call({ verb: 'list', path }, {}, () => {
      const node = this.#find(path);
      if (node.kind !== 'folder') throw new Errno('ENOTDIR');
      return [...node.names()].sort();
    });
  }

  call(method: RpcMethod, _message: Uint8Array, options: CallOptions = {}): Promise<Uint8Array> {
    const path = `${method.socket} ${method.method}`;
    return this.#call({ verb: 'call', path }, options, () => answerCall(this.#machine, method));
  }

  exec(command: string, args: readonly string[], options: ExecOptions = {}): Promise<ExecResult> {
    const line = [command, ...args].join(' ');
    return this.#call({ verb: 'exec', path: line }, options, async () => {
      const emulated = COMMANDS[command];
      if (!emulated) throw new Errno('ENOENT');
      if (emulated.changes(args)) this.#countWrite();
      return emulated.run(this.#machine, args);
    });
  }

  async watch(onEvent: (event: KernelEvent) => void, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    this.#watchers.add(onEvent);
    await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
    this.#watchers.delete(onEvent);
  }

  /** What others do with the devices of the machine. */
  get users(): Users {
    return new Users(this.#machine);
  }

  /** What the machine is like now; for looking at, not for changing. */
  get state(): Readonly<MachineState> {
    return this.#machine.state;
  }

  /** Permission bits, or the kind of anything but a file, at a path. @throws {KernelError} */
  inspect(path: string): Node {
    try {
      return findNode(this.#root, path, false);
    } catch (error) {
      throw toKernelError(error, { verb: 'inspect', path });
    }
  }

  /** Puts a fault in force; the returned function takes it away. */
  addFault(fault: Partial<Fault> & Pick<Fault, 'verb' | 'path'>): () => void {
    return this.#faults.add({ after: 0, hang: false, ...fault });
  }

  /** A program opens a VF through VFIO; the returned function closes it. */
  holdVfio(address: string, holder: VfioHolder = { pid: 4711, command: 'qemu-kvm' }): () => void {
    const { state, releases } = this.#machine;
    state.vfioHolders[address] = holder;
    this.#changed({ kind: 'device', name: address });
    return () => {
      delete state.vfioHolders[address];
      for (const resolve of releases.get(address) ?? []) resolve();
      releases.delete(address);
      this.#changed({ kind: 'device', name: address });
    };
  }

  /** Moves an interface into another network namespace, as a CNI plugin does; the returned function brings it back. */
  moveToNamespace(name: string, namespace = 'pod'): () => void {
    const link = this.#machine.state.links[name];
    if (!link) throw new KernelError({ verb: 'move', path: name, code: 'ENODEV' });
    link.namespace = namespace;
    this.#changed({ kind: 'link', name });
    return () => {
      delete link.namespace;
      this.#changed({ kind: 'link', name });
    };
  }

  /** Pulls a card; its ports and VFs are gone when that is done. */
  unplug(address: string): Promise<void> {
    return removeDevice(this.#machine, address);
  }

  /** Puts back what was pulled. */
  plug(): void {
    rescanBus(this.#machine);
  }

  get #root(): Folder {
    return rootFolder(this.#machine);
  }

  #find(path: string): Node {
    return findNode(this.#root, path, true);
  }

  #countWrite(): void {
    if (!this.#isResumed) resumeRemovals(this.#machine);
    this.#isResumed = true;
    this.#machine.state.writes += 1;
    this.#stateFile?.save(this.#machine.state);
  }

  #changed(event: KernelEvent): void {
    this.#stateFile?.save(this.#machine.state);
    for (const watcher of this.#watchers) watcher(event);
  }

  /** Runs a call with the faults that fit, and gives up waiting for it at its deadline. */
  async #call<T>(
    call: { readonly verb: Fault['verb']; readonly path: string },
    { deadlineMs }: CallOptions,
    work: () => T | Promise<T>,
  ): Promise<T> {
    const { clock } = this.#machine;
    const since = clock.now();
    const running = this.#faults
      .apply(call.verb, call.path, (ms) => clock.sleep(ms))
      .then(work)
      .catch((error: unknown) => {
        throw toKernelError(error, call);
      });
    if (deadlineMs === undefined || call.verb === 'exec') return running;
    return withDeadline(running, { ...call, since, deadlineMs, clock });
  }
}

/** The result, or the news that the call has not come back in time. */
async function withDeadline<T>(
  running: Promise<T>,
  call: { verb: string; path: string; since: number; deadlineMs: number; clock: SimClock },
): Promise<T> {
  const settled = new AbortController();
  const released = running.then(
    () => settled.abort(),
    () => settled.abort(),
  );
  const expired = call.clock.sleep(call.deadlineMs, settled.signal).then((): Promise<T> | T => {
    if (settled.signal.aborted) return running;
    throw new KernelBlockedError({ ...call, released });
  });
  return Promise.race([running, expired]);
}

function file(node: Node): File {
  if (node.kind !== 'file') throw new Errno('EISDIR');
  return node;
}
