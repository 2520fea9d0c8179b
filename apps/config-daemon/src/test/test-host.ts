import { type NodeStateSpec } from '@sriov/api';
import { type Kernel, type UdevFolder } from '@sriov/host';
import { type MachineState, parseWorld, SimulatedKernel } from '@sriov/host-sim';
import { SYNC_METHOD } from '@sriov/plugin-handover';
import { type Clock, systemClock } from '@sriov/runtime';
import { DevicePlugin } from '../device-plugin/device-plugin.ts';
import { type HandoverFolder } from '../device-plugin/handover-file.ts';
import { type DevicePluginPorts } from '../device-plugin/withdrawing.ts';
import { type HostPorts } from '../gather.ts';
import { Journal, type JournalFolder } from '../journal/journal.ts';
import { type PluginPod, type PluginPods } from '../plugin-restart/plugin-pods.ts';

/** PCI addresses of the two ports of {@link testKernel}. */
export const PORTS = ['0000:01:00.0', '0000:02:00.0'] as const;

/** A simulated host with two igb ports, `ens1` and `ens2`, and the NIC of its default route. */
export function testKernel(clock: Clock): SimulatedKernel {
  const nics = [
    { model: 'virtio', address: '0000:00:03.0', name: 'eno1', mac: '52:54:00:12:34:56', up: true },
    { model: 'igb', address: PORTS[0], name: 'ens1', mac: '52:54:00:aa:00:10', up: true },
    { model: 'igb', address: PORTS[1], bridge: '0000:00:10.1', name: 'ens2', mac: '52:54:00:aa:00:20', up: true },
  ];
  const world = parseWorld({ latency: 'none', modules: ['igbvf'], defaultRoute: 'eno1', nics });
  return new SimulatedKernel({ world, clock });
}

/** A spec for both ports: the VFs before `border` for vfio-pci, the others for the kernel with the given MTU. */
export function testSpec(numVfs: number, border: number, mtu = 9000): NodeStateSpec {
  const vfGroups = [
    { resourceName: 'd', policyName: 'dpdk', deviceType: 'vfio-pci', vfRange: `0-${border - 1}` },
    { resourceName: 'k', policyName: 'kernel', deviceType: 'netdevice', vfRange: `${border}-${numVfs - 1}`, mtu },
  ];
  return {
    interfaces: PORTS.map((pciAddress, index) => ({ pciAddress, name: `ens${index + 1}`, numVfs, mtu, vfGroups })),
  };
}

/** What the daemon works with on a host. Unless given, nobody else sees the hand-over file, and time passes. */
export function hostPorts({
  kernel,
  journal = new Journal(new MemoryFolder()),
  folder = new MemoryFolder(),
  clock = systemClock,
  modprobeFolder = new MemoryFolder(),
}: Partial<DevicePluginPorts & Pick<HostPorts, 'modprobeFolder'>> &
  Pick<HostPorts, 'kernel'> & { readonly journal?: Journal }): HostPorts {
  return { kernel, journal, modprobeFolder, plugin: new DevicePlugin({ kernel, folder, clock }) };
}

/** Files in memory. */
export class MemoryFolder implements JournalFolder {
  readonly files = new Map<string, string>();

  read(name: string): Promise<string | undefined> {
    return Promise.resolve(this.files.get(name));
  }

  list(folder: string): Promise<string[]> {
    const names = [...this.files.keys()].filter((name) => name.startsWith(`${folder}/`));
    return Promise.resolve(names.map((name) => name.slice(folder.length + 1)).sort());
  }

  write(name: string, content: string): Promise<void> {
    this.files.set(name, content);
    return Promise.resolve();
  }

  remove(name: string): Promise<void> {
    this.files.delete(name);
    return Promise.resolve();
  }
}

/** The same files, which nobody may write. */
export class ReadOnlyFolder extends MemoryFolder {
  override readonly files: Map<string, string>;

  constructor({ files }: MemoryFolder) {
    super();
    this.files = files;
  }

  override write(name: string): Promise<void> {
    return Promise.reject(new Error(`EROFS: ${name}`));
  }

  override remove(name: string): Promise<void> {
    return this.write(name);
  }
}

/** One pod of the device plugin, whose DaemonSet makes another one whenever it is deleted. */
export class MemoryPods implements PluginPods {
  /** How often the pod was deleted. */
  restarts = 0;
  /** Why the API server refuses. */
  refusal: Error | undefined;

  list(): Promise<PluginPod[]> {
    if (this.refusal) return Promise.reject(this.refusal);
    return Promise.resolve([{ name: `plugin-${this.restarts}`, uid: `${this.restarts}` }]);
  }

  delete({ uid }: PluginPod): Promise<void> {
    if (uid === `${this.restarts}`) this.restarts += 1;
    return Promise.resolve();
  }
}

/** Lets so many calls that change something through, and then no call of any kind: the process is gone. */
export class PowerCut {
  #left: number;

  constructor(calls: number) {
    this.#left = calls;
  }

  /** True when the daemon was cut off. */
  get happened(): boolean {
    return this.#left < 0;
  }

  kernel(kernel: Kernel): Kernel {
    return {
      read: (path, options) => this.#look(() => kernel.read(path, options)),
      readlink: (path) => this.#look(() => kernel.readlink(path)),
      list: (path) => this.#look(() => kernel.list(path)),
      call: (method, message, options) => {
        const call = (): Promise<Uint8Array> => kernel.call(method, message, options);
        return method.method === SYNC_METHOD ? this.#change(call) : this.#look(call);
      },
      callJson: (method, params, options) => {
        const isLook = !/"op":"(insert|update|mutate|delete)"/.test(JSON.stringify(params));
        const call = (): Promise<unknown> => kernel.callJson(method, params, options);
        return isLook ? this.#look(call) : this.#change(call);
      },
      watch: (source, onEvent, signal) => kernel.watch(source, onEvent, signal),
      write: (path, value, options) => this.#change(() => kernel.write(path, value, options)),
      exec: (command, args, options) =>
        args.includes('show') || args.includes('-k')
          ? this.#look(() => kernel.exec(command, args, options))
          : this.#change(() => kernel.exec(command, args, options)),
    };
  }

  folder(folder: JournalFolder): JournalFolder {
    return {
      read: (name) => this.#look(() => folder.read(name)),
      list: (name) => this.#look(() => folder.list(name)),
      write: (name, content) => this.#change(() => folder.write(name, content)),
      remove: (name) => this.#change(() => folder.remove(name)),
    };
  }

  udevFolder(folder: UdevFolder): UdevFolder {
    return {
      read: (path) => this.#look(() => folder.read(path)),
      list: (path) => this.#look(() => folder.list(path)),
      isExecutable: (path) => this.#look(() => folder.isExecutable(path)),
      findRefusal: (path) => this.#look(() => folder.findRefusal(path)),
      write: (path, content, mode) => this.#change(() => folder.write(path, content, mode)),
      remove: (path) => this.#change(() => folder.remove(path)),
    };
  }

  modprobeFolder(folder: HostPorts['modprobeFolder']): HostPorts['modprobeFolder'] {
    return {
      write: (name, content, mode) => this.#change(() => folder.write(name, content, mode)),
      remove: (name) => this.#change(() => folder.remove(name)),
    };
  }

  handoverFolder(folder: HandoverFolder): HandoverFolder {
    return {
      read: (name) => this.#look(() => folder.read(name)),
      write: (name, content) => this.#change(() => folder.write(name, content)),
    };
  }

  pods(pods: PluginPods): PluginPods {
    return {
      list: () => this.#look(() => pods.list()),
      delete: (pod) => this.#change(() => pods.delete(pod)),
    };
  }

  #look<T>(work: () => Promise<T>): Promise<T> {
    return this.happened ? Promise.reject(new Error('cut off')) : work();
  }

  #change<T>(work: () => Promise<T>): Promise<T> {
    this.#left -= 1;
    return this.#look(work);
  }
}

/** What matters of a machine: not the numbers that the kernel gives out as it pleases. */
export function portrait({ devices, links }: MachineState): readonly { readonly address: string }[] {
  const linkOf = (address: string): object => {
    const link = Object.values(links).find(({ device }) => device === address);
    return link ? { mtu: link.mtu, ...(link.isRandomMac ? {} : { mac: link.mac }) } : {};
  };
  return Object.entries(devices).flatMap(([address, { driver, pf }]) =>
    pf === undefined
      ? []
      : {
          address,
          driver,
          ...linkOf(address),
          autoprobe: pf.autoprobe,
          vfs: pf.vfs.map((vf, id) => ({
            driver: devices[vf ?? '']?.driver,
            adminMac: pf.vfSettings[id]?.mac,
            ...linkOf(vf ?? ''),
          })),
        },
  );
}
