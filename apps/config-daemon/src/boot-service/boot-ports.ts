import { type Kernel, type Programs, type UnitFolder } from '@sriov/host';
import { type BootServiceFacts } from '@sriov/node-plan';
import { type JournalFolder } from '../journal/journal.ts';

/** What the boot service of a host is looked at and changed through. */
export interface BootPorts {
  readonly kernel: Kernel;
  /** The state folder, and where it is on the host. */
  readonly folder: JournalFolder;
  readonly stateFolder: string;
  /** `/etc/systemd/system` of the host. */
  readonly unitFolder: UnitFolder;
  readonly programs: Programs;
  readonly mode: BootServiceFacts['mode'];
  readonly managesBridges: boolean;
}
