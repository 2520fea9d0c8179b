import { type GrubFolder, type Kernel, type Programs, type UdevFolder, type UnitFolder } from '@sriov/host';
import { type BootPorts } from '../boot-service/boot-ports.ts';
import { DevicePlugin } from '../device-plugin/device-plugin.ts';
import { type HandoverFolder } from '../device-plugin/handover-file.ts';
import { type DevicePluginPorts } from '../device-plugin/withdrawing.ts';
import { type HostPorts } from '../gather.ts';
import { Journal, type JournalFolder } from '../journal/journal.ts';
import { type OpenedHost } from '../open-host.ts';
import { GuestPlatform, type PlatformPorts } from '../platform/guest-platform.ts';
import { type PassWatch } from './pass-watch.ts';
import { type PluginPods } from '../plugin-restart/plugin-pods.ts';
import { type ModprobeFolder } from '../steps/apply-node-steps.ts';
import { type StatusWriter } from '../status/status-writer.ts';

type Watch = Pick<PassWatch, 'call'>;

/** What following the host takes. */
export interface FollowPorts {
  readonly watch: Watch;
  readonly clock: DevicePluginPorts['clock'];
  readonly readProviderID: PlatformPorts['readProviderID'];
  /** Is called with each call of the kernel before it is made. */
  readonly onCall: OnCall;
}

/** What is called of the kernel's port; `call` stands for gRPC and JSON-RPC alike. */
export type KernelVerb = 'read' | 'write' | 'readlink' | 'list' | 'exec' | 'call';

type OnCall = (verb: KernelVerb) => void;

/** The host, with each call known to the watch until it comes back. */
export function followHost(
  opened: Omit<OpenedHost, 'unitFolder' | 'programs'>,
  { watch, clock, readProviderID, onCall }: FollowPorts,
): Pick<OpenedHost, 'guidEvents'> &
  Required<
    Pick<HostPorts, 'kernel' | 'journal' | 'plugin' | 'udevFolder' | 'modprobeFolder' | 'grubFolder' | 'platform'>
  > {
  const { kernel, folder, guidEvents, handoverFolder, udevFolder, modprobeFolder, grubFolder, metadata } = opened;
  const followed = followKernel(kernel, watch, onCall);
  return {
    kernel: followed,
    ...(guidEvents && { guidEvents }),
    journal: new Journal(followFolder(folder, watch)),
    udevFolder: followUdev(udevFolder, watch),
    modprobeFolder: followModprobe(modprobeFolder, watch),
    grubFolder: followGrub(grubFolder, watch),
    plugin: new DevicePlugin({ kernel: followed, folder: followHandover(handoverFolder, watch), clock }),
    platform: new GuestPlatform({
      kernel: followed,
      metadata: {
        ask: (request) => watch.call(`ask the metadata service for ${request.path}`, () => metadata.ask(request)),
      },
      readProviderID: () => watch.call('read the Node', readProviderID),
      clock,
    }),
  };
}

/** What the boot service is kept through, with each call known to the watch until it comes back. */
export function followBoot(
  { kernel, folder, unitFolder, programs }: Pick<OpenedHost, 'kernel' | 'folder' | 'unitFolder' | 'programs'>,
  watch: Watch,
): Pick<BootPorts, 'kernel' | 'folder' | 'unitFolder' | 'programs'> {
  return {
    kernel: followKernel(kernel, watch),
    folder: followFolder(folder, watch),
    unitFolder: followUnits(unitFolder, watch),
    programs: followPrograms(programs, watch),
  };
}

function followUnits(folder: UnitFolder, watch: Watch): UnitFolder {
  const follow = <T>(words: string, work: () => Promise<T>): Promise<T> =>
    watch.call(`${words} of /etc/systemd/system`, work);
  return {
    read: (path) => follow(`read ${path}`, () => folder.read(path)),
    list: (path) => follow(`list ${path}`, () => folder.list(path)),
    findRefusal: (path) => follow(`look at ${path}`, () => folder.findRefusal(path)),
    write: (path, content, mode) => follow(`write ${path}`, () => folder.write(path, content, mode)),
    remove: (path) => follow(`remove ${path}`, () => folder.remove(path)),
  };
}

function followPrograms(programs: Programs, watch: Watch): Programs {
  return {
    name: () => watch.call('read the program of the daemon', () => programs.name()),
    words: (name) => programs.words(name),
    list: () => watch.call('list the programs on the host', () => programs.list()),
    install: (name) => watch.call(`copy ${name} to the host`, () => programs.install(name)),
    remove: (name) => watch.call(`remove ${name} from the host`, () => programs.remove(name)),
    findRefusal: () => watch.call('look at the folder of programs', () => programs.findRefusal()),
  };
}

/** The files for modprobe, with each call known to the watch until it comes back. */
function followModprobe(folder: ModprobeFolder, watch: Watch): ModprobeFolder {
  return {
    write: (name, content, mode) =>
      watch.call(`write ${name} of /etc/modprobe.d`, () => folder.write(name, content, mode)),
    remove: (name) => watch.call(`remove ${name} of /etc/modprobe.d`, () => folder.remove(name)),
  };
}

/** The hand-over file, with each call known to the watch until it comes back. */
function followHandover(folder: HandoverFolder, watch: Watch): HandoverFolder {
  return {
    read: (name) => watch.call(`read ${name} of the hand-over folder`, () => folder.read(name)),
    write: (name, content) => watch.call(`write ${name} of the hand-over folder`, () => folder.write(name, content)),
  };
}

/** The files of udev, with each call known to the watch until it comes back. */
function followUdev(folder: UdevFolder, watch: Watch): UdevFolder {
  const follow = <T>(words: string, work: () => Promise<T>): Promise<T> => watch.call(`${words} of /etc/udev`, work);
  return {
    read: (path) => follow(`read ${path}`, () => folder.read(path)),
    list: (path) => follow(`list ${path}`, () => folder.list(path)),
    isExecutable: (path) => follow(`look at ${path}`, () => folder.isExecutable(path)),
    findRefusal: (path) => follow(`look at ${path}`, () => folder.findRefusal(path)),
    write: (path, content, mode) => follow(`write ${path}`, () => folder.write(path, content, mode)),
    remove: (path) => follow(`remove ${path}`, () => folder.remove(path)),
  };
}

/** The files of GRUB, with each call known to the watch until it comes back. */
function followGrub(folder: GrubFolder, watch: Watch): GrubFolder {
  const follow = <T>(words: string, work: () => Promise<T>): Promise<T> =>
    watch.call(`${words} of /etc/default/grub.d`, work);
  return {
    findRefusal: (path) => follow(`look at ${path || 'all'}`, () => folder.findRefusal(path)),
    write: (name, content, mode) => follow(`write ${name}`, () => folder.write(name, content, mode)),
  };
}

/** The kernel, with each call counted, and known to the watch until it comes back. */
export function followKernel(kernel: Kernel, watch: Watch, onCall: OnCall = () => undefined): Kernel {
  const follow = <T>(verb: KernelVerb, words: string, work: () => Promise<T>): Promise<T> => {
    onCall(verb);
    return watch.call(words, work);
  };
  return {
    ...(kernel.pod !== undefined && { pod: kernel.pod }),
    read: (path, options) => follow('read', `read ${path}`, () => kernel.read(path, options)),
    write: (path, value, options) => follow('write', `write ${path}`, () => kernel.write(path, value, options)),
    readlink: (path) => follow('readlink', `readlink ${path}`, () => kernel.readlink(path)),
    list: (path) => follow('list', `list ${path}`, () => kernel.list(path)),
    exec: (command, args, options) =>
      follow('exec', `exec ${[command, ...args].join(' ')}`, () => kernel.exec(command, args, options)),
    call: (method, message, options) =>
      follow('call', `call ${method.socket} ${method.method}`, () => kernel.call(method, message, options)),
    callJson: (method, params, options) =>
      follow('call', `call ${method.socket} ${method.method}`, () => kernel.callJson(method, params, options)),
    watch: (source, onEvent, signal) => kernel.watch(source, onEvent, signal),
  };
}

/** The state folder, with each call known to the watch until it comes back: its disk can hang. */
export function followFolder(folder: JournalFolder, watch: Watch): JournalFolder {
  return {
    read: (name) => watch.call(`read ${name} of the state folder`, () => folder.read(name)),
    list: (name) => watch.call(`list ${name} of the state folder`, () => folder.list(name)),
    write: (name, content) => watch.call(`write ${name} of the state folder`, () => folder.write(name, content)),
    remove: (name) => watch.call(`remove ${name} of the state folder`, () => folder.remove(name)),
  };
}

/** The writer of the status, with each write known to the watch until it comes back. */
export function followStatus(status: StatusWriter, watch: Watch): StatusWriter {
  return {
    write: (nodeState, pass) => watch.call('write the status of the node state', () => status.write(nodeState, pass)),
    isOurs: (present) => status.isOurs(present),
  };
}

/** The device plugin's pods, with each call known to the watch until it comes back. */
export function followPods(pods: PluginPods, watch: Watch): PluginPods {
  return {
    list: () => watch.call("list the device plugin's pods", () => pods.list()),
    delete: (pod) => watch.call(`delete the pod ${pod.name}`, () => pods.delete(pod)),
  };
}
