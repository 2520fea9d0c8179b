import { hostEvents, type Kernel, ovsEvents, podEvents } from '@sriov/host';
import { type FollowPorts, followSources } from '@sriov/runtime';

/** Ports for following the host. */
export interface WatchHostPorts extends Omit<FollowPorts, 'sources' | 'lookMs'> {
  readonly kernel: Pick<Kernel, 'watch'>;
  /** Whether Open vSwitch matters as well. */
  readonly managesBridges?: boolean;
}

/**
 * Events of the host cause at most one look in so many milliseconds: pods come and go, each with its veth. The status
 * shows a change within a second all the same.
 */
const LOOK_MS = 750;

/** Wakes the daemon when the host reports a change, and by the clock in case it reported none. */
export function watchHost(
  { kernel, managesBridges = false, ...ports }: WatchHostPorts,
  wake: (delayMs: number) => void,
  signal: AbortSignal,
): Promise<void> {
  const sources = [...hostEvents(kernel), podEvents(kernel), ...(managesBridges ? [ovsEvents(kernel)] : [])];
  return followSources({ ...ports, sources, lookMs: LOOK_MS }, wake, signal);
}
