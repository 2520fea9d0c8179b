import {
  type DevicePluginConfig,
  type NodeStateSpec,
  type PlannedFrom,
  readDevicePluginConfig,
  readPlannedFrom,
  type SriovNetworkNodeState,
} from '@sriov/api';
import { type Kernel, lookCloser, observeHost, type UdevFolder } from '@sriov/host';
import { type HostFacts, type InitialPf, isOperatorFile } from '@sriov/node-plan';
import { configHash } from '@sriov/runtime';
import { type DevicePlugin } from './device-plugin/device-plugin.ts';
import { type Journal, type JournalEntries } from './journal/journal.ts';
import { type ModprobeFolder } from './steps/apply-node-steps.ts';
import { type HeldRdmaMode } from './steps/held-rdma-mode.ts';
import { readUpstreamMtus } from './journal/upstream-checkpoint.ts';

/** What the daemon looks at. */
export interface LookPorts {
  readonly kernel: Kernel;
  readonly journal: Journal;
  /** Is called at each look with a sentence that people should know, and that keeps nothing from being done. */
  readonly onWarning?: (sentence: string) => void;
  /** `/etc/udev` of the host; absent where its files are none of the daemon's business. */
  readonly udevFolder?: UdevFolder;
  /** Whether the bridges of Open vSwitch are the daemon's business. */
  readonly managesBridges?: boolean;
}

/** What the daemon looks at and writes to. */
export interface HostPorts extends LookPorts {
  readonly plugin: DevicePlugin;
  /** `/etc/modprobe.d` of the host. */
  readonly modprobeFolder: ModprobeFolder;
}

/** How the host should be, and how much may be done for it. */
export interface Wanted {
  readonly spec: NodeStateSpec;
  /** The PFs that the spec was planned from; absent as long as it was not planned, and nothing is changed then. */
  readonly plannedFrom: PlannedFrom | undefined;
  /** The configuration of the device plugin; absent where the node state does not tell it. */
  readonly config?: DevicePluginConfig | undefined;
  /** Change PFs that the host itself depends on. */
  readonly allowHostInterfaces: boolean;
  /** PFs to leave alone because a call has not come back from the kernel: a sentence by PCI address. */
  readonly blocked?: ReadonlyMap<string, string>;
  /** What the running kernel has refused. */
  readonly heldRdmaMode?: Pick<HeldRdmaMode, 'read'>;
}

/** What a node state wants of its host. */
export function wishOf(nodeState: SriovNetworkNodeState): Pick<Wanted, 'spec' | 'plannedFrom' | 'config'> {
  return {
    spec: nodeState.spec ?? {},
    plannedFrom: readPlannedFrom(nodeState),
    config: readDevicePluginConfig(nodeState, configHash),
  };
}

/** The facts of a pass, and the journal as it was read for it. */
export interface Gathered {
  readonly facts: HostFacts;
  readonly journal: JournalEntries;
}

/** Looks at the host and the journal: everything that the planner needs to know. */
export async function gather(ports: LookPorts, wanted: Wanted): Promise<Gathered> {
  const journal = await ports.journal.read();
  const { spec, plannedFrom, allowHostInterfaces, blocked = new Map<string, string>() } = wanted;
  const initial = await initialStates(ports.kernel, journal);
  const { bridges, guids, owned } = journal;
  // Where there is nothing to look for, Open vSwitch is not asked: most nodes have none.
  const hasBridges = (spec.bridges?.ovs ?? []).length + bridges.own.size > 0;
  const { udevFolder: folder } = ports;
  const wantedMode = spec.system?.rdmaMode;
  const observed = await observeHost(ports.kernel, {
    bridges: ports.managesBridges === true && hasBridges,
    rdmaConfig: wantedMode === undefined ? 'own' : 'all',
    ...(folder && { udev: { folder, isOurs: isOperatorFile } }),
  });
  const heldRdmaMode = wanted.heldRdmaMode?.read(wantedMode);
  const facts = { spec, plannedFrom, allowHostInterfaces, blocked, owned, initial, guids, observed, heldRdmaMode };
  return { facts: { ...facts, ...(ports.managesBridges === true && { bridges }) }, journal };
}

/**
 * Looks more closely at who uses the VFs of the PFs, which are given by PCI address: asks the kubelet, and searches all
 * processes for those that have a VF open. That is too much for each look.
 */
export async function gatherUses(ports: LookPorts, gathered: Gathered, pfs: readonly string[]): Promise<Gathered> {
  const observed = await lookCloser(ports.kernel, pfs, gathered.facts.observed);
  observed.blindSpots?.forEach((sentence) => ports.onWarning?.(sentence));
  return { ...gathered, facts: { ...gathered.facts, observed } };
}

/** What PFs were before the operator touched them. For PFs that upstream has left to us, upstream's file says it. */
async function initialStates(
  kernel: Kernel,
  { owned, initial }: JournalEntries,
): Promise<ReadonlyMap<string, InitialPf>> {
  const unknown = [...owned.keys()].filter((pciAddress) => !initial.has(pciAddress));
  if (unknown.length === 0) return initial;
  const mtus = await readUpstreamMtus(kernel);
  return new Map([...unknown.map((pciAddress) => [pciAddress, { mtu: mtus.get(pciAddress) }] as const), ...initial]);
}
