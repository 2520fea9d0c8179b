import {
  type DevicePluginConfig,
  type NodeStateSpec,
  type PlannedFrom,
  readDevicePluginConfig,
  readPlannedFrom,
  type SriovNetworkNodeState,
} from '@sriov/api';
import { type Need } from '@sriov/drain-protocol';
import {
  type GrubFolder,
  type Kernel,
  lookCloser,
  lookForLateVfs,
  lookForOverrides,
  observeHost,
  type UdevFolder,
} from '@sriov/host';
import {
  type CountedUsers,
  type HostFacts,
  type HostPlan,
  type InitialPf,
  type IommuPreset,
  isIdle,
  isOperatorFile,
  type KnownPort,
  offloadingPfs,
  type RefusedMode,
  type RefusedOffload,
  withPorts,
} from '@sriov/node-plan';
import { configHash, type LookPace } from '@sriov/runtime';
import { type DevicePlugin } from './device-plugin/device-plugin.ts';
import { type Journal, type JournalEntries } from './journal/journal.ts';
import { type ModprobeFolder } from './steps/apply-node-steps.ts';
import { type RefusedModes } from './steps/refused-modes.ts';
import { type RefusedOffloads } from './steps/refused-offloads.ts';
import { type HeldRdmaMode } from './steps/held-rdma-mode.ts';
import { type CardFirmware } from './firmware/card-firmware.ts';
import { readUpstreamCheckpoint } from './journal/upstream-checkpoint.ts';
import { type OnWarnings } from './status/tell-once.ts';
import { withBoot } from './reboot/look-at-boot.ts';
import { type GuestPlatform, type PlatformLook } from './platform/guest-platform.ts';
import { type ObservedHost } from '@sriov/observed-host';

/** What the daemon looks at. */
export interface LookPorts {
  readonly kernel: Kernel;
  readonly journal: Journal;
  /** Is called at each look with what people should know, and what keeps nothing from being done. */
  readonly onWarnings?: OnWarnings;
  /** `/etc/udev` of the host; absent where its files are none of the daemon's business. */
  readonly udevFolder?: UdevFolder;
  /** `/etc/default/grub.d` of the host; absent where the kernel arguments are none of the daemon's business. */
  readonly grubFolder?: GrubFolder;
  /** Whether the bridges of Open vSwitch are the daemon's business. */
  readonly managesBridges?: boolean;
  /** The firmware of NICs; absent where it is none of the daemon's business. */
  readonly firmware?: CardFirmware;
  /** Follows each look, so that events do not cause one look after the other. */
  readonly pace?: Pick<LookPace, 'look'>;
  /** Tells which devices are ports of a virtual machine. */
  readonly platform?: Pick<GuestPlatform, 'look'>;
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
  /** What the node has been granted: `nothing` unless given. */
  readonly mayDisturb?: Need;
  /** A reboot that was granted no longer waits for what fails. */
  readonly isPressing?: boolean;
  /** Leave the firmware unread that the plan can do without: a query takes seconds, and whoever asks reads it later. */
  readonly needsNoFirmware?: boolean;
  /** Who counts as a user of a device: `seen` unless given. */
  readonly users?: CountedUsers;
  /** Which kernel arguments turn the IOMMU on: none unless given. */
  readonly iommu?: IommuPreset;
  /** Most reboots for one reason; without it nobody counts them. */
  readonly maxReboots?: number;
  /** Do what has to be done before the network starts, and leave VFs without drivers. */
  readonly untilNetwork?: boolean;
  /** What the running kernel has refused. */
  readonly heldRdmaMode?: Pick<HeldRdmaMode, 'read'>;
  /** What PFs have refused of hardware offload; kept for this pass alone unless given. */
  readonly refusedOffloads?: RefusedOffloads;
  /** Which eSwitch modes drivers have refused; likewise. */
  readonly refusedModes?: RefusedModes;
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
  /** What the platform tells; absent where nobody asks it. */
  readonly platform?: PlatformLook;
}

/** Looks at the host and the journal: everything that the planner needs to know. */
export async function gather(ports: LookPorts, wanted: Wanted): Promise<Gathered> {
  const journal = await ports.journal.read();
  const initial = await initialStates(ports.kernel, journal);
  const { bridges, guids, owned, cards, unread } = journal;
  const seen = await look(ports, wanted.spec, journal);
  const platform = await ports.platform?.look(seen, () => rememberedPorts(ports.kernel, journal));
  if (platform) ports.onWarnings?.('platform', platform.warnings);
  const observed = await withBoot(ports, withPlatform(seen, platform), { wanted, journal });
  const facts = {
    ...wishFacts(wanted),
    owned,
    initial,
    cards,
    unread,
    guids,
    observed,
    ...(wanted.maxReboots !== undefined && {
      reboots: { record: journal.reboots, bootId: observed.boot?.bootId, maxReboots: wanted.maxReboots },
    }),
  };
  return {
    facts: {
      ...facts,
      ...(ports.managesBridges === true && { bridges }),
      ...(ports.firmware && { firmware: await ports.firmware.facts(journal.firmware) }),
    },
    journal,
    ...(platform && { platform }),
  };
}

/** What does not come from the host. */
function wishFacts(
  wanted: Wanted,
): Pick<
  HostFacts,
  | 'spec'
  | 'plannedFrom'
  | 'allowHostInterfaces'
  | 'blocked'
  | 'heldRdmaMode'
  | 'refusedOffloads'
  | 'refusedModes'
  | 'users'
  | 'iommu'
> {
  const { spec, plannedFrom, allowHostInterfaces, users, iommu } = wanted;
  return {
    spec,
    plannedFrom,
    allowHostInterfaces,
    blocked: wanted.blocked ?? new Map<string, string>(),
    heldRdmaMode: wanted.heldRdmaMode?.read(spec.system?.rdmaMode),
    refusedOffloads: wanted.refusedOffloads?.read(spec) ?? new Map<string, RefusedOffload>(),
    refusedModes: wanted.refusedModes?.read(spec) ?? new Map<string, RefusedMode>(),
    ...(users !== undefined && { users }),
    iommu,
  };
}

/** Looks at as much of the host as matters. */
function look(ports: LookPorts, spec: NodeStateSpec, { bridges }: JournalEntries): Promise<ObservedHost> {
  // Where there is nothing to look for, Open vSwitch is not asked: most nodes have none.
  const hasBridges = (spec.bridges?.ovs ?? []).length + bridges.own.size > 0;
  const { udevFolder: folder } = ports;
  const offloading = offloadingPfs(spec);
  return observeHost(ports.kernel, {
    bridges: ports.managesBridges === true && hasBridges,
    rdmaConfig: spec.system?.rdmaMode === undefined ? 'own' : 'all',
    offloading,
    ovsOffload: offloading.size > 0,
    ...(folder && { udev: { folder, isOurs: isOperatorFile } }),
  });
}

/** A look shows devices; which of them are ports, the platform tells. */
function withPlatform(host: ObservedHost, platform: PlatformLook | undefined): ObservedHost {
  if (platform === undefined) return host;
  const { ports, unknown } = platform;
  return { ...withPorts(host, ports), ...(unknown !== undefined && { networksUnknown: unknown }) };
}

/**
 * Looks more closely at who uses the VFs of the PFs, which are given by PCI address: asks the kubelet, and searches all
 * processes for those that have a VF open. That is too much for each look.
 */
export async function gatherUses(ports: LookPorts, gathered: Gathered, pfs: readonly string[]): Promise<Gathered> {
  const seen = await lookCloser(ports.kernel, pfs, gathered.facts.observed);
  const observed = withPlatform(seen, gathered.platform);
  ports.onWarnings?.('uses', observed.blindSpots ?? []);
  return { ...gathered, facts: { ...gathered.facts, observed } };
}

/** Looks for VFs of the PFs, which are given by PCI address, that the kernel counts and that have not appeared. */
export async function gatherLateVfs(
  { kernel }: LookPorts,
  gathered: Gathered,
  pfs: readonly string[],
): Promise<Gathered> {
  const observed = await lookForLateVfs(kernel, pfs, gathered.facts.observed);
  return { ...gathered, facts: { ...gathered.facts, observed } };
}

/**
 * Looks which VFs of the PFs, which are given by PCI address, the kernel binds to one driver alone. A PF with a call that
 * has not come back is left out: that call may have the lock that such a look waits for.
 */
export async function gatherOverrides(
  { kernel }: LookPorts,
  gathered: Gathered,
  pfs: ReadonlySet<string>,
): Promise<Gathered> {
  const { facts } = gathered;
  const free = new Set([...pfs].filter((pciAddress) => !facts.blocked.has(pciAddress)));
  if (free.size === 0) return gathered;
  return { ...gathered, facts: { ...facts, observed: await lookForOverrides(kernel, free, facts.observed) } };
}

/**
 * Reads the firmware of NICs that the plan cannot be made without, and, where nothing else is left to do, of those that
 * may lose at their next start what they have now. Returns the same facts where nothing was read.
 */
export async function gatherFirmware(
  ports: LookPorts,
  { gathered, plan }: { readonly gathered: Gathered; readonly plan: HostPlan },
  { needsNoFirmware = false }: Pick<Wanted, 'needsNoFirmware'>,
): Promise<Gathered> {
  const { needed = NONE } = plan.firmware ?? {};
  if (ports.firmware === undefined) return gathered;
  if (needed.size > 0) await ports.firmware.read(needed);
  const hasMore = !needsNoFirmware && (await readFurtherFirmware(ports, plan));
  if (needed.size === 0 && !hasMore) return gathered;
  return { ...gathered, facts: { ...gathered.facts, firmware: await ports.firmware.facts(gathered.journal.firmware) } };
}

/** Reads the firmware that a plan can do without, where nothing else is left to do. Whether anything was read. */
export async function readFurtherFirmware({ firmware }: Pick<LookPorts, 'firmware'>, plan: HostPlan): Promise<boolean> {
  const { beforeReboot: _, ...atOnce } = plan;
  if (firmware === undefined || !isIdle(atOnce)) return false;
  return firmware.readIfPossible(plan.firmware?.optional ?? NONE);
}

const NONE: ReadonlyMap<string, string> = new Map();

/** The ports as they were known last. Before we have written about them, upstream's file says it. */
async function rememberedPorts(kernel: Kernel, { guestPorts }: JournalEntries): Promise<readonly KnownPort[]> {
  return guestPorts ?? (await readUpstreamCheckpoint(kernel)).ports;
}

/** What PFs were before the operator touched them. For PFs that upstream has left to us, upstream's file says it. */
async function initialStates(
  kernel: Kernel,
  { owned, initial }: JournalEntries,
): Promise<ReadonlyMap<string, InitialPf>> {
  const unknown = [...owned.keys()].filter((pciAddress) => !initial.has(pciAddress));
  if (unknown.length === 0) return initial;
  const { mtus } = await readUpstreamCheckpoint(kernel);
  return new Map([...unknown.map((pciAddress) => [pciAddress, { mtu: mtus.get(pciAddress) }] as const), ...initial]);
}
