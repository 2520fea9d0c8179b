import { NO_GUID } from '@sriov/api';
import { type ObservedPf, type ObservedVf } from '@sriov/observed-host';
import { ownMac, stableOctets } from '../planning/vf-mac.ts';
import { pfTitle } from '../words/pf-title.ts';
import { type GuidAssignment, type GuidFacts, type GuidRecord, GUID_RECORDS, type PfGuids } from './guid-facts.ts';
import { entriesOf, type FactsForGuids, findGuidPorts, type GuidPlace, type GuidPort } from './guid-places.ts';

/**
 * Decides which GUID each VF of the InfiniBand PFs of the spec gets: what the GUID file says, or what it was given
 * before, or what it has, or one that is made from the GUID of its PF. Each GUID is given once on the node. A file that
 * is missing or cannot be used takes no GUID away.
 * @param seeds what is made from, by PCI address of the PF: no two PFs have the same
 */
export function assignGuids(facts: FactsForGuids, seeds: ReadonlyMap<string, string>): GuidAssignment {
  const { observed, guids } = facts;
  const { file } = guids;
  const ports = findGuidPorts(facts);
  return {
    byPf: decide({ pfs: observed.interfaces, ports, file, seeds }),
    warnings: typeof file === 'object' ? findRepeated(file.entries, observed.interfaces) : [],
    ...(typeof file === 'string' && ports.some(({ places }) => places.length > 0) && { fileFault: file }),
  };
}

/** What is decided from. */
interface Case extends Pick<GuidFacts, 'file'> {
  readonly pfs: readonly ObservedPf[];
  readonly ports: readonly GuidPort[];
  readonly seeds: ReadonlyMap<string, string>;
}

/**
 * A VF that gets no other GUID, because its own is somebody else's, keeps what it has. That is then one more GUID that
 * nobody can get, so all is decided again.
 */
function decide(input: Case): ReadonlyMap<string, PfGuids> {
  const keepers = new Set<string>();
  for (;;) {
    const drafts = draftAll(input, keepers);
    const more = input.pfs.flatMap((pf) => findKeepers(pf, input.ports, drafts)).filter((key) => !keepers.has(key));
    if (more.length === 0) {
      return finishAll(input.ports, drafts);
    }
    more.forEach((key) => keepers.add(key));
  }
}

/** VFs that keep what they have, as `PF VF`. */
function findKeepers(pf: ObservedPf, ports: readonly GuidPort[], drafts: Drafts): string[] {
  const vfs = pf.sriov?.vfs ?? [];
  const port = ports.find(({ pciAddress }) => pciAddress === pf.pciAddress);
  if (port === undefined) return vfs.map((vf) => keyOf(pf, vf));
  const { wanted } = draftOf(drafts, port);
  if (port.isRemade) return waits(port, draftOf(drafts, port)) ? vfs.map((vf) => keyOf(pf, vf)) : [];
  const changing = new Set(port.places.filter((place) => !place.isHeld && wanted.has(place.id)).map(({ id }) => id));
  return vfs.filter(({ id }) => !changing.has(id)).map((vf) => keyOf(pf, vf));
}

/** Its VFs should be made anew, and cannot be now: they keep what they have, all of them. */
function waits({ isRemade, isHeld }: GuidPort, { faults }: Draft): boolean {
  return isRemade && (isHeld || faults.size > 0);
}

const keyOf = ({ pciAddress }: ObservedPf, { id }: ObservedVf): string => `${pciAddress} ${id}`;

function draftAll({ pfs, ports, file, seeds }: Case, keepers: ReadonlySet<string>): Drafts {
  const drafts: Drafts = new Map(ports.map(({ pciAddress }) => [pciAddress, { wanted: new Map(), faults: new Map() }]));
  const owners = ownersBefore(pfs, keepers);
  const claims = ports.flatMap((port) =>
    port.places.map((place): Claim => ({ port, place, draft: draftOf(drafts, port) })),
  );
  claims.forEach((claim) => takeFromFile(claim, owners));
  // Whoever has what it was given comes before those that have lost it: records may contradict each other.
  claims.filter(({ place }) => place.hasRecorded).forEach((claim) => takeRecorded(claim, owners));
  claims.filter(({ place }) => !place.hasRecorded).forEach((claim) => takeRecorded(claim, owners));
  ports.forEach((port) => reserveRecorded(port, owners));
  for (const claim of claims) takeNew(claim, owners, { file, seeds });
  return drafts;
}

/** What is being decided about a PF. */
interface Draft {
  readonly wanted: Map<number, string>;
  readonly faults: Map<number, string>;
}

/** By PCI address of the PF. */
type Drafts = ReadonlyMap<string, Draft>;

function draftOf(drafts: Drafts, { pciAddress }: GuidPort): Draft {
  return drafts.get(pciAddress) ?? { wanted: new Map(), faults: new Map() };
}

/** A VF on its way to a GUID. */
interface Claim {
  readonly port: GuidPort;
  readonly place: GuidPlace;
  readonly draft: Draft;
}

/** Who has which GUID, in words. */
type Owners = Map<string, string>;

/** GUIDs that nobody takes away from those who have them: PFs, and VFs that keep what they have. */
function ownersBefore(pfs: readonly ObservedPf[], keepers: ReadonlySet<string>): Owners {
  const owners: Owners = new Map();
  for (const pf of pfs) {
    if (pf.linkType === 'IB' && pf.link !== undefined) owners.set(ownMac(pf), titleOf(pf));
    for (const vf of pf.sriov?.vfs ?? []) if (keepers.has(keyOf(pf, vf))) hold(owners, pf, vf);
  }
  return owners;
}

/** Two that have one GUID already are named together: neither can be given it. */
function hold(owners: Owners, pf: ObservedPf, { id, guids }: ObservedVf): void {
  const title = `VF ${id} of ${titleOf(pf)}`;
  for (const guid of new Set([guids?.node ?? NO_GUID, guids?.port ?? NO_GUID])) {
    const owner = owners.get(guid);
    if (guid !== NO_GUID) owners.set(guid, owner === undefined ? title : `${owner} and ${title}`);
  }
}

const titleOf = ({ pciAddress, link }: ObservedPf): string => pfTitle({ pciAddress, name: link?.name });

/** Gives the VF the GUID, unless somebody else has it. Returns who that is. */
function take({ place, draft }: Claim, guid: string, owners: Owners): string | undefined {
  const owner = owners.get(guid) ?? place.title;
  if (owner !== place.title) return owner;
  owners.set(guid, place.title);
  draft.wanted.set(place.id, guid);
  return undefined;
}

function takeFromFile(claim: Claim, owners: Owners): void {
  const { fromFile, id } = claim.place;
  if (fromFile === undefined) return;
  const owner = take(claim, fromFile, owners);
  if (owner === undefined) return;
  claim.draft.faults.set(
    id,
    `the GUID file gives it ${fromFile}, which ${owner} has, and a node can have a GUID only once: change the file`,
  );
}

function takeRecorded(claim: Claim, owners: Owners): void {
  const { fromFile, recorded, isKept } = claim.place;
  if (fromFile === undefined && recorded !== undefined && !isKept) take(claim, recorded, owners);
}

/** VFs that are not there now get theirs again when they are made again. */
function reserveRecorded({ record, title }: GuidPort, owners: Owners): void {
  for (const [id, guid] of Object.entries(record?.vfs ?? {})) {
    if (!owners.has(guid)) owners.set(guid, `VF ${id} of ${title}`);
  }
}

function takeNew(
  claim: Claim,
  owners: Owners,
  { file, seeds }: Pick<GuidFacts, 'file'> & { readonly seeds: ReadonlyMap<string, string> },
): void {
  const { place, port, draft } = claim;
  if (place.isKept || draft.wanted.has(place.id) || draft.faults.has(place.id)) return;
  const fault = findFault(port, file);
  if (fault !== undefined) {
    draft.faults.set(place.id, fault);
    return;
  }
  const seed = seeds.get(port.pciAddress) ?? port.pciAddress;
  for (let attempt = 0; take(claim, stableVfGuid(seed, place.id, attempt), owners) !== undefined;) attempt += 1;
}

/** Why no GUID is made for a VF of the PF that has none from elsewhere. */
function findFault({ pciAddress, entry, damage }: GuidPort, file: GuidFacts['file']): string | undefined {
  if (file === undefined) {
    return (
      damage &&
      `the state file ${GUID_RECORDS}/${pciAddress} is damaged (${damage}), so nobody knows which GUID it was given: repair the file, or remove it to have GUIDs made`
    );
  }
  if (typeof file === 'string') return 'it has no GUID yet, and the GUID file cannot be used';
  return entry === undefined
    ? 'the GUID file has no entry for its PF: add one, or remove the file to have GUIDs made'
    : 'the GUID file has too few GUIDs for its PF';
}

/**
 * A GUID of local administration, and the same each time the VF is made: the subnet manager knows the VF by it. Where
 * it is taken, the next attempt is another one.
 */
function stableVfGuid(seed: string, vfId: number, attempt: number): string {
  const text = attempt === 0 ? `${seed}#${vfId}` : `${seed}#${vfId}#${attempt}`;
  return ['02', ...stableOctets(text, 7)].join(':');
}

function finishAll(ports: readonly GuidPort[], drafts: Drafts): ReadonlyMap<string, PfGuids> {
  const given = new Map(
    ports.flatMap(({ pciAddress }) =>
      [...(drafts.get(pciAddress)?.wanted ?? [])].map(([id, guid]) => [guid, `${pciAddress} ${id}`] as const),
    ),
  );
  return new Map(
    ports.map((port) => {
      const { pciAddress, pfGuid, record } = port;
      const { wanted, faults } = draftOf(drafts, port);
      // What a VF was given before counts no more once another one gets it.
      const isOwn = ([id, guid]: readonly [string, string]): boolean =>
        (given.get(guid) ?? `${pciAddress} ${id}`) === `${pciAddress} ${id}`;
      const before = Object.fromEntries(Object.entries(record?.vfs ?? {}).filter(isOwn));
      const vfs = waits(port, { wanted, faults }) ? before : { ...before, ...decided(port, wanted, before) };
      return [pciAddress, { wanted, faults, record: { pfGuid, vfs } }];
    }),
  );
}

/** As long as a VF is in use, the record says what it was given, and not what waits for it. */
function decided({ places }: GuidPort, wanted: Draft['wanted'], before: GuidRecord['vfs']): GuidRecord['vfs'] {
  const waiting = new Set(
    places.filter(({ id, isHeld }) => isHeld && before[String(id)] !== undefined).map(({ id }) => id),
  );
  return Object.fromEntries([...wanted].filter(([id]) => !waiting.has(id)));
}

function findRepeated(entries: Parameters<typeof entriesOf>[0], pfs: readonly ObservedPf[]): string[] {
  return pfs
    .filter((pf) => entriesOf(entries, pf).length > 1)
    .map((pf) => `the GUID file has more than one entry for ${titleOf(pf)}: the first one counts`);
}
