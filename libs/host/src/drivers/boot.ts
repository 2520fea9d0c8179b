import { type ObservedBoot } from '@sriov/observed-host';
import { run } from '../kernel/commands.ts';
import { type Kernel } from '../kernel/kernel.ts';
import { listNames, readAttribute } from '../kernel/sysfs.ts';

/** Tells one boot of the host from the next. @throws {KernelError} */
export async function readBootId(kernel: Kernel): Promise<string> {
  return (await kernel.read('/proc/sys/kernel/random/boot_id')).trim();
}

/** Looks at how the running kernel was booted. @throws {KernelError} */
export async function readBoot(kernel: Kernel): Promise<ObservedBoot> {
  const [bootId, line, processors, iommus] = await Promise.all([
    readBootId(kernel),
    kernel.read('/proc/cmdline'),
    readAttribute(kernel, '/proc/cpuinfo'),
    listNames(kernel, '/sys/class/iommu'),
  ]);
  const words = line.split(/\s+/).filter((word) => word !== '');
  return { bootId, arguments: words, processor: processorOf(processors ?? ''), hasIommu: iommus.length > 0 };
}

/**
 * By the first processor. Hygon has the IOMMU of AMD, Zhaoxin (as Centaur or Shanghai) that of Intel; those of ARM have
 * no `vendor_id`, and s390x has `IBM/S390`.
 */
function processorOf(cpuinfo: string): ObservedBoot['processor'] {
  switch (/^vendor_id\s*:\s*(.*?)\s*$/m.exec(cpuinfo)?.[1]) {
    case 'GenuineIntel':
    case 'CentaurHauls':
    case 'Shanghai':
      return 'intel';
    case 'AuthenticAMD':
    case 'HygonGenuine':
      return 'amd';
    default:
      return 'other';
  }
}

/** The unit of systemd that reboots the host, as upstream has named it. */
const REBOOT_UNIT = 'sriov-network-config-daemon-reboot';

/** A NIC whose firmware is started anew on the way to a reboot. */
export interface FirmwareReset {
  /** The port to tell it by. */
  readonly pciAddress: string;
  /** All its ports: it is refused while one of them has VFs. */
  readonly ports: readonly string[];
}

/**
 * Asks systemd of the host for a reboot, and returns before it begins. It runs in a unit of its own, because the daemon
 * ends on the way. The kubelet is stopped first, so that it does not take the end of its pods for something to repair.
 * As long as an earlier request is under way, systemd refuses another one.
 *
 * Firmware that does not load its settings at a warm start of the host is started anew in between, by the host's own
 * `mstfwreset` where there is one. Its NIC does not work again before the reboot, so the reboot comes whatever becomes
 * of that: the journal of the unit has what is printed.
 * @throws {CommandError} {@link KernelError}
 */
export async function rebootHost(kernel: Kernel, resets: readonly FirmwareReset[] = []): Promise<void> {
  const words = ['--collect', `--unit=${REBOOT_UNIT}`, '--description=reboot of the node by sriov-network-operator'];
  const script = ['systemctl stop kubelet.service', ...resetLines(resets), 'systemctl reboot'].join('; ');
  await run(kernel, ['systemd-run', ...words, '/bin/sh', '-c', script], { onHost: true });
}

/** A start of the firmware takes 10 to 30 s, and several minutes with a BlueField. */
const RESETS_SECONDS = 300;

/** A shell that does one NIC after the other, beside another one that does not wait for it for ever. */
function resetLines(resets: readonly FirmwareReset[]): string[] {
  const told = resets.filter(({ pciAddress, ports }) => [pciAddress, ...ports].every(isAddress));
  if (told.length === 0) return [];
  const lines = told.flatMap(({ pciAddress, ports }) => [
    ...ports.map((port) => `echo 0 > /sys/bus/pci/devices/${port}/sriov_numvfs`),
    `mstfwreset -d ${pciAddress} --skip_driver -l 3 -y reset`,
  ]);
  const waiting = `n=0; while kill -0 $! && [ $n -lt ${RESETS_SECONDS} ]; do sleep 1; n=$((n+1)); done`;
  return [`if command -v mstfwreset; then { ${lines.join('; ')}; } & ${waiting}; fi`];
}

/** Nothing else becomes part of a line for a shell. */
function isAddress(text: string): boolean {
  return /^[0-9a-f]{4,}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]$/.test(text);
}
