import { HostKernel, type Kernel, StateFolder } from '@sriov/host';
import { type Clock, type Logger } from '@sriov/runtime';
import { type JournalFolder } from './journal/journal.ts';
import { type Settings } from './settings.ts';

/** A host: its kernel, and the folder on it for what must survive the daemon. */
export interface OpenedHost {
  readonly kernel: Kernel;
  readonly folder: JournalFolder;
}

/** Opens the host that the settings name. */
export type OpenHost<S extends Settings = Settings> = (
  settings: S,
  context: { readonly log: Logger; readonly clock: Clock },
) => OpenedHost;

/** The machine itself. Simulated machines, see `simulated/`, are not part of the program that runs with privileges. */
export const openHost: OpenHost = ({ hostRoot, stateFolder }) => ({
  kernel: new HostKernel({ hostRoot }),
  folder: new StateFolder(`${hostRoot === '/' ? '' : hostRoot}${stateFolder}`),
});
