import {
  formatVfRange,
  type NicSelector,
  type ObservedInterface,
  type Parsed,
  parsePfSelector,
  type PfSelector,
  type VfRange,
} from '@sriov/api';

/** An entry of `pfNames` that has been read. */
export interface NamedPf extends PfSelector {
  /** The range as it was written, such as `00-03`. */
  readonly rangeText?: string;
}

/** A NIC selector whose PF names have been read. */
export interface ReadSelector extends Omit<NicSelector, 'pfNames'> {
  readonly pfs: readonly NamedPf[];
}

/** Reads the PF names of a selector. */
export function readSelector({ pfNames = [], ...rest }: NicSelector): Parsed<ReadSelector> {
  const pfs: NamedPf[] = [];
  for (const name of pfNames) {
    const parsed = parsePfSelector(name);
    if (!parsed.ok) return { ok: false, message: `spec.nicSelector.pfNames: ${parsed.message}` };
    const [, rangeText] = name.split('#');
    pfs.push({ ...parsed.value, ...(rangeText !== undefined && { rangeText }) });
  }
  return { ok: true, value: { ...rest, pfs } };
}

/** True when no part is given. Such a selector selects nothing. */
export function isEmptySelector(selector: ReadSelector): boolean {
  const { vendor, deviceID, rootDevices = [], pfs, netFilter } = selector;
  return !vendor && !deviceID && !netFilter && rootDevices.length === 0 && pfs.length === 0;
}

/** The parts of a selector. Each holds when it is not given, or when the interface is as it says. */
const PARTS: readonly ((selector: ReadSelector, nic: ObservedInterface) => boolean)[] = [
  ({ vendor }, nic) => !vendor || vendor === nic.vendor,
  ({ deviceID }, nic) => !deviceID || deviceID === nic.deviceID,
  ({ rootDevices = [] }, nic) => rootDevices.length === 0 || rootDevices.includes(nic.pciAddress),
  ({ pfs }, nic) => pfs.length === 0 || pfs.some(({ name }) => hasName(nic, name)),
  ({ netFilter }, nic) => !netFilter || matchesNetFilter(netFilter, nic.netFilter ?? ''),
];

/** True when all given parts of the selector hold for the interface, and at least one is given. */
export function selects(selector: ReadSelector, nic: ObservedInterface): boolean {
  return !isEmptySelector(selector) && PARTS.every((holds) => holds(selector, nic));
}

/** True when the interface has the name, as its name or as an alternative one. */
export function hasName(nic: ObservedInterface, name: string): boolean {
  return nic.name === name || (nic.altNames ?? []).includes(name);
}

/** What people call the interface: its name, or its PCI address while it has none. */
export function nameOf({ name, pciAddress }: ObservedInterface): string {
  return name ?? pciAddress;
}

/** The ranges of VFs that the selector takes from an interface, each once; `undefined` when it takes all VFs. */
export function selectedRanges(selector: ReadSelector, nic: ObservedInterface): readonly VfRange[] | undefined {
  const entries = selector.pfs.filter(({ name }) => hasName(nic, name));
  const ranges = entries.flatMap(({ range }) => range ?? []);
  if (ranges.length < entries.length || ranges.length === 0) return undefined;
  return [...new Map(ranges.map((range) => [formatVfRange(range), range])).values()];
}

/** Type and value around the last colon that has a blank or nothing on either side, as upstream reads it. */
const NET_FILTER = /^\s*(\S+)\s*:\s*(\S+)/m;

function matchesNetFilter(wanted: string, present: string): boolean {
  const [, wantedType, wantedValue] = NET_FILTER.exec(wanted) ?? [];
  const [, type, value] = NET_FILTER.exec(present) ?? [];
  return wantedType !== undefined && wantedType === type && wantedValue === value;
}
