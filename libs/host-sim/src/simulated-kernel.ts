import { SYNC_METHOD } from '@sriov/plugin-handover';
import { describeDuration } from '@sriov/words';
import {
  CALL_DEADLINE_MS,
  type CallOptions,
  EXEC_DEADLINE_MS,
  type ExecOptions,
  type ExecResult,
  type GrubFolder,
  type Kernel,
  KernelBlockedError,
  KernelError,
  type KernelEvent,
  type Programs,
  type RpcMethod,
  type UdevFolder,
  UnansweredCalls,
  type UnitFolder,
} from '@sriov/host';
import { COMMANDS } from './commands/index.ts';
import { isIpBatch, runIpBatch } from './commands/ip-batch.ts';
import { Faults } from './faults.ts';
import { bootState } from './machine/boot.ts';
import { grubFolderOf } from './machine/grub-folder.ts';
import { programsOf, unitFolderOf } from './machine/unit-folder.ts';
import { rescanBus, removeDevice } from './machine/hotplug.ts';
import { Machine, type SimClock } from './machine/machine.ts';
import { rebootMachine } from './machine/reboot.ts';
import { resumeWork } from './machine/resume.ts';
import { tellKubelet } from './plugin/offer.ts';
import { SimulatedPlugin } from './plugin/simulated-plugin.ts';
import { type StateStore } from './state-file.ts';
import { type MachineState, type VfioHolder } from './state.ts';
import { answerCall } from './sysfs/kubelet.ts';
import { rootFolder } from './sysfs/root.ts';
import { handleUdevEvent } from './udev/events.ts';
import { Errno, type File, findNode, type Folder, type Node, toKernelError } from './tree.ts';
import { SimulatedUdevFolder } from './udev/udev-folder.ts';
import { Users } from './users.ts';
import { type Fault, type World } from './world.ts';

/** How a simulated machine is made. */
export interface SimulationOptions {
  readonly world: World;
  readonly clock: SimClock;
  /** Where the state outlives this process. Without it each process begins with a fresh machine. */
  readonly stateFile?: StateStore;
}

/** A folder of the simulated machine that is not reached through the kernel port. */
export interface FilesOfFolder {
  /** Content of a file; nothing when it does not exist. */
  read(name: string): Promise<string | undefined>;
  write(name: string, content: string): Promise<void>;
}

/** A simulated machine behind the kernel port: real drivers run on it unchanged. */
export class SimulatedKernel implements Kernel {
  /** The pod of the daemon, where it runs in one. */
  pod?: string;
  readonly #machine: Machine;
  readonly #faults = new Faults();
  readonly #unanswered = new UnansweredCalls();
  readonly #watchers = new Set<(event: KernelEvent) => void>();
  readonly #stateFile: StateStore | undefined;
  /** Not saved when the machine is only looked at, as by a dry run beside the daemon. */
  #isOurs: boolean;

  constructor({ world, clock, stateFile }: SimulationOptions) {
    this.#stateFile = stateFile;
    const saved = stateFile?.load();
    const state = saved ?? bootState(world);
    const onSave = (): void => this.#save();
    this.#machine = new Machine({ world, state, clock, onSave, onChange: (event) => this.#changed(event) });
    // The process that asked for a reboot has gone down with the machine.
    if (state.isGoingDown) rebootMachine(this.#machine);
    for (const fault of world.faults) this.#faults.add(fault);
    this.#isOurs = saved === undefined;
    this.#save();
    resumeWork(this.#machine);
  }

  read(path: string, options: CallOptions = {}): Promise<string> {
    return this.#call({ verb: 'read', path }, options, async () => {
      const node = file(this.#find(path));
      if (!node.read) throw new Errno('EACCES');
      return node.read();
    });
  }

  write(path: string, value: string, options: CallOptions = {}): Promise<void> {
    return this.#call({ verb: 'write', path, value }, options, async () => {
      if (value === '') throw new Errno('EINVAL');
      const { write } = file(this.#find(path));
      if (!write) throw new Errno('EACCES');
      await this.#change(() => write(value));
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
    return this.#call({ verb: 'call', path }, options, () => {
      const answer = answerCall(this.#machine, method);
      // The device plugin has told the kubelet.
      if (method.method === SYNC_METHOD) this.#save();
      return answer;
    });
  }

  /** The machine has no Open vSwitch, and nobody else who would listen. */
  callJson({ socket, method }: RpcMethod, _params: readonly unknown[], options: CallOptions = {}): Promise<unknown> {
    return this.#call({ verb: 'call', path: `${socket} ${method}` }, options, () => {
      throw new Errno('ENOENT');
    });
  }

  exec(command: string, args: readonly string[], options: ExecOptions = {}): Promise<ExecResult> {
    const line = [command, ...args].join(' ');
    return this.#call({ verb: 'exec', path: line, value: options.input ?? '' }, options, async () => {
      if (isIpBatch(command, args)) return runIpBatch(options.input ?? '', (words) => this.#runLine(words));
      return this.#run(command, args);
    });
  }

  /** A line of a batch meets the faults of a command of its own. */
  async #runLine(words: readonly string[]): Promise<ExecResult> {
    await this.#faults.apply('exec', ['ip', ...words].join(' '), (ms) => this.#machine.clock.sleep(ms));
    return this.#run('ip', words);
  }

  async #run(command: string, args: readonly string[]): Promise<ExecResult> {
    const emulated = COMMANDS[command];
    if (!emulated) throw new Errno('ENOENT');
    const work = async (): Promise<ExecResult> => await emulated.run(this.#machine, args);
    return emulated.changes(args) ? this.#change(work) : work();
  }

  async watch(source: KernelEvent['kind'], onEvent: (event: KernelEvent) => void, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    const watcher = (event: KernelEvent): void => {
      if (event.kind === source) onEvent(event);
    };
    this.#watchers.add(watcher);
    await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
    this.#watchers.delete(watcher);
  }

  /** What others do with the devices of the machine. */
  get users(): Users {
    return new Users(this.#machine);
  }

  /** The operator's device plugin on the machine: none is there until it is started. */
  get plugin(): SimulatedPlugin {
    return new SimulatedPlugin(this.#machine);
  }

  /** The folder in which config daemon and device plugin meet. A file is written completely or not at all. */
  get handoverFolder(): FilesOfFolder {
    return {
      read: (name) => Promise.resolve(this.#machine.state.runFiles?.[name]),
      write: (name, content) => this.#change(() => void ((this.#machine.state.runFiles ??= {})[name] = content)),
    };
  }

  /** `/etc/udev`. */
  get udevFolder(): UdevFolder {
    return new SimulatedUdevFolder(this.#machine, (work) => this.#change(work));
  }

  /** `/etc/modprobe.d`. A file is written completely or not at all. */
  get modprobeFolder(): { write(name: string, content: string): Promise<void>; remove(name: string): Promise<void> } {
    const put = (name: string, content: string | null): Promise<void> =>
      this.#change(() => void ((this.#machine.state.modprobeFiles ??= {})[name] = content));
    return { write: (name, content) => put(name, content), remove: (name) => put(name, null) };
  }

  /** `/etc/systemd/system`. */
  get unitFolder(): UnitFolder {
    return unitFolderOf(this.#machine, (work) => this.#change(work));
  }

  /** Programs that the machine runs without a container. */
  get programs(): Programs {
    return programsOf(this.#machine, (work) => this.#change(work));
  }

  /** `/etc/default/grub.d`. */
  get grubFolder(): GrubFolder {
    return grubFolderOf(this.#machine, (work) => this.#change(work));
  }

  /** The metadata service that the machine can reach. */
  get metadata(): { ask(request: { readonly path: string }): Promise<{ status: number; text: string }> } {
    const { metadata } = this.#machine.world;
    return {
      ask: ({ path }) => {
        const text = metadata[path];
        return Promise.resolve(text === undefined ? { status: 404, text: '' } : { status: 200, text });
      },
    };
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

  /** Adds a fault. The returned function removes it. */
  addFault(fault: Partial<Fault> & Pick<Fault, 'verb' | 'path'>): () => void {
    return this.#faults.add({ after: 0, hang: false, ...fault });
  }

  /** A program opens a VF through VFIO; the returned function closes it. */
  holdVfio(address: string, holder: VfioHolder = { pid: 4711, command: 'qemu-kvm' }): () => void {
    this.#machine.state.vfioHolders[address] = holder;
    this.#happened({ kind: 'device', name: address });
    return () => this.releaseVfio(address);
  }

  /** The program that has a VF open closes it. It may have opened it in the life of an earlier process. */
  releaseVfio(address: string): void {
    const { state, releases } = this.#machine;
    delete state.vfioHolders[address];
    for (const resolve of releases.get(address) ?? []) resolve();
    releases.delete(address);
    this.#happened({ kind: 'device', name: address });
  }

  /** Moves an interface into another network namespace, as a CNI plugin does; the returned function brings it back. */
  moveToNamespace(name: string, namespace = 'pod'): () => void {
    const link = this.#machine.state.links[name];
    if (!link) throw new KernelError({ verb: 'move', path: name, code: 'ENODEV' });
    link.namespace = namespace;
    this.#happened({ kind: 'link', name });
    return () => {
      delete link.namespace;
      // The kernel tells the namespace that it comes to of a new device (__dev_change_net_namespace, net/core/dev.c).
      handleUdevEvent(this.#machine, name, 'add');
      this.#happened({ kind: 'link', name });
    };
  }

  /** Makes a network namespace with no device in it, as every pod has one; the returned function removes it. */
  addNamespace(name = 'pod'): () => void {
    const { state } = this.#machine;
    state.namespaces = [...(state.namespaces ?? []), name];
    return () => {
      state.namespaces = (state.namespaces ?? []).filter((each) => each !== name);
    };
  }

  /** Reboots the machine: what is on its disk and in the firmware of its cards stays. */
  reboot(): void {
    rebootMachine(this.#machine);
    this.#happened({ kind: 'device' });
  }

  /** Pulls a card. Its ports and VFs are gone when the promise resolves. */
  unplug(address: string): Promise<void> {
    this.#isOurs = true;
    return removeDevice(this.#machine, address);
  }

  /** Puts back what was pulled. */
  plug(): void {
    this.#isOurs = true;
    rescanBus(this.#machine);
  }

  get #root(): Folder {
    return rootFolder(this.#machine);
  }

  #find(path: string): Node {
    return findNode(this.#root, path, true);
  }

  /** Changes the machine. The change is saved at its end, whether or not it failed. */
  async #change<T>(work: () => T | Promise<T>): Promise<T> {
    this.#isOurs = true;
    this.#machine.state.writes += 1;
    this.#save();
    try {
      return await work();
    } finally {
      this.#notice();
    }
  }

  /** The device plugin sees at once which VFs there are. */
  #notice(): void {
    tellKubelet(this.#machine);
    this.#save();
  }

  #save(): void {
    if (this.#isOurs) this.#stateFile?.save(this.#machine.state);
  }

  /** Changes the machine from outside, without a call of the kernel port. */
  #happened(event: KernelEvent): void {
    this.#isOurs = true;
    this.#changed(event);
  }

  #changed(event: KernelEvent): void {
    this.#notice();
    for (const watcher of this.#watchers) watcher(event);
  }

  /** Runs a call with the matching faults, and stops waiting for it at its deadline. */
  #call<T>(call: SimulatedCall, options: CallOptions, work: () => T | Promise<T>): Promise<T> {
    const { verb, path, value = '' } = call;
    return this.#unanswered.make(`${verb} ${path} ${value}`, () => this.#make(call, options, work));
  }

  #make<T>(call: SimulatedCall, { deadlineMs }: CallOptions, work: () => T | Promise<T>): Promise<T> {
    const { clock } = this.#machine;
    const { verb, path } = call;
    const since = clock.now();
    let phase: 'waiting' | 'working' | 'killed' = 'waiting';
    const running = this.#faults
      .apply(verb, path, (ms) => clock.sleep(ms))
      .then(() => {
        if (phase === 'killed') throw new Errno('ETIMEDOUT');
        phase = 'working';
        return work();
      })
      .catch((error: unknown) => {
        throw toKernelError(error, call);
      });
    const limit = deadlineMs ?? (this.#faults.slows(verb, path) ? DEADLINES_MS[verb] : undefined);
    if (limit === undefined) return running;
    return withDeadline(running, { sleep: (signal) => clock.sleep(limit, signal) }, (released) => {
      // A command can be killed unless it is stuck in the kernel.
      if (verb !== 'exec' || phase === 'working' || this.#faults.hangs(verb, path)) {
        return new KernelBlockedError({ verb, path, since, waitedMs: limit, released });
      }
      phase = 'killed';
      return new KernelError({
        verb,
        path,
        code: 'ETIMEDOUT',
        detail: `still running after ${describeDuration(limit)}`,
      });
    });
  }
}

interface SimulatedCall {
  readonly verb: Fault['verb'];
  readonly path: string;
  readonly value?: string;
}

/** How long to wait for a call without a deadline of its own. */
const DEADLINES_MS: Readonly<Record<Fault['verb'], number>> = {
  read: CALL_DEADLINE_MS,
  write: CALL_DEADLINE_MS,
  list: CALL_DEADLINE_MS,
  readlink: CALL_DEADLINE_MS,
  exec: EXEC_DEADLINE_MS,
  call: CALL_DEADLINE_MS,
};

/** The result, or an error when the call has not come back in time. */
async function withDeadline<T>(
  running: Promise<T>,
  timer: { readonly sleep: (signal: AbortSignal) => Promise<void> },
  giveUp: (released: Promise<void>) => KernelError,
): Promise<T> {
  const settled = new AbortController();
  const released = running.then(
    () => settled.abort(),
    () => settled.abort(),
  );
  const expired = timer.sleep(settled.signal).then((): Promise<T> | T => {
    if (settled.signal.aborted) return running;
    throw giveUp(released);
  });
  return Promise.race([running, expired]);
}

function file(node: Node): File {
  if (node.kind !== 'file') throw new Errno('EISDIR');
  return node;
}
