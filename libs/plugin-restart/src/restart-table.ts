import { type PluginState } from './plugin-record.ts';

/** The events of the state machine, in the order of a pass. */
export type RestartEvent =
  /** The pass is about to change VFs that belong to a resource, or did. */
  | 'vfs-will-change'
  /** No planned node state has the hash of a configuration. */
  | 'config-untold'
  /** The node state has a hash, and it is not known with which configuration the pods run. */
  | 'config-first'
  /** The hash is that of the configuration with which the pods run. */
  | 'config-same'
  /** The hash is another one. */
  | 'config-another'
  /** A device plugin is there that learns of VFs and configurations without a restart. */
  | 'plugin-learns'
  /** The VFs of some PF can still change. */
  | 'host-unsettled'
  /** The VFs that the device plugin finds now stay as they are. */
  | 'host-settled'
  /** Pods that have missed something are there. */
  | 'pods-present'
  /** No such pod is there. */
  | 'pods-absent'
  /** They were deleted. */
  | 'pods-deleted';

/** What is to be done after the record was written. */
export type RestartAction =
  | 'none'
  /** Restart, but not in this pass. */
  | 'wait'
  /** Look up the pods of the device plugin on this node. */
  | 'list-pods'
  /** Delete the pods that the record names. */
  | 'delete-pods'
  /** Tell the log, the metrics and an Event. */
  | 'report';

/** One row of the table. */
export interface Transition {
  readonly next: PluginState;
  readonly action: RestartAction;
  /** The row in words, for people. */
  readonly sentence: string;
}

const to = (next: PluginState, action: RestartAction, sentence: string): Transition => ({ next, action, sentence });

type Transitions = Readonly<Partial<Record<RestartEvent, Transition>>>;

/** How a restart goes, whatever made it necessary. */
const restartFrom = (state: PluginState): Transitions => ({
  'plugin-learns': to('current', 'none', 'a device plugin that learns without a restart misses nothing'),
  'host-unsettled': to(state, 'wait', 'restart the device plugin later'),
  'host-settled': to(state, 'list-pods', 'restart the device plugin'),
  'pods-present': to('restarting', 'delete-pods', 'delete the pods that have missed something, and no others'),
  'pods-absent': to('current', 'none', 'no pod is left that has missed anything'),
});

/** When the device plugin is restarted. An event without a row in a state changes nothing. */
export const RESTART_TABLE: Readonly<Record<PluginState, Transitions>> = {
  current: {
    'vfs-will-change': to('owed', 'none', 'the pods miss VFs that change'),
    'config-first': to('current', 'none', 'the pods are taken to run with the first configuration that is told'),
    'config-another': to('outdated', 'none', 'the pods miss the new configuration'),
  },
  outdated: {
    'vfs-will-change': to('owed', 'none', 'the pods miss VFs that change, beside the new configuration'),
    'config-untold': to('current', 'none', 'the new configuration was withdrawn before any pod was deleted'),
    'config-same': to('current', 'none', 'the configuration has changed back before any pod was deleted'),
    ...restartFrom('outdated'),
  },
  owed: {
    'vfs-will-change': to('owed', 'none', 'the pods miss further VFs that change'),
    'config-untold': to('owed', 'none', 'a configuration that was withdrawn is no reason'),
    'config-same': to('owed', 'none', 'a configuration that has changed back is no reason'),
    'config-another': to('owed', 'none', 'the pods miss the new configuration as well'),
    ...restartFrom('owed'),
  },
  restarting: {
    'vfs-will-change': to('owed', 'none', 'pods that came since miss VFs that change, so all pods are meant'),
    'config-another': to(
      'owed',
      'none',
      'pods that came since may run with an earlier configuration, so all are meant',
    ),
    ...restartFrom('restarting'),
    'pods-deleted': to('current', 'report', 'restarted the device plugin'),
  },
};
