import { type ObservedInterface } from '@sriov/api';
import { type ReadSelector } from './nic-selector.ts';

/** A part of a selector that fits no PF as it is written, and what was most likely meant. */
interface NearMiss {
  readonly field: string;
  readonly written: string;
  readonly meant: string;
}

/**
 * Says which part of a selector fits no PF, where there is one that was most likely meant: an id in capitals or with
 * 0x, a PCI address without its domain, a name that is nearly that of a PF. Nothing when there is no such PF.
 */
export function explainMismatch(selector: ReadSelector, interfaces: readonly ObservedInterface[]): string | undefined {
  const misses = [
    ...idMisses('vendor', selector.vendor, interfaces),
    ...idMisses('deviceID', selector.deviceID, interfaces),
    ...(selector.rootDevices ?? []).flatMap((address) => addressMisses(address, interfaces)),
    ...selector.pfs.flatMap(({ name }) => nameMisses(name, interfaces)),
  ];
  if (misses.length === 0) return undefined;
  return misses
    .map(
      ({ field, written, meant }) =>
        `spec.nicSelector.${field} "${written}" fits no PF, and ${meant} would: write that`,
    )
    .join('; ');
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

function addressMisses(written: string, interfaces: readonly ObservedInterface[]): NearMiss[] {
  if (interfaces.some(({ pciAddress }) => pciAddress === written)) return [];
  const lower = written.trim().toLowerCase();
  const meant = [lower, `0000:${lower}`].find((address) => interfaces.some(({ pciAddress }) => pciAddress === address));
  return meant === undefined ? [] : [{ field: 'rootDevices', written, meant }];
}

function nameMisses(written: string, interfaces: readonly ObservedInterface[]): NearMiss[] {
  const names = interfaces.flatMap(({ name, altNames = [] }) => [...(name === undefined ? [] : [name]), ...altNames]);
  if (names.includes(written)) return [];
  const near = names.filter((name) => isNear(written, name));
  return near.length === 0 ? [] : [{ field: 'pfNames', written, meant: near.slice(0, 3).join(' or ') }];
}

/** The same but for capitals, or with the port (`np0`) behind it, which newer kernels append. */
function isNear(written: string, name: string): boolean {
  const [a, b] = [written.toLowerCase(), name.toLowerCase()];
  const [short, long] = a.length < b.length ? [a, b] : [b, a];
  return a === b || (short.length > 2 && /^n?[pd]\d+$/.test(long.slice(short.length)) && long.startsWith(short));
}
