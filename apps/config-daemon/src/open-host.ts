import { dirname } from 'node:path';
import {
  GRUB_FOLDER,
  type GrubFolder,
  type HostEvents,
  HostKernel,
  type Kernel,
  MODPROBE_FOLDER,
  ProgramFolder,
  type Programs,
  StateFolder,
  UDEV_FOLDER,
  type UdevFolder,
  type UnitFolder,
} from '@sriov/host';
import { GUID_FILE, PROGRAM_FOLDER, UNIT_FOLDER } from '@sriov/node-plan';
import { HANDOVER_FOLDER } from '@sriov/plugin-handover';
import { type Clock, type Logger } from '@sriov/runtime';
import { type JournalFolder } from './journal/journal.ts';
import { type HandoverFolder } from './device-plugin/handover-file.ts';
import { type ModprobeFolder } from './steps/apply-node-steps.ts';
import { HttpMetadata } from './platform/http-metadata.ts';
import { type MetadataService } from './platform/metadata-service.ts';
import { type Settings } from './settings.ts';

/** A host: its kernel, and the folder on it for what must survive the daemon. */
export interface OpenedHost {
  readonly kernel: Kernel;
  readonly folder: JournalFolder;
  /** Changes of the file with GUIDs in that folder; absent where the folder is in memory. */
  readonly guidEvents?: HostEvents;
  /** Where config daemon and device plugin meet. */
  readonly handoverFolder: HandoverFolder;
  /** `/etc/udev` of the host. */
  readonly udevFolder: UdevFolder;
  /** `/etc/modprobe.d`. */
  readonly modprobeFolder: ModprobeFolder;
  /** `/etc/default/grub.d`. */
  readonly grubFolder: GrubFolder;
  /** `/etc/systemd/system`. */
  readonly unitFolder: UnitFolder;
  /** Programs that the host runs without a container. */
  readonly programs: Programs;
  /** What the platform under a virtual machine answers with. */
  readonly metadata: MetadataService;
}

/** Opens the host that the settings name. */
export type OpenHost<S extends Settings = Settings> = (
  settings: S,
  context: { readonly log: Logger; readonly clock: Clock },
) => OpenedHost;

/** The machine itself. Simulated machines, see `simulated/`, are not part of the program that runs with privileges. */
export const openHost: OpenHost = ({ hostRoot, stateFolder, namespace, podName }) => {
  const root = hostRoot === '/' ? '' : hostRoot;
  const folder = new StateFolder(`${root}${stateFolder}`);
  const kernel = new HostKernel({ hostRoot, pod: podName && `${namespace}/${podName}` });
  const script = process.argv[1] ?? '';
  return {
    kernel,
    folder,
    guidEvents: folder.eventsOf(dirname(GUID_FILE)),
    handoverFolder: new StateFolder(`${root}${HANDOVER_FOLDER}`),
    udevFolder: new StateFolder(`${root}${UDEV_FOLDER}`),
    modprobeFolder: new StateFolder(`${root}${MODPROBE_FOLDER}`),
    grubFolder: new StateFolder(`${root}${GRUB_FOLDER}`),
    unitFolder: new StateFolder(`${root}${UNIT_FOLDER}`),
    programs: new ProgramFolder({ kernel, root, path: PROGRAM_FOLDER, script }),
    metadata: new HttpMetadata(),
  };
};
