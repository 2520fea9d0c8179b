import { removeDevice } from '../machine/hotplug.ts';
import { type Machine } from '../machine/machine.ts';
import { totalVfs, writeNumVfs } from '../machine/vfs.ts';
import { type DeviceState } from '../state.ts';
import { constant, type Entries, Errno, type File, folder, type Folder, link, settable } from '../tree.ts';
import { netDevice } from './net-device.ts';
import { rdmaEntries } from './rdma.ts';
import { vdpaEntries } from './vdpa-bus.ts';
import { vfFolders } from './vf-folders.ts';
import { idlePower, pfPower, vfPower, wakeupSource } from './power.ts';

/** A file that only takes writes. */
const command = (mode: number, write: NonNullable<File['write']>): File => ({ kind: 'file', mode, write });
const binary = (mode: number, binarySize: number): File => ({ kind: 'file', mode, binarySize });

const NO_ERRORS = {
  correctable: 'RxErr BadTLP BadDLLP Rollover Timeout NonFatalErr CorrIntErr HeaderOF TOTAL_ERR_COR',
  uncorrectable:
    'Undefined DLP SDES TLP FCP CmpltTO CmpltAbrt UnxCmplt RxOF MalfTLP ECRC UnsupReq ACSViol UncorrIntErr BlockedTLP AtomicOpBlocked TLPBlockedErr PoisonTLPBlocked DMWrReqBlocked IDECheck MisIDETLP PCRC_CHECK TLPXlatBlocked',
};
const zeros = (names: string): string =>
  names
    .split(' ')
    .map((name) => `${name} 0\n`)
    .join('');

/** The folder of a PCI function, PF or VF. */
export function pciDevice(machine: Machine, address: string): Folder {
  const device = machine.device(address);
  // What is asked for most comes first.
  return joined([
    () => driverBinding(machine, address, device),
    () => identity(machine, address),
    () => iommu(device),
    () => interfaces(machine, address),
    () => vdpaEntries(machine, address),
    () => (device.pf ? pfEntries(machine, address, device) : vfEntries(machine, address, device)),
    () => hardware(machine, address),
  ]);
}

/** One folder of several groups of entries with different names, which are made only as far as they are looked into. */
function joined(groups: readonly (() => Entries)[]): Folder {
  return {
    kind: 'folder',
    names: () => groups.flatMap((entries) => folder(entries()).names()),
    get: (name) => {
      for (const group of groups) {
        const entries = group();
        if (Object.hasOwn(entries, name)) return folder(entries).get(name);
      }
      return undefined;
    },
  };
}

function identity(machine: Machine, address: string): Entries {
  const { vendor, subsystemVendor } = machine.model(address);
  const { device, subsystemDevice, revision, firmwareNode, irq } = machine.facts(address);
  const subclass = machine.infinibandPort(address) ? '07' : '00';
  const upper = (text: string): string => text.toUpperCase();
  const modalias = `pci:v0000${upper(vendor)}d0000${upper(device)}sv0000${upper(subsystemVendor)}sd0000${upper(subsystemDevice)}bc02sc${subclass}i00`;
  const { driver } = machine.device(address);
  const uevent = [
    ...(driver === undefined ? [] : [`DRIVER=${driver}`]),
    `PCI_CLASS=2${subclass}00`,
    `PCI_ID=${upper(vendor)}:${upper(device)}`,
    `PCI_SUBSYS_ID=${upper(subsystemVendor)}:${upper(subsystemDevice)}`,
    `PCI_SLOT_NAME=${address}`,
    `MODALIAS=${modalias}`,
  ];
  return {
    class: constant(`0x02${subclass}00\n`),
    device: constant(`0x${device}\n`),
    firmware_node: link(`../../../LNXSYSTM:00/LNXSYBUS:00/PNP0A08:00/${firmwareNode}`),
    irq: constant(`${irq}\n`),
    modalias: constant(`${modalias}\n`),
    numa_node: settable(`${machine.numaNode(address)}\n`),
    revision: constant(`0x${revision}\n`),
    subsystem: link('../../../../bus/pci'),
    subsystem_device: constant(`0x${subsystemDevice}\n`),
    subsystem_vendor: constant(`0x${subsystemVendor}\n`),
    uevent: settable(`${uevent.join('\n')}\n`),
    vendor: constant(`0x${vendor}\n`),
  };
}

function hardware(machine: Machine, address: string): Entries {
  const { linkSpeed, linkWidth } = machine.model(address);
  const { resource, resourceFiles, resetMethod, d3coldAllowed } = machine.facts(address);
  const { wasBound } = machine.device(address);
  const dmaBits = wasBound ? '64\n' : '32\n';
  return {
    aer_dev_correctable: constant(zeros(NO_ERRORS.correctable)),
    aer_dev_fatal: constant(zeros(`${NO_ERRORS.uncorrectable} TOTAL_ERR_FATAL`)),
    aer_dev_nonfatal: constant(zeros(`${NO_ERRORS.uncorrectable} TOTAL_ERR_NONFATAL`)),
    ari_enabled: constant('1\n'),
    broken_parity_status: settable('0\n'),
    config: binary(0o644, 4096),
    consistent_dma_mask_bits: constant(dmaBits),
    current_link_speed: constant(`${linkSpeed}\n`),
    current_link_width: constant(`${linkWidth}\n`),
    d3cold_allowed: settable(d3coldAllowed ? '1\n' : '0\n'),
    dma_mask_bits: constant(dmaBits),
    link: folder({ l0s_aspm: settable('0\n') }),
    local_cpulist: constant('0-1\n'),
    local_cpus: constant('3\n'),
    max_link_speed: constant(`${linkSpeed}\n`),
    max_link_width: constant(`${linkWidth}\n`),
    msi_bus: settable('1\n'),
    power_state: constant(wasBound ? 'D0\n' : 'unknown\n'),
    reset: command(0o200, () => reset(machine, address)),
    reset_method: settable(`${resetMethod}\n`),
    resource: constant(resource),
    ...Object.fromEntries(Object.entries(resourceFiles).map(([name, size]) => [name, binary(0o600, size)])),
  };
}

/** Measured: with the kernel driver bound and the interface down, the write never comes back. */
async function reset(machine: Machine, address: string): Promise<void> {
  const [, state] = machine.hostLinksOf(address)[0] ?? [];
  if (machine.device(address).vf && state && !state.up) await new Promise<never>(() => undefined);
  await machine.take(130);
}

function driverBinding(machine: Machine, address: string, device: DeviceState): Entries {
  const { driver, irqs } = device;
  const isEnabled = machine.isNetDriver(address);
  return {
    driver: driver === undefined ? undefined : link(`../../../../bus/pci/drivers/${driver}`),
    driver_override: {
      kind: 'file',
      mode: 0o644,
      read: () => `${device.override ?? '(null)'}\n`,
      write: (text) => {
        const name = text.replace(/\n$/, '');
        if (name === '') delete device.override;
        else device.override = name;
        machine.changed({ kind: 'device', name: address });
      },
    },
    enable: settable(isEnabled ? '1\n' : '0\n'),
    msi_irqs: irqs.length > 0 ? folder(Object.fromEntries(irqs.map((irq) => [irq, constant('msix\n')]))) : undefined,
    ...rdmaEntries(machine, address),
    'vfio-dev': driver === 'vfio-pci' ? () => vfioFolder(machine, address) : undefined,
    waiting_for_supplier: driver === undefined ? constant('0\n') : undefined,
  };
}

/** `vfioN`: N counts the devices that vfio-pci has. */
function vfioFolder(machine: Machine, address: string): Folder {
  return folder({ [`vfio${vfioIndex(machine, address)}`]: () => vfioDevice(address) });
}

function vfioDevice(address: string): Folder {
  return folder({
    device: link(`../../../${address}`),
    power: idlePower(),
    subsystem: link('../../../../../../class/vfio-dev'),
    uevent: settable(''),
  });
}

/** Position among the devices of vfio-pci, in order of address. */
function vfioIndex(machine: Machine, address: string): number {
  const devices = Object.keys(machine.state.devices).filter(
    (each) => machine.state.devices[each]?.driver === 'vfio-pci',
  );
  return devices.sort().indexOf(address);
}

function iommu({ iommuGroup, isNoIommu }: DeviceState): Entries {
  if (iommuGroup === undefined) return {};
  return {
    iommu: isNoIommu ? undefined : link('../../../virtual/iommu/dmar0'),
    iommu_group: link(`../../../../kernel/iommu_groups/${iommuGroup}`),
  };
}

/** The folder stands, empty, while the interface is in another network namespace. */
function interfaces(machine: Machine, address: string): Entries {
  const inner = machine.innerDeviceOf(address);
  const net = (): Folder | undefined => netFolder(machine, address);
  return inner === undefined ? { net } : { [inner]: folder({ net }) };
}

function netFolder(machine: Machine, address: string): Folder | undefined {
  const links = machine.linksOf(address);
  if (links.length === 0) return undefined;
  const entries = links.flatMap(([name, state]) =>
    state.namespace === undefined ? [[name, () => netDevice(machine, name, state)] as const] : [],
  );
  return folder(Object.fromEntries(entries));
}

function pfEntries(machine: Machine, address: string, device: DeviceState): Entries {
  const { driverEntries, sriov } = machine.model(address);
  const index = device.pf?.index ?? 0;
  const mac = device.pf?.mac ?? '';
  return {
    power: pfPower(),
    remove: command(0o220, () => removeDevice(machine, address)),
    rescan: command(0o200, () => undefined),
    wakeup: folder({ [`wakeup${FIRST_WAKEUP + index}`]: () => folder(wakeupSource(address)) }),
    ...(machine.isNetDriver(address) && driverEntries ? driverEntries({ index, mac, address }) : {}),
    ...(sriov && isSriovOn(machine, address) ? sriovEntries(machine, address) : {}),
  };
}

/** Wakeup sources before it belong to the platform. */
const FIRST_WAKEUP = 15;

/** With SR-IOV switched off in the firmware the device has no such capability. */
function isSriovOn({ world }: Machine, address: string): boolean {
  return world.nics.find((nic) => nic.address === address)?.firmware.sriovEnabled !== false;
}

function sriovEntries(machine: Machine, address: string): Entries {
  const pf = machine.pf(address);
  const links = pf.state.vfs.map(
    (vf, index) => [`virtfn${index}`, vf === null ? undefined : link(`../${vf}`)] as const,
  );
  return {
    sriov_drivers_autoprobe: {
      kind: 'file',
      mode: 0o644,
      read: () => `${pf.state.autoprobe ? 1 : 0}\n`,
      write: (text) => {
        pf.state.autoprobe = parseBoolean(text);
        machine.changed({ kind: 'device', name: address });
      },
    },
    sriov_numvfs: {
      kind: 'file',
      mode: 0o644,
      // Reading waits for the device's lock as well.
      read: () => machine.lockOf(address).run(() => `${pf.state.vfs.length}\n`),
      write: (text) => writeNumVfs(machine, address, text),
    },
    sriov_offset: constant(`${pf.vfOffset}\n`),
    sriov_stride: constant(`${pf.sriov.stride}\n`),
    sriov_totalvfs: constant(`${totalVfs(machine, pf)}\n`),
    sriov_vf_device: constant(`${pf.sriov.vf.device}\n`),
    sriov_vf_total_msix: constant('0\n'),
    sriov: () => vfFolders(machine, address),
    ...Object.fromEntries(links),
  };
}

/** As kstrtobool reads. @throws {Errno} `EINVAL` */
function parseBoolean(text: string): boolean {
  if (/^(1|y|t|on)/i.test(text)) return true;
  if (/^(0|n|f|of)/i.test(text)) return false;
  throw new Errno('EINVAL');
}

function vfEntries(machine: Machine, address: string, device: DeviceState): Entries {
  const pf = device.vf?.pf ?? '';
  // The link goes first when a VF is removed, and the VF only when nobody holds it any more.
  const isStaying = machine.state.devices[pf]?.pf?.vfs.includes(address) === true;
  return {
    physfn: isStaying ? link(`../${pf}`) : undefined,
    power: vfPower(device.driver),
    sriov_vf_msix_count: command(0o200, () => {
      throw new Errno('ENOTSUP');
    }),
  };
}
