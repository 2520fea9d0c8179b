import {
  type DesiredInterface,
  type NodeStateSpec,
  type ObservedInterface,
  omitUndefined,
  type OvsBridge,
  type PlannedFrom,
  type SriovNetworkNodeState,
  vdpaDriverOf,
  vdpaNameOf,
  type VirtualFunction,
} from '@sriov/api';
import { ESWITCH_UNKNOWN, factsOfStatus, type PfFacts, presentVfs, staysAsItIs, tellsOfVfs } from '@sriov/node-limits';
import { type DeviceUse, type ObservedHost, type ObservedPf, type ObservedVf } from '@sriov/observed-host';
import { drainFor } from './drain.ts';
import { type HostFacts } from './host-facts.ts';
import { planHost } from './plan-host.ts';
import { reportedBridges } from './reported-bridges.ts';
import { type DrainReason, type HostPlan } from './steps.ts';

/** What is wanted of a node. */
export interface ForeseenWish {
  readonly spec: NodeStateSpec;
  readonly plannedFrom: PlannedFrom | undefined;
  /** Whether the daemon manages bridges of Open vSwitch. */
  readonly managesBridges?: boolean;
}

/**
 * What the daemon of a node will do about a spec, as far as the node state shows the host. The daemon's own planner
 * decides. Nothing is foreseen for a node that has not reported its devices. What a status does not say is assumed not
 * to stand in the way: who uses a VF or a bridge, whether the host itself needs the PF, whether the IOMMU is on, and
 * whether Open vSwitch runs.
 */
export function foresee(
  { spec, plannedFrom, managesBridges }: ForeseenWish,
  state: SriovNetworkNodeState | undefined,
): HostPlan | undefined {
  const { interfaces: told = [], system } = state?.status ?? {};
  if (told.length === 0) return undefined;
  const ordered = byAddress(state?.spec?.interfaces);
  const interfaces = told.map((nic) => completed(nic, ordered.get(nic.pciAddress)));
  const reported = byAddress(interfaces);
  const facts: HostFacts = {
    spec: { ...spec, interfaces: spec.interfaces?.map((entry) => foreseeable(entry, reported.get(entry.pciAddress))) },
    plannedFrom,
    observed: reportedHost(interfaces, system?.rdmaMode),
    owned: ordered,
    initial: new Map(),
    guids: { records: new Map() },
    blocked: new Map(),
    allowHostInterfaces: false,
  };
  return planHost(managesBridges === true ? withBridges(facts, state) : facts);
}

function withBridges(facts: HostFacts, state: SriovNetworkNodeState | undefined): HostFacts {
  const { spec, status } = state ?? {};
  const observed = { ...facts.observed, softwareBridges: reportedBridges(status?.bridges) };
  return { ...facts, observed, bridges: { own: byName(spec?.bridges?.ovs) } };
}

/**
 * What would need a drain if somebody had the VFs that the plan disturbs, as far as the node state shows them: who has a
 * VF it does not tell.
 */
export function foreseeDrains(plan: HostPlan, state: SriovNetworkNodeState | undefined): DrainReason[] {
  const ordered = byAddress(state?.spec?.interfaces);
  const reported = byAddress(state?.status?.interfaces);
  return plan.pfs.flatMap((each) => {
    const nic = reported.get(each.pciAddress);
    if (nic === undefined) return [];
    return drainFor(each, withUnknownUsers(reportedPf(completed(nic, ordered.get(each.pciAddress))))) ?? [];
  });
}

const UNKNOWN_USERS: readonly DeviceUse[] = [{ kind: 'unknown', cause: 'the node state does not tell who has a VF' }];

function withUnknownUsers(pf: ObservedPf): ObservedPf {
  return pf.sriov
    ? { ...pf, sriov: { ...pf.sriov, vfs: pf.sriov.vfs.map((vf) => ({ ...vf, uses: UNKNOWN_USERS })) } }
    : pf;
}

function byAddress<T extends { readonly pciAddress: string }>(items: readonly T[] = []): Map<string, T> {
  return new Map(items.map((item) => [item.pciAddress, item]));
}

function byName(bridges: readonly OvsBridge[] = []): Map<string, OvsBridge> {
  return new Map(bridges.map((bridge) => [bridge.name, bridge]));
}

/** Somebody who writes a report by hand leaves things out. Those are assumed to be as the last spec wanted them. */
function completed(nic: ObservedInterface, ordered: DesiredInterface | undefined): ObservedInterface {
  const mtu = nic.mtu ?? ordered?.mtu;
  return {
    ...nic,
    ...(mtu !== undefined && { mtu }),
    ...(!tellsOfVfs(nic) && { numVfs: ordered?.numVfs ?? 0 }),
  };
}

/** Where a report only counts the VFs, nobody can say how they differ from what is wanted. */
function foreseeable(entry: DesiredInterface, nic: ObservedInterface | undefined): DesiredInterface {
  // What is refused anyway, or waits for a reboot, need not be described.
  if (nic === undefined || describesVfs(nic) || staysAsItIs(entry, factsOfStatus(nic))) return entry;
  return { ...entry, vfGroups: [] };
}

function describesVfs(nic: ObservedInterface): boolean {
  return (nic.Vfs?.length ?? 0) === presentVfs(nic);
}

function reportedHost(interfaces: readonly ObservedInterface[], rdmaMode: ObservedHost['rdmaMode']): ObservedHost {
  return omitUndefined({ interfaces: interfaces.map(reportedPf), problems: [], rdmaMode });
}

/** Stand for a driver and for an IOMMU group of which only the existence is known. */
const SOME_DRIVER = 'unknown';
const SOME_GROUP = 0;

function reportedPf(nic: ObservedInterface): ObservedPf {
  const { hasDriver, totalVfs, eSwitchMode, linkType } = factsOfStatus(nic);
  const { pciAddress, vendor = '', deviceID = '', driver, name, altNames = [], mac = '', mtu = 0, netFilter } = nic;
  return omitUndefined({
    pciAddress,
    vendor,
    deviceId: deviceID,
    driver: hasDriver ? (driver ?? SOME_DRIVER) : undefined,
    link: name === undefined ? undefined : { name, altNames, mac, mtu, up: nic.linkAdminState !== 'down' },
    linkType,
    sriov: totalVfs === undefined ? undefined : { totalVfs, autoprobe: true, vfs: reportedVfs(nic) },
    ...eSwitchOf(eSwitchMode),
    iommuGroup: SOME_GROUP,
    port: portOf(netFilter, mac),
  });
}

function portOf(network: string | undefined, mac: string): ObservedPf['port'] {
  return network ? { network, mac } : undefined;
}

function eSwitchOf(mode: PfFacts['eSwitchMode']): Pick<ObservedPf, 'eSwitchMode' | 'eSwitchUnknown'> {
  return mode === ESWITCH_UNKNOWN ? { eSwitchUnknown: 'as its daemon reports' } : { eSwitchMode: mode };
}

function reportedVfs(nic: ObservedInterface): ObservedVf[] {
  const vfs: readonly Partial<VirtualFunction>[] = describesVfs(nic)
    ? (nic.Vfs ?? [])
    : Array.from({ length: presentVfs(nic) }, () => ({}));
  return vfs.map(
    ({ vfID, pciAddress = '', vendor = '', deviceID = '', driver, name, mac, mtu, guid, vdpaType = '' }, index) =>
      omitUndefined({
        id: vfID ?? index,
        pciAddress,
        vendor,
        deviceId: deviceID,
        driver,
        hasRdma: true as const,
        adminMac: mac,
        vdpa: reportedVdpa(pciAddress, vdpaType),
        guids: guid === undefined ? undefined : { node: guid, port: guid },
        link:
          name === undefined || mtu === undefined ? undefined : { name, altNames: [], mac: mac ?? '', mtu, up: true },
      }),
  );
}

function reportedVdpa(pciAddress: string, vdpaType: string): ObservedVf['vdpa'] {
  const driver = vdpaDriverOf(vdpaType);
  return driver === undefined ? undefined : [{ name: vdpaNameOf(pciAddress), driver }];
}
