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

/**
 * Asks systemd of the host for a reboot, and returns before it begins. It runs in a unit of its own, because the daemon
 * ends on the way. The kubelet is stopped first, so that it does not take the end of its pods for something to repair.
 * As long as an earlier request is under way, systemd refuses another one.
 * @throws {CommandError} {@link KernelError}
 */
export async function rebootHost(kernel: Kernel): Promise<void> {
  const words = ['--collect', `--unit=${REBOOT_UNIT}`, '--description=reboot of the node by sriov-network-operator'];
  const script = 'systemctl stop kubelet.service; systemctl reboot';
  await run(kernel, ['systemd-run', ...words, '/bin/sh', '-c', script], { onHost: true });
}
