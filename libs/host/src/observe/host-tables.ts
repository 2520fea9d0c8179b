import { type DevlinkPort, type ESwitchTable, readESwitches } from '../drivers/devlink.ts';
import { readPorts } from '../drivers/representors.ts';
import { FolderLists } from '../kernel/folder-lists.ts';
import { type Kernel } from '../kernel/kernel.ts';
import { readUseTables, type UseTables } from '../uses/device-uses.ts';

/** Facts that are read once for all devices. */
export interface HostTables extends UseTables {
  readonly devlink: ESwitchTable;
  /** Ports of all devlink devices; none where no eSwitch is in switchdev mode, because nobody needs them then. */
  readonly ports: readonly DevlinkPort[];
  /** PCI addresses of PFs whose options for hardware offload are looked at. */
  readonly offloading: ReadonlySet<string>;
  readonly folders: FolderLists;
}

/** How much is read. */
export interface TablesScope extends Pick<HostTables, 'offloading'> {
  /** Also what the kubelet has given to pods, and the open files of all processes. */
  readonly isClose: boolean;
}

/** Reads them. */
export async function readTables(kernel: Kernel, { isClose, offloading }: TablesScope): Promise<HostTables> {
  const folders = new FolderLists(kernel);
  const [uses, devlink] = await Promise.all([readUseTables(kernel, isClose), readESwitches(kernel, folders)]);
  const hasRepresentors = [...devlink.eSwitches.values()].some(({ mode }) => mode === 'switchdev');
  const ports = hasRepresentors ? await readPorts(kernel) : [];
  return { ...uses, devlink, offloading, ports, folders };
}
