import { type Bridges, type OvsBridge, type OvsInterfaceConfig, omitUndefined } from '@sriov/api';
import { type ObservedBridge, type ObservedPort, type SoftwareBridges } from '@sriov/observed-host';

/** Which bridges a status tells of: those that are wanted, and those that it told of before. */
export interface ToldBridges {
  readonly wanted: Bridges | undefined;
  readonly before: Bridges | undefined;
}

/**
 * The bridges of the status as Open vSwitch shows them. Of maps it has the keys of the spec, or those that it had
 * before. What was told stays while Open vSwitch cannot be asked.
 */
export function statusBridges(observed: SoftwareBridges | undefined, told: ToldBridges): Bridges | undefined {
  if (observed === undefined) return undefined;
  if (observed.kind === 'unseen') return told.before;
  const wanted = told.wanted?.ovs ?? [];
  const before = (told.before?.ovs ?? []).filter(({ name }) => !wanted.some((each) => each.name === name));
  const ovs = [...wanted, ...before].flatMap((entry) => {
    const bridge = observed.bridges.find(({ name }) => name === entry.name);
    return bridge === undefined ? [] : statusBridge(bridge, entry);
  });
  return ovs.length === 0 ? undefined : { ovs: ovs.sort((a, b) => (a.name < b.name ? -1 : 1)) };
}

function statusBridge(bridge: ObservedBridge, entry: OvsBridge): OvsBridge {
  const { datapathType, failMode, externalIDs, otherConfig } = bridge;
  return {
    name: bridge.name,
    bridge: omitUndefined({
      datapathType,
      failMode: knownMode(failMode),
      externalIDs: keysOf(externalIDs, entry.bridge?.externalIDs),
      otherConfig: keysOf(otherConfig, entry.bridge?.otherConfig),
    }),
    uplinks: (entry.uplinks ?? []).flatMap((uplink) => statusUplink(bridge, uplink)),
  };
}

/** The database takes no other. */
function knownMode(mode: string | undefined): 'secure' | 'standalone' | undefined {
  return mode === 'secure' || mode === 'standalone' ? mode : undefined;
}

type Uplink = NonNullable<OvsBridge['uplinks']>[number];

/** An uplink that does not work is none. */
function statusUplink({ ports }: ObservedBridge, uplink: Uplink): Uplink[] {
  const port = ports.flatMap(({ interfaces }: ObservedPort) => interfaces).find(({ name }) => name === uplink.name);
  if (port === undefined || port.error !== undefined) return [];
  const { type, options, externalIDs, otherConfig, mtuRequest } = port;
  const wanted: OvsInterfaceConfig = uplink.interface ?? {};
  return [
    {
      ...omitUndefined({ pciAddress: uplink.pciAddress, name: port.name }),
      interface: omitUndefined({
        type,
        options: keysOf(options, wanted.options),
        externalIDs: keysOf(externalIDs, wanted.externalIDs),
        otherConfig: keysOf(otherConfig, wanted.otherConfig),
        mtuRequest,
      }),
    },
  ];
}

function keysOf(
  present: Readonly<Record<string, string>>,
  wanted: Readonly<Record<string, string>> = {},
): Record<string, string> {
  return Object.fromEntries(Object.entries(present).filter(([key]) => Object.hasOwn(wanted, key)));
}
