import { join } from 'node:path';
import { AGENT_PORT } from '../guest/protocol.ts';
import { type Supplies } from '../supplies/supplies.ts';

/** A port of the guest: an Intel 82576 (igb) with SR-IOV, behind a root port of its own, so that it can be pulled. */
export interface Nic {
  /** Names the device, and with `rp` before it the root port. */
  readonly id: string;
  readonly slot: number;
  readonly mac: string;
}

/** The two ports of each guest; both hang on one hub, which is their wire. */
export const NICS: readonly Nic[] = [
  { id: 'nic1', slot: 1, mac: '52:54:00:aa:00:10' },
  { id: 'nic2', slot: 2, mac: '52:54:00:aa:00:20' },
];

/** The arguments of `device_add` that bring a port (back). */
export function nicDevice({ id, slot, mac }: Nic): Readonly<Record<string, string>> {
  return { driver: 'igb', id, bus: `rp${slot}`, netdev: `p${slot}`, mac, romfile: '' };
}

/**
 * A periodic timer: on a busy machine the emulation loses an interrupt now and then, and a processor of the guest that
 * had asked for a single one would sleep for good.
 */
const KERNEL_ARGUMENTS = 'console=ttyS0 panic=-1 quiet no_timer_check nohz=off highres=off';

/**
 * One processor: with two, the emulation's threads race under load. Interrupts got lost in the middle of a run, and an
 * assertion in QEMU's physmem.c ended it while the guest laid out its devices.
 */
const PROCESSORS = '1';

/** What a machine can become when it is started again. */
export interface Firmware {
  /** Model of the processor, as QEMU's option `-cpu` takes it. */
  readonly processor: string;
  /** VT-d is not turned off in the setup of the firmware. */
  readonly hasIommu: boolean;
  /** What the boot loader gives to the kernel beside what the emulation needs. */
  readonly kernelArguments: string;
}

/** As machines for SR-IOV are set up: the IOMMU is on. */
export const USUAL_FIRMWARE: Firmware = {
  processor: 'max',
  hasIommu: true,
  kernelArguments: 'intel_iommu=on iommu=pt',
};

/** What differs from one kind of guest to another. */
export interface Machine extends Firmware {
  /** Image of its first root file system, whose `/init` is its first program. */
  readonly initramfs: string;
  /** In MiB. */
  readonly memory: number;
  /** Paths of raw images, which it writes to: `/dev/vda` and so on. */
  readonly disks: readonly string[];
}

/**
 * The command line of a guest: q35 with VT-d, emulated without KVM, because what looks like KVM is often none that
 * boots a stock kernel.
 * @param folder holds the sockets, and `share`, which is /host in the guest
 */
export function qemuCommand(supplies: Supplies, machine: Machine, folder: string): { command: string; args: string[] } {
  const { qemu, kernelImage } = supplies;
  const device = (...parts: string[]): string[] => ['-device', parts.join(',')];
  const socket = (id: string): string[] => ['-chardev', `socket,id=${id},path=${join(folder, `${id}.sock`)}`];
  const args = [
    ...qemu.args,
    ...[
      '-machine',
      'q35,kernel-irqchip=split',
      '-accel',
      'tcg,thread=multi',
      '-cpu',
      machine.processor,
      '-smp',
      PROCESSORS,
      '-m',
      `${machine.memory}`,
    ],
    ...['-nodefaults', '-display', 'none', '-serial', 'stdio'],
    // It has to stand before the devices that it translates for.
    ...(machine.hasIommu ? device('intel-iommu', 'intremap=on', 'caching-mode=on') : []),
    ...['-kernel', kernelImage, '-initrd', machine.initramfs],
    ...['-append', `${KERNEL_ARGUMENTS} ${machine.kernelArguments}`],
    ...[
      '-netdev',
      'user,id=n0,ipv6=off',
      ...device('virtio-net-pci', 'netdev=n0', 'romfile='),
      ...device('virtio-rng-pci'),
    ],
    ...machine.disks.flatMap((path, index) => [
      // What the guest has written survives its end, but not that of this machine, and need not.
      ...['-drive', `file=${path},if=none,id=disk${index},format=raw,cache=unsafe`],
      ...device('virtio-blk-pci', `drive=disk${index}`),
    ]),
    ...share('host', join(folder, 'share'), ''),
    ...share('node', supplies.nodeFolder, ',readonly=on'),
    ...[
      ...socket('agent'),
      ...device('virtio-serial-pci'),
      ...device('virtserialport', 'chardev=agent', `name=${AGENT_PORT}`),
    ],
    ...[...socket('qmp'), '-mon', 'chardev=qmp,mode=control'],
    ...NICS.flatMap(({ slot }) => [
      ...device(
        'pcie-root-port',
        `id=rp${slot}`,
        `chassis=${slot}`,
        `slot=${slot}`,
        `addr=0x10.${slot - 1}`,
        ...(slot === 1 ? ['multifunction=on'] : []),
      ),
      ...['-netdev', `hubport,id=p${slot},hubid=0`],
    ]),
    ...NICS.flatMap((nic) =>
      device(...Object.entries(nicDevice(nic)).map(([key, value]) => (key === 'driver' ? value : `${key}=${value}`))),
    ),
  ];
  return { command: qemu.command, args };
}

function share(tag: string, path: string, options: string): string[] {
  return [
    ...['-fsdev', `local,id=${tag},path=${path},security_model=none${options}`],
    ...['-device', `virtio-9p-pci,fsdev=${tag},mount_tag=${tag}`],
  ];
}
