import { execFileSync } from 'node:child_process';
import { type FileHandle, mkdir, open, readFile, rename, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Kernel, observeDevices, observeHost, setNumVfs } from '@sriov/host';
import { parseWorld, SimulatedKernel } from '@sriov/host-sim';
import { systemClock } from '@sriov/runtime';

/** What the host has. */
export interface HostSize {
  readonly pfs: number;
  /** VFs per PF. */
  readonly vfs: number;
}

/** Name of the interface of a PF. */
export const pfName = (index: number): string => `ens${index + 1}np0`;

/** PCI address of a PF. */
export const pfAddress = (index: number): string => `0000:${(0x10 + index).toString(16)}:00.0`;

type Monitors = ReadonlyMap<Monitor, FileHandle>;

/** The driver of its PFs and VFs. */
export const DRIVER = 'mlx5_core';

/** File with a line for each command that was run. */
const CALLS = 'calls';

/** The commands that tell of events of the host, by the program and its arguments. */
const MONITORS = { link: ['ip', '-o monitor link'], device: ['udevadm', '*'] } as const;
type Monitor = keyof typeof MONITORS;

/**
 * A host as a program finds it: the files of a simulated one, and commands that answer what the simulated ones did.
 * Below its folder are `sys`, `run`, `kubelet` for `/var/lib/kubelet`, `config`, and `bin` for the `PATH`.
 */
export class FixtureHost {
  readonly folder: string;
  /** Addresses of the VFs by PF. */
  readonly vfs: readonly (readonly string[])[];
  readonly #monitors: Monitors;

  private constructor(folder: string, vfs: readonly (readonly string[])[], monitors: Monitors) {
    this.folder = folder;
    this.vfs = vfs;
    this.#monitors = monitors;
  }

  /** Makes the host in an empty folder. */
  static async make(folder: string, size: HostSize): Promise<FixtureHost> {
    const kernel = await simulate(size);
    const folders = [
      'run/sriov-operator',
      'kubelet/device-plugins',
      'kubelet/pod-resources',
      'kubelet/pods',
      'config',
      'bin',
    ];
    for (const name of folders) await mkdir(join(folder, name), { recursive: true });
    await copyTree(kernel, '/sys', join(folder, 'sys'));
    const monitors = await writeCommands(kernel, folder);
    const pfs = Array.from({ length: size.pfs }, (_, index) => pfAddress(index));
    const vfs = await Promise.all(pfs.map((address) => readVfs(kernel, address, size.vfs)));
    return new FixtureHost(folder, vfs, monitors);
  }

  /** Binds a VF to another driver, as somebody outside would, and tells of it as the kernel does. */
  async bind(address: string, driver: string): Promise<void> {
    const link = join(this.folder, 'sys/bus/pci/devices', address, 'driver');
    await symlink(`../drivers/${driver}`, `${link}.new`);
    await rename(`${link}.new`, link);
    await this.#monitors.get('device')?.write(`KERNEL[1.0] bind /devices/${address} (pci)\n`);
  }

  /** How many commands were run, but for those that tell of events. */
  async commandsRun(): Promise<number> {
    const text = await readFile(join(this.folder, CALLS), 'utf8').catch(() => '');
    return text.split('\n').length - 1;
  }

  async close(): Promise<void> {
    for (const monitor of this.#monitors.values()) await monitor.close();
  }
}

async function simulate({ pfs, vfs }: HostSize): Promise<SimulatedKernel> {
  const nics = Array.from({ length: pfs }, (_, index) => ({
    ...{ model: 'mlx5', address: pfAddress(index), name: pfName(index), up: true, totalVfs: vfs, numaNode: index % 2 },
    ...{ mac: `b8:59:9f:00:00:${(0x10 + index).toString(16)}`, bridge: `0000:${(0x80 + index).toString(16)}:00.0` },
  }));
  const kernel = new SimulatedKernel({ world: parseWorld({ latency: 'none', nics }), clock: systemClock });
  for (const { address } of nics) await setNumVfs(kernel, address, vfs);
  return kernel;
}

function readVfs(kernel: SimulatedKernel, pf: string, count: number): Promise<string[]> {
  return Promise.all(
    Array.from({ length: count }, async (_, index) => {
      const target = await kernel.readlink(`/sys/bus/pci/devices/${pf}/virtfn${index}`);
      return target.replace(/^.*\//, '');
    }),
  );
}

/** Files that cannot be read are left out. */
async function copyTree(kernel: SimulatedKernel, path: string, to: string): Promise<void> {
  const node = kernel.inspect(path);
  if (node.kind === 'link') await symlink(node.target, to);
  else if (node.kind === 'folder') {
    await mkdir(to, { recursive: true });
    for (const name of node.names()) await copyTree(kernel, `${path}/${name}`, join(to, name));
  } else {
    const text = await kernel.read(path).catch(() => undefined);
    if (text !== undefined) await writeFile(to, text);
  }
}

/** Has the host looked at once, and writes programs that answer each command of that look as it was answered then. */
async function writeCommands(kernel: SimulatedKernel, folder: string): Promise<Monitors> {
  const bin = join(folder, 'bin');
  const cases = new Map<string, string[]>();
  const addCase = (program: string, args: string, deed: string): void => {
    cases.set(program, [...(cases.get(program) ?? []), `${args}) ${deed};;`]);
  };
  let answers = 0;
  const exec: Kernel['exec'] = async (command, args, options) => {
    const result = await kernel.exec(command, args, options);
    const answer = join(bin, `answer-${(answers += 1)}`);
    await writeFile(answer, result.stdout);
    addCase(
      command,
      `'${args.join(' ')}'`,
      `echo "$*" >>${join(folder, CALLS)}; cat ${answer}; exit ${result.exitCode}`,
    );
    return result;
  };
  const port = { ...portOf(kernel), exec };
  const { problems } = await observeDevices(port);
  await observeHost(port);
  if (problems.length > 0) throw new Error(`the simulated host cannot be observed: ${problems[0]?.message}`);
  const monitors = new Map<Monitor, FileHandle>();
  for (const kind of ['link', 'device'] as const) {
    const fifo = join(bin, `${kind}-events`);
    execFileSync('mkfifo', [fifo]);
    // Open for reading as well: so opening does not wait, and who reads sees no end.
    monitors.set(kind, await open(fifo, 'r+'));
    const [program, args] = MONITORS[kind];
    addCase(program, args === '*' ? args : `'${args}'`, `exec cat ${fifo}`);
  }
  for (const [name, lines] of cases) {
    const text = ['#!/bin/sh', 'case "$*" in', ...lines, 'esac', 'exit 1', ''].join('\n');
    await writeFile(join(bin, name), text, { mode: 0o755 });
  }
  return monitors;
}

function portOf(kernel: SimulatedKernel): Kernel {
  return {
    read: (path, options) => kernel.read(path, options),
    write: (path, value, options) => kernel.write(path, value, options),
    readlink: (path) => kernel.readlink(path),
    list: (path) => kernel.list(path),
    call: (method, message, options) => kernel.call(method, message, options),
    callJson: (method, params, options) => kernel.callJson(method, params, options),
    exec: (command, args, options) => kernel.exec(command, args, options),
    watch: (source, onEvent, signal) => kernel.watch(source, onEvent, signal),
  };
}
