import { HostKernel, StateFolder } from '@sriov/host';
import { type Clock, type Logger } from '@sriov/runtime';
import { type HostPorts } from './gather.ts';
import { Journal } from './journal.ts';
import { type Settings } from './settings.ts';

/** Opens the host that the settings name: its kernel, and the journal on it. */
export type OpenHost<S extends Settings = Settings> = (
  settings: S,
  context: { readonly log: Logger; readonly clock: Clock },
) => HostPorts;

/** The machine itself. The simulated ones are no part of what runs with privileges: see `simulated/`. */
export const openHost: OpenHost = ({ hostRoot, stateFolder }) => ({
  kernel: new HostKernel({ hostRoot }),
  journal: new Journal(new StateFolder(`${hostRoot === '/' ? '' : hostRoot}${stateFolder}`)),
});
