import { type DevlinkPort, type ESwitchTable, readESwitchModes } from '../drivers/devlink.ts';
import { readPorts } from '../drivers/representors.ts';
import { type Kernel } from '../kernel/kernel.ts';
import { readUseTables, type UseTables } from '../uses/device-uses.ts';

/** Facts that are read once for all devices. */
export interface HostTables extends UseTables {
  readonly eSwitches: ESwitchTable;
  /** Ports of all devlink devices; none where no eSwitch is in switchdev mode, because nobody needs them then. */
  readonly ports: readonly DevlinkPort[];
}

/** Reads them; with `isClose` also what the kubelet has given to pods, and the open files of all processes. */
export async function readTables(kernel: Kernel, isClose: boolean): Promise<HostTables> {
  const [uses, eSwitches] = await Promise.all([readUseTables(kernel, isClose), readESwitchModes(kernel)]);
  const hasRepresentors = [...eSwitches.modes.values()].includes('switchdev');
  return { ...uses, eSwitches, ports: hasRepresentors ? await readPorts(kernel) : [] };
}
