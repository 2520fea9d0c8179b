import { type GuestPort, type ObservedHost, type ObservedPf } from '@sriov/observed-host';
import { pfTitle } from '../words/pf-title.ts';
import { type KnownPort } from './known-port.ts';

/** What is known of the ports of a virtual machine. */
export interface PortSources {
  /** What the platform says now; absent where it could not be asked. */
  readonly told?: readonly KnownPort[] | undefined;
  /** What was known before, with PCI addresses. */
  readonly remembered: readonly KnownPort[];
}

/** Which devices of a host are ports, and of which networks. */
export interface PortAssignment {
  /** By PCI address. */
  readonly ports: ReadonlyMap<string, GuestPort>;
  /** What has to be remembered, in order of PCI address. */
  readonly known: readonly KnownPort[];
  /** What people should know. */
  readonly warnings: readonly string[];
}

/**
 * Finds the network of each device by its MAC address: PCI addresses that a platform tells are those of another
 * machine's view. A device that shows no address, because it has no interface, is the one that was known at its place, or
 * else the one that the platform names there. Nothing that was known is forgotten because the platform no longer tells
 * it, as long as its device is there.
 */
export function assignPorts(host: Pick<ObservedHost, 'interfaces'>, { told, remembered }: PortSources): PortAssignment {
  const devices = host.interfaces.filter(({ sriov, port }) => sriov === undefined || port !== undefined);
  const tables = tablesOf(told ?? [], remembered);
  const shown = groupBy(devices.filter(hasMac), macOf);
  const twins = [...shown.values()].filter((alike) => alike.length > 1);
  const ports = new Map([
    ...[...shown].flatMap(([mac, alike]) => alike.flatMap((device) => withInterface(device, { mac, alike }, tables))),
    ...devices.filter((device) => !hasMac(device)).flatMap((device) => withoutInterface(device, shown, tables)),
  ]);
  const isThere = new Set(host.interfaces.map(({ pciAddress }) => pciAddress));
  return {
    ports,
    known: toRemember(ports, { told, remembered }, isThere),
    warnings: [...tables.warnings, ...twins.map(describeTwins)],
  };
}

type Assigned = readonly [pciAddress: string, port: GuestPort];

/** Two devices with one address: only what was known before can tell them apart. */
function withInterface(
  { pciAddress, link }: ObservedPf,
  { mac, alike }: { readonly mac: string; readonly alike: readonly ObservedPf[] },
  tables: Tables,
): Assigned[] {
  const network = alike.length === 1 ? tables.networkOf(mac) : tables.rememberedAt(pciAddress, mac);
  return network === undefined ? [] : [[pciAddress, { mac, network, ...(link && { name: link.name }) }]];
}

function withoutInterface({ pciAddress }: ObservedPf, shown: ReadonlyMap<string, unknown>, tables: Tables): Assigned[] {
  const { mac = '', name } = tables.candidatesAt(pciAddress).find((each) => !shown.has(each.mac)) ?? {};
  const network = tables.networkOf(mac);
  return network === undefined ? [] : [[pciAddress, { mac, network, ...(name !== undefined && { name }) }]];
}

const hasMac = ({ link }: ObservedPf): boolean => link !== undefined;

function groupBy<T>(items: readonly T[], keyOf: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) groups.set(keyOf(item), [...(groups.get(keyOf(item)) ?? []), item]);
  return groups;
}

/** The members of a bond show one address, and were made with another. */
function macOf({ link }: ObservedPf): string {
  return (link?.permanentMac ?? link?.mac ?? '').toLowerCase();
}

function describeTwins(twins: readonly ObservedPf[]): string {
  const mac = twins.map(macOf)[0] ?? '';
  const names = twins.map(({ pciAddress, link }) => pfTitle({ pciAddress, name: link?.name })).join(' and ');
  return `${names} have the same MAC address ${mac}, so the metadata of the platform does not tell their networks`;
}

interface Tables {
  /** The network of a MAC address: what is told now comes before what is remembered. */
  networkOf(mac: string): string | undefined;
  rememberedAt(pciAddress: string, mac: string): string | undefined;
  /** Ports that may be at a PCI address, the most likely first. */
  candidatesAt(pciAddress: string): readonly KnownPort[];
  readonly warnings: readonly string[];
}

function tablesOf(told: readonly KnownPort[], remembered: readonly KnownPort[]): Tables {
  const byMac = groupBy(told, ({ mac }) => mac);
  const networks = new Map(
    [...byMac].flatMap(([mac, ports]) => {
      const [network, ...others] = new Set(ports.map((port) => port.network));
      return network === undefined || others.length > 0 ? [] : [[mac, network] as const];
    }),
  );
  const before = new Map(remembered.map((port) => [port.mac, port.network]));
  const ambiguous = [...byMac.keys()].filter((mac) => !networks.has(mac)).sort();
  return {
    networkOf: (mac) => networks.get(mac) ?? before.get(mac),
    rememberedAt: (pciAddress, mac) =>
      remembered.find((port) => port.pciAddress === pciAddress && port.mac === mac)?.network,
    candidatesAt: (pciAddress) => [...remembered, ...told].filter((port) => port.pciAddress === pciAddress),
    warnings: ambiguous.map((mac) => `the metadata of the platform has more than one network for ${mac}: none counts`),
  };
}

/** A device that has gone may come back while the platform cannot be asked. One that the platform has dropped will not. */
function toRemember(
  assigned: ReadonlyMap<string, GuestPort>,
  { told, remembered }: PortSources,
  isThere: ReadonlySet<string>,
): KnownPort[] {
  const present = [...assigned].map(([pciAddress, port]): KnownPort => ({ ...port, pciAddress }));
  const macs = new Set(present.map(({ mac }) => mac));
  const away = remembered.filter(
    ({ pciAddress = '', mac }) =>
      !isThere.has(pciAddress) && !macs.has(mac) && (told === undefined || told.some((port) => port.mac === mac)),
  );
  return [...present, ...away].sort((a, b) => ((a.pciAddress ?? '') < (b.pciAddress ?? '') ? -1 : 1));
}
