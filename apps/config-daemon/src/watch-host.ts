import { type HostEvents, hostEvents, type Kernel, ovsEvents, podEvents } from '@sriov/host';
import { type FollowPorts, followSources } from '@sriov/runtime';

/** Ports for following the host. */
export interface WatchHostPorts extends Omit<FollowPorts, 'sources'> {
  readonly kernel: Pick<Kernel, 'watch'>;
  /** Whether Open vSwitch matters as well. */
  readonly managesBridges?: boolean;
  /** Changes of the file with GUIDs, which an administrator writes; absent where nobody can. */
  readonly guidEvents?: HostEvents | undefined;
}

/** Wakes the daemon when the host reports a change, and by the clock in case it reported none. */
export function watchHost(
  { kernel, managesBridges = false, guidEvents, ...ports }: WatchHostPorts,
  wake: (delayMs: number) => void,
  signal: AbortSignal,
): Promise<void> {
  const sources = [
    ...hostEvents(kernel),
    podEvents(kernel),
    ...(managesBridges ? [ovsEvents(kernel)] : []),
    ...(guidEvents ? [guidEvents] : []),
  ];
  return followSources({ ...ports, sources }, wake, signal);
}
