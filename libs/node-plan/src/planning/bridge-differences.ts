import { type OvsBridge, type OvsInterfaceConfig } from '@sriov/api';
import { type ObservedBridge, type ObservedPort, type ObservedPortInterface } from '@sriov/observed-host';

/** How a bridge is not as it is wanted. */
export interface BridgeDifference {
  /** A sentence. */
  readonly message: string;
  /** The bridge or its uplink stops carrying traffic for a moment when that is changed. */
  readonly interrupts: boolean;
}

/** A bridge that is there, and what is wanted of it. */
export interface BridgeComparison {
  readonly wanted: OvsBridge;
  /** What the operator wanted so far; an entry without settings for a bridge that it has not made. */
  readonly before: OvsBridge;
  readonly observed: ObservedBridge;
  /** Name of the interface of the PF. */
  readonly uplink: string;
}

/**
 * Compares what is wanted of a bridge, or was, with what is there. Whatever else it has is somebody else's business:
 * keys of maps, and settings that nobody has asked for.
 */
export function bridgeDifferences(comparison: BridgeComparison): BridgeDifference[] {
  const { wanted, before, observed, uplink } = comparison;
  const hasOwnPort = observed.ports.some(({ name }) => name === observed.name);
  const former = formerUplinks(before, observed, uplink);
  return [
    ...compareSettings(observed, wanted.bridge ?? {}, before.bridge ?? {}),
    ...(hasOwnPort ? [] : [{ message: 'it has no interface of its own', interrupts: false }]),
    ...former.map((name) => ({ message: `${name} is its uplink`, interrupts: false })),
    ...compareUplink(comparison),
  ];
}

type BridgeSettings = NonNullable<OvsBridge['bridge']>;

function compareSettings(observed: ObservedBridge, wanted: BridgeSettings, before: BridgeSettings): BridgeDifference[] {
  const { datapathType, failMode, externalIDs, otherConfig } = observed;
  return [
    ...interrupting(compare('datapath type', (settings) => settings.datapathType, [datapathType, wanted, before])),
    ...compare('fail mode', (settings) => settings.failMode, [failMode, wanted, before]),
    ...compareMaps('external id', externalIDs, wanted.externalIDs, before.externalIDs),
    ...compareMaps('other_config', otherConfig, wanted.otherConfig, before.otherConfig),
  ];
}

/** Interfaces that were its uplink by what the operator wanted, and still are. */
export function formerUplinks({ uplinks = [] }: OvsBridge, observed: ObservedBridge, uplink?: string): string[] {
  return uplinks
    .map(({ name = '' }) => name)
    .filter((name) => name !== uplink && observed.ports.some((port) => port.name === name));
}

/** The interface of this name among the ports of a bridge. */
export function findInterface({ ports }: ObservedBridge, name: string): ObservedPortInterface | undefined {
  return ports.flatMap(({ interfaces }: ObservedPort) => interfaces).find((each) => each.name === name);
}

function compareUplink({ wanted, before, observed, uplink }: BridgeComparison): BridgeDifference[] {
  const port = findInterface(observed, uplink);
  if (port === undefined) return [{ message: describeMissing(uplink), interrupts: false }];
  return compareInterface(port, uplinkSettings(wanted), uplinkSettings(before));
}

/** Says that an interface is not the uplink of a bridge. */
export function describeMissing(uplink: string): string {
  return `${uplink} is not its uplink`;
}

function uplinkSettings({ uplinks = [] }: OvsBridge): OvsInterfaceConfig {
  return uplinks[0]?.interface ?? {};
}

function compareInterface(
  port: ObservedPortInterface,
  wanted: OvsInterfaceConfig,
  before: OvsInterfaceConfig,
): BridgeDifference[] {
  const mtu = compare('MTU request of the uplink', ({ mtuRequest }) => mtuRequest, [port.mtuRequest, wanted, before]);
  return [
    ...interrupting(compare('type of the uplink', ({ type }) => type, [port.type, wanted, before])),
    ...mtu,
    ...compareMaps('option of the uplink', port.options, wanted.options, before.options),
    ...compareMaps('external id of the uplink', port.externalIDs, wanted.externalIDs, before.externalIDs),
    ...compareMaps('other_config of the uplink', port.otherConfig, wanted.otherConfig, before.otherConfig),
  ];
}

/** A setting of which nothing is wanted is compared where something was, and is then to be gone. */
function compare<S>(
  what: string,
  pick: (settings: S) => string | number | undefined,
  [present, settings, former]: readonly [present: string | number | undefined, settings: S, former: S],
): BridgeDifference[] {
  const [wanted, before] = [pick(settings), pick(former)];
  if (wanted === undefined && before === undefined) return [];
  if (normal(present) === normal(wanted)) return [];
  return [{ message: `the ${what} is ${present || 'not set'}, and ${wanted || 'none'} is wanted`, interrupts: false }];
}

/** Open vSwitch takes an empty type for `system`. */
function normal(value: string | number | undefined): string | number | undefined {
  return value === '' || value === 'system' ? undefined : value;
}

function interrupting(differences: readonly BridgeDifference[]): BridgeDifference[] {
  return differences.map((each) => ({ ...each, interrupts: true }));
}

type StringMap = Readonly<Record<string, string>>;

function compareMaps(
  what: string,
  present: StringMap,
  wanted: StringMap = {},
  before: StringMap = {},
): BridgeDifference[] {
  return [...new Set([...Object.keys(wanted), ...Object.keys(before)])].sort().flatMap((key) => {
    const [is, should] = [present[key], wanted[key]];
    if (is === should) return [];
    const message = `the ${what} ${key} is ${is ?? 'not set'}, and ${should ?? 'none'} is wanted`;
    return [{ message, interrupts: false }];
  });
}

/** What has to be remembered as long as a change is not carried out: all that was wanted, and all that is. */
export function mergedEntry<Entry extends OvsBridge>(before: OvsBridge, wanted: Entry): Entry {
  const [uplink] = wanted.uplinks ?? [];
  const others = (before.uplinks ?? []).filter(({ name }) => name !== uplink?.name);
  const former = before.uplinks?.[0]?.interface;
  return {
    ...wanted,
    bridge: {
      ...before.bridge,
      ...wanted.bridge,
      externalIDs: { ...before.bridge?.externalIDs, ...wanted.bridge?.externalIDs },
      otherConfig: { ...before.bridge?.otherConfig, ...wanted.bridge?.otherConfig },
    },
    uplinks: [
      ...(uplink === undefined ? [] : [{ ...uplink, interface: mergedInterface(former, uplink.interface) }]),
      ...others,
    ],
  };
}

function mergedInterface(before: OvsInterfaceConfig = {}, wanted: OvsInterfaceConfig = {}): OvsInterfaceConfig {
  return {
    ...before,
    ...wanted,
    options: { ...before.options, ...wanted.options },
    externalIDs: { ...before.externalIDs, ...wanted.externalIDs },
    otherConfig: { ...before.otherConfig, ...wanted.otherConfig },
  };
}
