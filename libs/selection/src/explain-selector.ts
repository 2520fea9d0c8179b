import { type ObservedInterface } from '@sriov/api';
import { listChoices, listSome } from '@sriov/words';
import { canHaveVfs } from './candidate.ts';
import { isEmptySelector, type ReadSelector, selects } from './nic-selector.ts';

/** A part of a selector that matches no PF as it is written, and what its author most likely meant. */
interface NearMiss {
  readonly field: string;
  readonly written: string;
  readonly meant: string;
}

/** Most names and ids that a message shows. The author looks for the right one among them. */
const SHOWN = 8;

/**
 * Explains why a selector matches no PF; `undefined` when there is nothing to explain. A part that is nearly right is
 * always named, with what its author most likely meant: an id in capitals or with 0x, a PCI address without its domain
 * or with VFs behind it, a name that is nearly that of a PF. Where the selector as a whole selects nothing, the
 * explanation names what there is instead, or says that no PF matches all parts. `interfaces` are those of all nodes in
 * question: a part that matches on one of the nodes is right.
 */
export function explainMismatch(selector: ReadSelector, interfaces: readonly ObservedInterface[]): string | undefined {
  if (interfaces.length === 0) return undefined;
  const misses = [
    ...idMisses('vendor', selector.vendor, interfaces),
    ...idMisses('deviceID', selector.deviceID, interfaces),
    ...(selector.rootDevices ?? []).flatMap((address) => addressMisses(address, selector, interfaces)),
    ...selector.pfs.flatMap(({ name }) => nameMisses(name, selector, interfaces)),
  ];
  if (misses.length > 0) return misses.map(describeMiss).join('; ');
  const selectsNothing = !isEmptySelector(selector) && !interfaces.some((nic) => selects(selector, nic));
  return selectsNothing ? explainNothing(selector, interfaces) : undefined;
}

function describeMiss({ field, written, meant }: NearMiss): string {
  return `spec.nicSelector.${field} "${written}" matches no PF, and ${meant} would: write that`;
}

/** No part is nearly right: the parts that match no PF at all, and what there is instead. */
function explainNothing(selector: ReadSelector, interfaces: readonly ObservedInterface[]): string | undefined {
  const { vendor, deviceID, rootDevices = [], pfs, netFilter } = selector;
  if (netFilter) return undefined;
  const parts: readonly [field: string, written: readonly string[], present: readonly string[]][] = [
    ['vendor', vendor ? [vendor] : [], interfaces.flatMap((nic) => nic.vendor ?? [])],
    ['deviceID', deviceID ? [deviceID] : [], interfaces.flatMap((nic) => nic.deviceID ?? [])],
    ['rootDevices', rootDevices, interfaces.map(({ pciAddress }) => pciAddress)],
    ['pfNames', pfs.map(({ name }) => name), namesOf(interfaces)],
  ];
  const unfit = parts.filter(
    ([, written, present]) => written.length > 0 && !written.some((each) => present.includes(each)),
  );
  if (unfit.length === 0) return 'each part of spec.nicSelector matches some PF, and no PF matches all of them';
  return unfit
    .map(
      ([field, written, present]) =>
        `spec.nicSelector.${field} "${written.join('", "')}" matches no PF${instead(field === 'pfNames' ? ownNames(interfaces) : present)}`,
    )
    .join('; ');
}

/** The names of PFs that can have VFs, without alternative names, which mean the same PFs. */
function ownNames(interfaces: readonly ObservedInterface[]): string[] {
  return interfaces.filter(canHaveVfs).flatMap(({ name }) => name ?? []);
}

function instead(present: readonly string[]): string {
  const all = [...new Set(present)].sort();
  if (all.length === 0) return '';
  return ` (there ${all.length === 1 ? 'is' : 'are'} ${listSome(all, SHOWN)})`;
}

function idMisses(
  field: 'vendor' | 'deviceID',
  written: string | undefined,
  interfaces: readonly ObservedInterface[],
): NearMiss[] {
  if (!written || interfaces.some((nic) => nic[field] === written)) return [];
  const meant = written.trim().toLowerCase().replace(/^0x/, '').padStart(4, '0');
  return interfaces.some((nic) => nic[field] === meant) ? [{ field, written, meant }] : [];
}

/** People append VFs to the address, as the device plugin allows, or leave out the function number. */
function addressMisses(
  written: string,
  { rootDevices = [] }: ReadSelector,
  interfaces: readonly ObservedInterface[],
): NearMiss[] {
  const present = [...new Set(interfaces.map(({ pciAddress }) => pciAddress))].sort();
  if (present.includes(written)) return [];
  const [lower = '', ranges] = written.trim().toLowerCase().split('#');
  const meant = [lower, `0000:${lower}`]
    .flatMap((address) => present.filter((each) => each === address || each.startsWith(`${address}.`)))
    .filter((address) => !rootDevices.includes(address));
  if (lower === '' || meant.length === 0) return [];
  const words = listChoices(meant, SHOWN);
  const cure = ranges === undefined ? words : `${words} without "#${ranges}" (give VF ranges in pfNames)`;
  return [{ field: 'rootDevices', written, meant: cure }];
}

function nameMisses(written: string, { pfs }: ReadSelector, interfaces: readonly ObservedInterface[]): NearMiss[] {
  const names = namesOf(interfaces);
  if (names.includes(written)) return [];
  const near = names.filter((name) => isNear(written.trim(), name) && !pfs.some((pf) => pf.name === name));
  return near.length === 0 ? [] : [{ field: 'pfNames', written, meant: listChoices(near, SHOWN) }];
}

function namesOf(interfaces: readonly ObservedInterface[]): string[] {
  return [
    ...new Set(interfaces.flatMap(({ name, altNames = [] }) => [...(name === undefined ? [] : [name]), ...altNames])),
  ];
}

/** The names differ only in capitals, or one ends in the port (`np0`) that newer kernels append. */
function isNear(written: string, name: string): boolean {
  const [a, b] = [written.toLowerCase(), name.toLowerCase()];
  const [short, long] = a.length < b.length ? [a, b] : [b, a];
  return a === b || (short.length > 2 && /^n?[pd]\d+$/.test(long.slice(short.length)) && long.startsWith(short));
}
