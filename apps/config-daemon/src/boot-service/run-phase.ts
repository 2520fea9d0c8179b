import { SYNC_STATUS } from '@sriov/api';
import { messageOf } from '@sriov/errors';
import { beforeKubelet, type Kernel, readBootId, run } from '@sriov/host';
import {
  begun,
  BOOT_FILES,
  type BootConfig,
  type BootPhase,
  type BootResult,
  bootResultText,
  describePlan,
  ended,
  isDue,
  readBootConfig,
  readBootResult,
  verdictOf,
} from '@sriov/node-plan';
import { type Clock, type Logger } from '@sriov/runtime';
import { converge } from '../converge.ts';
import { DevicePlugin } from '../device-plugin/device-plugin.ts';
import { type HandoverFolder } from '../device-plugin/handover-file.ts';
import { type HostPorts } from '../gather.ts';
import { Journal, type JournalFolder } from '../journal/journal.ts';
import { type OpenedHost } from '../open-host.ts';

/** What a phase works with: the host itself, without a container. */
export interface PhasePorts extends Pick<OpenedHost, 'kernel' | 'udevFolder' | 'modprobeFolder'> {
  readonly folder: JournalFolder;
  readonly clock: Clock;
  readonly log: Pick<Logger, 'info' | 'warn'>;
}

/**
 * Runs one phase of the boot service, by the planner of the daemon: what its file says is made of the host. A result
 * stands in the state folder before anything is done, and when the phase has ended, whatever becomes of it. Returns the
 * result; nothing where the phase is not to be run, because it was, or because the daemon has run in this boot.
 * @throws when the result cannot be written, or the boot id cannot be read
 */
export async function runPhase(ports: PhasePorts, phase: BootPhase): Promise<BootResult | undefined> {
  const { kernel, folder, log } = ports;
  const bootId = await readBootId(kernel);
  const before = readBootResult((await folder.read(BOOT_FILES.result)) ?? '');
  const config = await readConfig(folder);
  if (!isDue(phase, before, bootId) || isOfBoot(config, bootId)) {
    log.info({ phase }, 'nothing is done: this boot is over, and the daemon cares for the host');
    return undefined;
  }
  await write(folder, begun(phase, bootId));
  const failure = typeof config === 'string' ? config : await make(ports, config, phase);
  const earlier = before?.bootId === bootId ? before.lastSyncError : '';
  const result = ended(phase, { failure, before: earlier, bootId });
  await write(folder, result);
  return result;
}

/** Whether the daemon has written the file in the boot. */
function isOfBoot(config: BootConfig | string, bootId: string): boolean {
  return typeof config === 'object' && config.bootId === bootId;
}

function write(folder: JournalFolder, result: BootResult): Promise<void> {
  return folder.write(BOOT_FILES.result, bootResultText(result));
}

/** The file, or why it cannot be used. */
async function readConfig(folder: JournalFolder): Promise<BootConfig | string> {
  try {
    const text = await folder.read(BOOT_FILES.config);
    const config = text === undefined ? 'there is none' : readBootConfig(text);
    return typeof config === 'string' ? `${BOOT_FILES.config} of the state folder cannot be used: ${config}` : config;
  } catch (error) {
    return messageOf(error);
  }
}

/** Longest wait for drivers that udev loads, in seconds. */
const SETTLE_S = 60;

/** Makes the host what the file says, as far as the phase goes. Returns why that is not so afterwards; never rejects. */
async function make(ports: PhasePorts, config: BootConfig, phase: BootPhase): Promise<string | undefined> {
  const { kernel, log } = ports;
  if (phase === 'pre') await untilDriversAreLoaded(kernel, log);
  try {
    const { spec } = config;
    const plannedFrom = new Set((spec.interfaces ?? []).map(({ pciAddress }) => pciAddress));
    const wanted = { spec, plannedFrom, allowHostInterfaces: true, ...(phase === 'pre' && { untilNetwork: true }) };
    const end = await converge(portsOf(ports, config, phase), wanted, {
      onStep: () => undefined,
      onPlan: (plan) => {
        log.info({ phase, plan: describePlan(plan) }, 'changing the host');
        return Promise.resolve();
      },
    });
    const { syncStatus, message } = verdictOf(end);
    return syncStatus === SYNC_STATUS.succeeded ? undefined : message;
  } catch (error) {
    return messageOf(error);
  }
}

/** A NIC whose driver comes later still has the second phase, and then the daemon. */
async function untilDriversAreLoaded(kernel: Kernel, log: PhasePorts['log']): Promise<void> {
  try {
    const deadlineMs = (SETTLE_S + 10) * 1000;
    await run(kernel, ['udevadm', 'settle', `--timeout=${SETTLE_S}`], { onHost: true, deadlineMs });
  } catch (error) {
    log.warn(`not all drivers may have been loaded yet: ${messageOf(error)}`);
  }
}

/** Firmware, kernel arguments and reboots are the daemon's, and so is the platform under a virtual machine. */
function portsOf(
  { kernel: whole, folder, udevFolder, modprobeFolder, clock }: PhasePorts,
  { manageSoftwareBridges }: BootConfig,
  phase: BootPhase,
): HostPorts {
  const kernel = beforeKubelet(whole);
  return {
    kernel,
    journal: new BootJournal(folder),
    plugin: new DevicePlugin({ kernel, folder: nobodyReads, clock }),
    udevFolder,
    modprobeFolder,
    // Open vSwitch starts with the network.
    managesBridges: manageSoftwareBridges && phase === 'post',
  };
}

/** No device plugin runs yet. */
const nobodyReads: HandoverFolder = {
  read: () => Promise.resolve(undefined),
  write: () => Promise.resolve(),
};

/** A device plugin that starts later knows all VFs, and need not be started again for them. */
class BootJournal extends Journal {
  override recordPlugin(): Promise<void> {
    return Promise.resolve();
  }
}
