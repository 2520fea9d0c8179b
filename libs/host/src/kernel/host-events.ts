import { type Kernel, type KernelEvent } from './kernel.ts';

/** A source of events about the host. */
export interface HostEvents {
  /** For people. */
  readonly what: string;
  /** Calls `tell` at each event until the signal aborts. Rejects when the source ends before that. */
  readonly open: (tell: () => void, signal: AbortSignal) => Promise<void>;
}

/** All that a host tells of its devices by itself: changes of links, and of devices and their drivers. */
export function hostEvents(kernel: Pick<Kernel, 'watch'>): HostEvents[] {
  return (['link', 'device'] as const).map((source) => eventsOf(kernel, source));
}

/** The pods of the node come and go: those that go give back their devices. */
export function podEvents(kernel: Pick<Kernel, 'watch'>): HostEvents {
  return eventsOf(kernel, 'pod');
}

/** Open vSwitch starts or stops. */
export function ovsEvents(kernel: Pick<Kernel, 'watch'>): HostEvents {
  return eventsOf(kernel, 'ovs');
}

const eventsOf = (kernel: Pick<Kernel, 'watch'>, source: KernelEvent['kind']): HostEvents => ({
  what: `the ${source} events of the host`,
  open: (tell, signal) => kernel.watch(source, tell, signal),
});
