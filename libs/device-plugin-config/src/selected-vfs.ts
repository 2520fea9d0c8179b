import { type ObservedInterface, rangesOverlap, type VfRange } from '@sriov/api';
import { type Selectors } from './selectors.ts';

/** A PF as the device plugin will meet it once the plan is carried out. */
export interface PfInPlan {
  readonly nic: ObservedInterface;
  /** Number of its VFs: those that are planned, or those that exist on a PF that the plan leaves alone. */
  readonly numVfs: number;
  /** Device id of its VFs; `undefined` while it is unknown. */
  readonly vfDevice: string | undefined;
  /** ether, infiniband, or `undefined` when it is not known. */
  readonly linkType: string | undefined;
}

/** What a device plugin makes of selectors where that is not certain. */
export interface Reading {
  /** A VF whose device id is unknown fits. */
  readonly unknownFits: boolean;
  /** Entries of a list that count for one PF: the original device plugin looks at the first, the operator's at all. */
  readonly entries: 'first' | 'all';
}

/** True for a port of a virtual machine: it is a VF itself, and its PF cannot be seen there. */
export function isPort({ pciAddress, Vfs = [] }: ObservedInterface): boolean {
  return Vfs.some((vf) => vf.pciAddress === pciAddress);
}

/**
 * The VFs of a PF that fit selectors of the device plugin, as sorted ranges that neither overlap nor touch. A device
 * without VFs is handed out itself, as if it were a VF.
 */
export function selectedVfs(selectors: Selectors, pf: PfInPlan, { unknownFits, entries }: Reading): VfRange[] {
  const { nic, numVfs } = pf;
  const all = [{ first: 0, last: Math.max(numVfs, 1) - 1 }];
  if (isPort(nic) || numVfs === 0) return isItselfSelected(selectors, nic) ? all : [];
  // Only ports of virtual machines are listed by their own addresses.
  if (selectors.pciAddresses.length > 0) return selectors.pciAddresses.includes(nic.pciAddress) ? all : [];
  if (!isOfKind(selectors, pf, unknownFits)) return [];
  const named = vfsBehind(selectors.pfNames, nic.name ?? '', { all, entries });
  const addressed = vfsBehind(selectors.rootDevices, nic.pciAddress, { all, entries });
  return joinRanges(named.flatMap((range) => addressed.flatMap((other) => overlap(range, other))));
}

/** True when vendor, device id and link type of the VFs of the PF are in the lists. */
function isOfKind(selectors: Selectors, { nic, vfDevice, linkType }: PfInPlan, unknownFits: boolean): boolean {
  const isDevice = vfDevice === undefined ? unknownFits : selectors.devices.includes(vfDevice);
  return (
    has(selectors.vendors, nic.vendor ?? '') &&
    (isDevice || selectors.devices.length === 0) &&
    (linkType === undefined || has(selectors.linkTypes, linkType))
  );
}

function isItselfSelected(
  selectors: Selectors,
  { pciAddress, vendor = '', deviceID = '' }: ObservedInterface,
): boolean {
  return (
    selectors.pfNames.length === 0 &&
    selectors.rootDevices.length === 0 &&
    has(selectors.vendors, vendor) &&
    has(selectors.devices, deviceID) &&
    has(selectors.pciAddresses, pciAddress)
  );
}

/** True when the list contains the value. An empty list contains everything. */
function has(list: readonly string[], value: string): boolean {
  return list.length === 0 || list.includes(value);
}

/** The VFs behind the `#` of the entries with this name that count. */
function vfsBehind(list: readonly string[], name: string, { all, entries }: Behind): readonly VfRange[] {
  if (list.length === 0) return all;
  const wanted = name.toLowerCase();
  const named = list.filter((each) => isNamed(each, wanted));
  return joinRanges((entries === 'all' ? named : named.slice(0, 1)).flatMap((entry) => vfsOf(entry, all)));
}

interface Behind {
  readonly all: readonly VfRange[];
  readonly entries: Reading['entries'];
}

function vfsOf(entry: string, all: readonly VfRange[]): readonly VfRange[] {
  const [, vfs] = entry.split('#');
  return vfs === undefined ? all : readVfs(vfs).flatMap((range) => all.flatMap((other) => overlap(range, other)));
}

/** True for an entry of the name, which is in lower case, whatever VFs the entry has. */
function isNamed(entry: string, name: string): boolean {
  const end = entry.indexOf('#');
  return (end === -1 ? entry : entry.slice(0, end)).toLowerCase() === name;
}

/** Reads VFs in the words of the device plugin: numbers and ranges, separated by commas. */
function readVfs(text: string): VfRange[] {
  return text.split(',').map((part) => {
    const [first = 0, last = first] = part.split('-').map(Number);
    return { first, last };
  });
}

function overlap(a: VfRange, b: VfRange): VfRange[] {
  return rangesOverlap(a, b) ? [{ first: Math.max(a.first, b.first), last: Math.min(a.last, b.last) }] : [];
}

/** The same VFs in the fewest ranges, in order. */
export function joinRanges(ranges: readonly VfRange[]): VfRange[] {
  const joined: VfRange[] = [];
  for (const range of [...ranges].sort((a, b) => a.first - b.first)) {
    const before = joined.at(-1);
    if (before === undefined || range.first > before.last + 1) joined.push(range);
    else joined[joined.length - 1] = { first: before.first, last: Math.max(before.last, range.last) };
  }
  return joined;
}
