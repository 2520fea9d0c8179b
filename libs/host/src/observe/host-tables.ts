import { type ESwitchTable, readESwitchModes } from '../drivers/devlink.ts';
import { type Kernel } from '../kernel/kernel.ts';
import { readUseTables, type UseTables } from '../uses/device-uses.ts';

/** Facts that are read once for all devices. */
export interface HostTables extends UseTables {
  readonly eSwitches: ESwitchTable;
}

/** Reads them; with `isClose` also what the kubelet has given to pods, and the open files of all processes. */
export async function readTables(kernel: Kernel, isClose: boolean): Promise<HostTables> {
  const [uses, eSwitches] = await Promise.all([readUseTables(kernel, isClose), readESwitchModes(kernel)]);
  return { ...uses, eSwitches };
}
