import { NO_GUID, readGuid } from '@sriov/api';
import { z } from 'zod';

/** Where it is in the state folder: upstream's place. */
export const GUID_FILE = 'infiniband/guids';

/** The file in which an administrator says which GUIDs the VFs of which PFs get. */
export interface GuidFile {
  /** In the order of the file. */
  readonly entries: readonly GuidEntry[];
}

/** GUIDs for the VFs of one PF. */
export interface GuidEntry {
  /** The PF by its PCI address, or by the GUID of its port. */
  readonly pf: { readonly pciAddress: string } | { readonly guid: string };
  /** One GUID for each VF by its index, or the first and the last of a range, as numbers. */
  readonly guids: readonly string[] | { readonly first: bigint; readonly last: bigint };
}

/** `pci_address` and `pf_guid` stand in the documentation of upstream, the others in its code. */
const entrySchema = z.object({
  pciAddress: z.string().optional(),
  pci_address: z.string().optional(),
  pfGuid: z.string().optional(),
  pf_guid: z.string().optional(),
  guids: z.array(z.string()).optional(),
  guidsRange: z.object({ start: z.string().optional(), end: z.string().optional() }).optional(),
});

type RawEntry = z.output<typeof entrySchema>;

/** What is wrong with an entry. */
class EntryFault extends Error {
  override readonly name = 'EntryFault';
}

/**
 * Reads the file. Returns a sentence where it cannot be used: then no part of it counts, because nobody knows what a
 * file with a mistake means.
 */
export function readGuidFile(text: string): GuidFile | string {
  const rows = readRows(text);
  if (typeof rows === 'string') return rows;
  const entries: GuidEntry[] = [];
  for (const [index, row] of rows.entries()) {
    try {
      entries.push(readEntry(row));
    } catch (error) {
      if (!(error instanceof EntryFault)) throw error;
      return `entry ${index + 1}: ${error.message}`;
    }
  }
  return { entries };
}

function readRows(text: string): unknown[] | string {
  try {
    const rows = z.array(z.unknown()).safeParse(JSON.parse(text));
    return rows.success ? rows.data : 'it is not a list of entries';
  } catch {
    return 'it is not JSON: it may be half written';
  }
}

function readEntry(row: unknown): GuidEntry {
  const parsed = entrySchema.safeParse(row);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new EntryFault(`${issue?.path.join('.') || 'the entry'}: ${issue?.message ?? 'it is not an entry'}`);
  }
  return { pf: readPf(parsed.data), guids: readGuids(parsed.data) };
}

function readPf(entry: RawEntry): GuidEntry['pf'] {
  const pciAddress = one('pciAddress', entry.pciAddress, entry.pci_address);
  const pfGuid = one('pfGuid', entry.pfGuid, entry.pf_guid);
  if ((pciAddress === undefined) === (pfGuid === undefined)) {
    throw new EntryFault('it must name its PF by either pciAddress or pfGuid');
  }
  if (pciAddress !== undefined) return { pciAddress: pciAddress.toLowerCase() };
  // The address of the interface ends with the GUID.
  const octets = (pfGuid ?? '').split(':');
  return { guid: demandGuid('pfGuid', octets.length === 20 ? octets.slice(-8).join(':') : (pfGuid ?? '')) };
}

/** A key that can be spelled in two ways; empty counts as absent. */
function one(name: string, ...values: readonly (string | undefined)[]): string | undefined {
  const given = new Set(values.filter((value) => value !== undefined && value !== ''));
  if (given.size > 1) throw new EntryFault(`${name} is given twice, with different values`);
  return [...given][0];
}

function readGuids({ guids = [], guidsRange }: RawEntry): GuidEntry['guids'] {
  const { start = '', end = '' } = guidsRange ?? {};
  const hasRange = start !== '' || end !== '';
  if (guids.length > 0 === hasRange)
    throw new EntryFault('it must have either guids or guidsRange, with start and end');
  if (!hasRange) return guids.map((guid, index) => demandGuid(`guids.${index}`, guid));
  const range = {
    first: toNumber(demandGuid('guidsRange.start', start)),
    last: toNumber(demandGuid('guidsRange.end', end)),
  };
  if (range.last < range.first) throw new EntryFault(`guidsRange: ${end} is before ${start}`);
  return range;
}

function demandGuid(name: string, text: string): string {
  const guid = readGuid(text);
  if (guid === undefined) throw new EntryFault(`${name}: ${JSON.stringify(text)} is not a GUID of eight octets`);
  if (guid === NO_GUID) throw new EntryFault(`${name}: zeros stand for no GUID`);
  return guid;
}

const toNumber = (guid: string): bigint => BigInt(`0x${guid.replaceAll(':', '')}`);

/** The GUID that an entry has for the VF with this index; nothing when it has too few. */
export function guidOfVf({ guids }: GuidEntry, vfId: number): string | undefined {
  if (!('first' in guids)) return guids[vfId];
  const number = guids.first + BigInt(vfId);
  if (number > guids.last) return undefined;
  return number.toString(16).padStart(16, '0').match(/../g)?.join(':');
}
