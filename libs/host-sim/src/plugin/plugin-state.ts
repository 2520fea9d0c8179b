import { type SyncAnswer } from '@sriov/plugin-handover';

/** The operator's device plugin on a machine, and what its kubelet knows from it, as plain JSON. */
export interface PluginState {
  /** Instances that serve, as their sockets name them. */
  running: string[];
  /** Instances that were killed: their sockets are still there. */
  killed: string[];
  /** The hand-over file as an instance has read it last; absent when there was none. */
  read?: string;
  /** PCI addresses of the VFs that the kubelet can give to pods. */
  allocatable: string[];
  /** VFs that the kubelet is just being given for a pod. */
  allocating: string[];
  /** It offers what it should not. */
  isDisobedient?: true;
  /** The kubelet does not take note of what it says. */
  isUnheard?: true;
  /** What it answers beside what the machine shows. */
  says?: Partial<SyncAnswer>;
}

/** No instance was ever there. */
export function noPlugin(): PluginState {
  return { running: [], killed: [], allocatable: [], allocating: [] };
}
