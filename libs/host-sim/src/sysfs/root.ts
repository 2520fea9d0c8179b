import { type Machine } from '../machine/machine.ts';
import { bootId } from '../machine/reboot.ts';
import { isRdmaCoreLoaded, rdmaMode } from '../machine/rdma-core.ts';
import { virtioOf } from '../machine/vdpa.ts';
import { commandLineOf, hasIommu } from '../machine/boot.ts';
import { type DeviceState } from '../state.ts';
import { constant, type Entries, type File, folder, type Folder, link } from '../tree.ts';
import { bootFolder, programFolder } from './boot-files.ts';
import { blockClass, dmiClass, udevDatabase } from './firmware.ts';
import { kubeletFolder } from './kubelet.ts';
import { handoverFolder } from './handover-folder.ts';
import { pciBus, pciHost } from './pci-bus.ts';
import { infinibandNodes, staticNodes } from './rdma.ts';
import { vdpaBus, vdpaNodes } from './vdpa-bus.ts';

/** The whole file tree of a simulated machine. */
export function rootFolder(machine: Machine): Folder {
  return folder({
    sys: () =>
      folder({
        bus: folder({ pci: () => pciBus(machine), vdpa: () => vdpaBus(machine), virtio: () => virtioBus(machine) }),
        class: () => classes(machine),
        devices: folder({ 'pci0000:00': () => pciHost(machine) }),
        kernel: folder({
          iommu_groups: () => iommuGroups(machine),
          security: folder({ lockdown: constant(lockdown(machine), 0o644) }),
        }),
        module: () => modules(machine),
      }),
    run: folder({
      'sriov-operator': () => handoverFolder(machine),
      udev: () => udevFolder(machine),
      systemd: machine.world.systemd ? folder({ system: folder({}) }) : undefined,
      'ostree-booted': machine.world.bootLoader === 'rpm-ostree' ? constant('') : undefined,
    }),
    var: folder({ lib: folder({ kubelet: () => kubeletFolder(machine) }) }),
    proc: () => folder({ ...procFiles(machine), ...processes(machine) }),
    dev: () =>
      folder({ ...staticNodes(), ...infinibandNodes(machine), ...vdpaNodes(machine), vfio: () => vfioNodes(machine) }),
    etc: () => folder({ 'modprobe.d': () => folder(modprobeFiles(machine)) }),
    boot: () => bootFolder(machine),
    usr: folder({ sbin: () => programFolder(machine) }),
    lib: () => folder({ modules: folder({ [machine.world.release]: folder(moduleLists(machine)) }) }),
  });
}

/** The modes that there are, the present one in brackets (lockdown_read of security/lockdown/lockdown.c). */
function lockdown({ world }: Machine): string {
  const modes = ['none', 'integrity', 'confidentiality'];
  return `${modes.map((mode) => (mode === world.lockdown ? `[${mode}]` : mode)).join(' ')}\n`;
}

/** Its socket is there while it runs, as systemd-udevd-control.socket of version 252 makes it. */
function udevFolder(machine: Machine): Folder | undefined {
  const isRunning = machine.state.udev?.isRunning === true;
  const entries: Entries = {
    ...udevDatabase(machine),
    ...(isRunning && { control: { kind: 'file', mode: 0o600 } as const }),
  };
  return Object.keys(entries).length > 0 ? folder(entries) : undefined;
}

function modprobeFiles({ world, state }: Machine): Entries {
  const files = Object.entries({ ...world.modprobe, ...state.modprobeFiles });
  return Object.fromEntries(files.flatMap(([name, text]) => (text === null ? [] : [[name, constant(text, 0o644)]])));
}

/** As depmod writes it (modules.builtin, Documentation/kbuild/kbuild.rst): the paths that they would have. */
function moduleLists({ world }: Machine): Entries {
  return { 'modules.builtin': constant(world.builtIn.map((name) => `kernel/drivers/${name}.ko\n`).join('')) };
}

function classes(machine: Machine): Folder {
  return folder({
    block: () => blockClass(machine),
    dmi: () => dmiClass(machine),
    net: netClass(machine),
    iommu: folder(hasIommu(machine.world, machine.state) ? { dmar0: link('../../devices/virtual/iommu/dmar0') } : {}),
    vfio: () =>
      folder(
        Object.fromEntries(vfioGroups(machine).map((group) => [group, link(`../../devices/virtual/vfio/${group}`)])),
      ),
  });
}

function netClass(machine: Machine): Folder {
  const { links } = machine.state;
  return {
    kind: 'folder',
    names: () => machine.hostLinks().map(([name]) => name),
    get: (name) => {
      const { device, namespace, onVdpa } = links[name] ?? {};
      if (device === undefined || namespace !== undefined) return undefined;
      const inner = onVdpa === undefined ? machine.innerDeviceOf(device) : `${onVdpa}/${virtioOf(machine, onVdpa)}`;
      return link(`../../${devicePath(machine, device)}${inner === undefined ? '' : `/${inner}`}/net/${name}`);
    },
  };
}

function devicePath(machine: Machine, address: string): string {
  return `devices/pci0000:00/${machine.device(address).bridge}/${address}`;
}

function virtioBus(machine: Machine): Folder {
  const entries = Object.keys(machine.state.devices).flatMap((address) => {
    const inner = machine.innerDeviceOf(address);
    return inner === undefined ? [] : [[inner, link(`../../../${devicePath(machine, address)}/${inner}`)] as const];
  });
  const ofVdpa = Object.entries(machine.state.vdpa ?? {}).flatMap(([name, { parent }]) => {
    const virtio = virtioOf(machine, name);
    if (virtio === undefined) return [];
    return [[virtio, link(`../../../${devicePath(machine, parent)}/${name}/${virtio}`)] as const];
  });
  return folder({ devices: folder(Object.fromEntries([...entries, ...ofVdpa])) });
}

function vfioGroups({ state }: Machine): string[] {
  return Object.values(state.devices).flatMap((device) =>
    device.driver === 'vfio-pci' ? (groupName(device) ?? []) : [],
  );
}

/** Groups without an IOMMU have another name (drivers/vfio/group.c, vfio_create_group). */
function groupName({ iommuGroup, isNoIommu }: Pick<DeviceState, 'iommuGroup' | 'isNoIommu'>): string | undefined {
  return iommuGroup === undefined ? undefined : `${isNoIommu ? 'noiommu-' : ''}${iommuGroup}`;
}

function vfioNodes(machine: Machine): Folder {
  const groups = vfioGroups(machine).map((group) => [group, { kind: 'file', mode: 0o600 }] as const);
  return folder({ vfio: { kind: 'file', mode: 0o666 }, ...Object.fromEntries(groups) });
}

function iommuGroups(machine: Machine): Folder {
  const byGroup = new Map<number, [string, string][]>();
  const devices = Object.values(machine.state.devices);
  const withoutIommu = new Set(devices.flatMap((each) => (each.isNoIommu ? (each.iommuGroup ?? []) : [])));
  for (const [address, { iommuGroup, bridge }] of Object.entries(machine.state.devices)) {
    if (iommuGroup !== undefined) byGroup.set(iommuGroup, [...(byGroup.get(iommuGroup) ?? []), [address, bridge]]);
  }
  const isPassthrough = commandLineOf(machine.world, machine.state).split(' ').includes('iommu=pt');
  const group = (number: number, members: [string, string][]): Folder =>
    folder({
      // vfio_noiommu_group_alloc names its groups.
      name: withoutIommu.has(number) ? constant('vfio-noiommu\n') : undefined,
      devices: folder(
        Object.fromEntries(
          members.map(([address, bridge]) => [address, link(`../../../../devices/pci0000:00/${bridge}/${address}`)]),
        ),
      ),
      reserved_regions: constant('0x00000000fee00000 0x00000000feefffff msi\n'),
      type: constant(isPassthrough ? 'identity\n' : 'DMA\n', 0o644),
    });
  return folder(Object.fromEntries([...byGroup].map(([number, members]) => [number, () => group(number, members)])));
}

function modules(machine: Machine): Folder {
  const live = machine.state.modules.map((name) => [name, folder({ initstate: constant('live\n') })] as const);
  return folder({
    ...Object.fromEntries(live),
    ...(isRdmaCoreLoaded(machine) && { ib_core: ibCore(machine) }),
    ...(machine.state.modules.includes('vfio') && { vfio: vfioModule(machine) }),
  });
}

/** A parameter that is shown as a boolean (`param_get_bool` of kernel/params.c). */
function ibCore(machine: Machine): Folder {
  const parameters = folder({ netns_mode: constant(rdmaMode(machine) === 'shared' ? 'Y\n' : 'N\n') });
  return folder({ initstate: constant('live\n'), parameters });
}

/** A boolean parameter that can be written (drivers/vfio/vfio_main.c); none without CONFIG_VFIO_NOIOMMU. */
function vfioModule({ state, world }: Machine): Folder {
  const mode: File = {
    kind: 'file',
    mode: 0o644,
    read: () => (state.isNoIommuEnabled ? 'Y\n' : 'N\n'),
    write: (text) => void (state.isNoIommuEnabled = /^[1yt]/i.test(text)),
  };
  const parameters = world.hasNoIommuMode ? folder({ enable_unsafe_noiommu_mode: mode }) : undefined;
  return folder({ initstate: constant('live\n'), parameters });
}

function procFiles(machine: Machine): Entries {
  const { world, state } = machine;
  const random = folder({ boot_id: constant(`${bootId(machine)}\n`) });
  return {
    sys: folder({ kernel: folder({ osrelease: constant(`${world.release}\n`), random }) }),
    cmdline: constant(`${commandLineOf(world, state)}\n`),
    cpuinfo: constant(`processor\t: 0\nvendor_id\t: ${world.cpuVendor}\n\n`),
    modules: constant(state.modules.map((name) => `${name} 16384 0 - Live 0x0000000000000000\n`).join('')),
    version: constant(`Linux version ${world.release}\n`),
  };
}

const NO_DEVICE: Pick<DeviceState, 'iommuGroup' | 'isNoIommu'> = {};

/** The first process, and programs that hold a VF: their names and their open files. */
function processes({ state, users }: Machine): Entries {
  const vfio = Object.entries(state.vfioHolders).map(([address, { pid, command }]) => {
    const files = {
      '9': link(`/dev/vfio/${groupName(state.devices[address] ?? NO_DEVICE)}`),
      '10': link('anon_inode:[vfio-device]'),
    };
    return [pid, command, files] as const;
  });
  const others = users.openFiles.map(({ pid, command, path }) => [pid, command, { '3': link(path) }] as const);
  const all = [[1, 'systemd', {}] as const, ...vfio, ...others];
  return Object.fromEntries(
    all.map(([pid, command, files]) => {
      const fd = folder({ '0': link('/dev/null'), ...files });
      return [pid, folder({ comm: constant(`${command}\n`), fd })] as const;
    }),
  );
}
