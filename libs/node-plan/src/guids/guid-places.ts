import { type DesiredInterface, NO_GUID } from '@sriov/api';
import { staysAsItIs } from '@sriov/node-limits';
import { type ObservedPf, type ObservedVf } from '@sriov/observed-host';
import { groupOf, readGroups } from '../planning/desired.ts';
import { factsOfHost } from '../planning/facts-of-host.ts';
import { type HostFacts } from '../planning/host-facts.ts';
import { holderOf } from '../planning/in-use.ts';
import { findBlocker } from '../planning/pf-rules.ts';
import { ownMac } from '../planning/vf-mac.ts';
import { pfTitle } from '../words/pf-title.ts';
import { type GuidRecord } from './guid-facts.ts';
import { type GuidEntry, guidOfVf } from './guid-file.ts';
import { takesGuids } from './takes-guids.ts';

/** An InfiniBand PF of the spec. */
export interface GuidPort {
  readonly pciAddress: string;
  readonly title: string;
  /** Its entry in the GUID file. */
  readonly entry: GuidEntry | undefined;
  /** What its VFs were given before; absent where another card stood in its place. */
  readonly record: GuidRecord | undefined;
  /** Why nobody knows what its VFs were given before. */
  readonly damage: string | undefined;
  readonly pfGuid: string;
  /** All its VFs are made anew, because their number changes. */
  readonly isRemade: boolean;
  /** Somebody uses it or one of its VFs, so that they cannot be made anew. */
  readonly isHeld: boolean;
  readonly places: readonly GuidPlace[];
}

/** A VF, there or to be made, that should have a GUID. */
export interface GuidPlace {
  readonly id: number;
  /** In words: which VF of which PF. */
  readonly title: string;
  readonly fromFile: string | undefined;
  readonly recorded: string | undefined;
  /** It has the GUID that it was given before. */
  readonly hasRecorded: boolean;
  /** Somebody uses it. */
  readonly isHeld: boolean;
  /** It has a GUID, or nobody can tell, and nothing asks for another. */
  readonly isKept: boolean;
}

/** What GUIDs are decided from. */
export type FactsForGuids = Pick<HostFacts, 'spec' | 'observed' | 'guids' | 'blocked' | 'allowHostInterfaces'>;

/** The PFs of the spec whose VFs get GUIDs, in order of the spec. */
export function findGuidPorts(facts: FactsForGuids): GuidPort[] {
  const { spec, observed, blocked } = facts;
  const pfs = new Map(observed.interfaces.map((pf) => [pf.pciAddress, pf]));
  const ports = new Map<string, GuidPort>();
  for (const desired of spec.interfaces ?? []) {
    const pf = pfs.get(desired.pciAddress);
    if (pf?.link === undefined || !takesGuids(pf) || ports.has(pf.pciAddress)) continue;
    // Its VFs stay as they are.
    if (blocked.has(pf.pciAddress) || staysAsItIs(desired, factsOfHost(pf))) continue;
    ports.set(pf.pciAddress, portOf(pf, desired, facts));
  }
  return [...ports.values()];
}

function portOf(pf: ObservedPf, desired: DesiredInterface, facts: FactsForGuids): GuidPort {
  const { file, records, damaged, unread } = facts.guids;
  const { allowHostInterfaces } = facts;
  const pfGuid = ownMac(pf);
  const record = records.get(pf.pciAddress);
  const isSameCard = record?.pfGuid === pfGuid;
  const [entry] = typeof file === 'object' ? entriesOf(file.entries, pf) : [];
  const port = {
    pciAddress: pf.pciAddress,
    title: pfTitle({ pciAddress: pf.pciAddress, name: pf.link?.name }),
    entry,
    record: isSameCard ? record : undefined,
    damage: damaged?.get(pf.pciAddress) ?? unread,
    pfGuid,
    isRemade: desired.externallyManaged !== true && pf.sriov?.vfs.length !== (desired.numVfs ?? 0),
    isHeld: findBlocker({ observed: pf, allowHostInterfaces }, '') !== undefined,
  };
  return { ...port, places: placesOf(pf, desired, port) };
}

/** Entries of the GUID file that are about the PF. */
export function entriesOf(entries: readonly GuidEntry[], pf: ObservedPf): GuidEntry[] {
  return entries.filter(({ pf: key }) => ('guid' in key ? key.guid === ownMac(pf) : key.pciAddress === pf.pciAddress));
}

function placesOf(pf: ObservedPf, desired: DesiredInterface, port: Omit<GuidPort, 'places'>): GuidPlace[] {
  const groups = readGroups(desired);
  if (typeof groups === 'string') return [];
  const present = new Map(port.isRemade ? [] : pf.sriov?.vfs.map((vf) => [vf.id, vf]));
  const ids = Array.from({ length: desired.numVfs ?? 0 }, (_, id) => id);
  const isExternal = desired.externallyManaged === true;
  return ids
    .filter((id) => groupOf(groups, id) !== undefined)
    .map((id) => {
      const fromFile = port.entry && guidOfVf(port.entry, id);
      const recorded = port.record?.vfs[String(id)];
      const asksForAnother = fromFile !== undefined || (recorded !== undefined && !isExternal);
      const found = stateOf(present.get(id), recorded, asksForAnother);
      return { id, title: `VF ${id} of ${port.title}`, fromFile, recorded, ...found };
    });
}

function stateOf(
  vf: ObservedVf | undefined,
  recorded: string | undefined,
  asksForAnother: boolean,
): Pick<GuidPlace, 'hasRecorded' | 'isHeld' | 'isKept'> {
  if (vf === undefined) return { hasRecorded: false, isHeld: false, isKept: false };
  return {
    hasRecorded: recorded !== undefined && vf.guids?.node === recorded,
    isHeld: holderOf(vf) !== undefined,
    isKept: !asksForAnother && !needsGuid(vf),
  };
}

/** Where the kernel does not tell the GUIDs of a VF, one that was never bound is taken to have none. */
function needsGuid({ guids, driver }: ObservedVf): boolean {
  return guids === undefined ? driver === undefined : guids.node === NO_GUID;
}
