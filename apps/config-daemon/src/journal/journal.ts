import { desiredInterfaceSchema, type DesiredInterface, toWire, wireText } from '@sriov/api';
import { messageOf } from '@sriov/errors';
import {
  type AwaitedFirmware,
  type BridgeFacts,
  type Card,
  GUID_FILE,
  GUID_RECORDS,
  type GuidFacts,
  type GuidRecord,
  type InitialPf,
  joinCards,
  type KnownPort,
  type OwnBridge,
  readGuidFile,
  type RebootRecord,
  type UnknownReboots,
} from '@sriov/node-plan';
import { type PluginRecord } from '@sriov/plugin-restart';
import { z } from 'zod';
import { readBridgeFile, writeBridgeFile } from './bridge-file.ts';
import { readFirmwareFile, writeFirmwareFile } from './firmware-file.ts';
import { readPortFile, writePortFile } from './port-file.ts';
import { readRebootFile, writeRebootFile } from '../reboot/reboot-file.ts';
import { readPluginRecord, writePluginRecord } from '../plugin-restart/plugin-file.ts';

/** The files that the journal needs; `StateFolder` of `libs/host` is one. */
export interface JournalFolder {
  read(name: string): Promise<string | undefined>;
  list(folder: string): Promise<string[]>;
  write(name: string, content: string): Promise<void>;
  remove(name: string): Promise<void>;
}

/** The file of what a PF was. */
const initialSchema: z.ZodType<InitialPf> = z.object({
  mtu: z.number().optional(),
  autoprobe: z.boolean().optional(),
  eSwitchMode: z.enum(['legacy', 'switchdev']).optional(),
});

/** What the journal knows. */
export interface JournalEntries {
  /** PFs that the operator has taken over, by PCI address, with the entry last applied or begun. */
  readonly owned: ReadonlyMap<string, DesiredInterface>;
  readonly initial: ReadonlyMap<string, InitialPf>;
  /** The card that each of these PFs was on. Files of upstream do not tell it. */
  readonly cards: ReadonlyMap<string, Card>;
  /** Why nobody knows which PFs the operator has taken over, or how they were; absent where that can be read. */
  readonly unread?: string;
  /** PFs of which nobody knows whether the operator has taken them over: a sentence by PCI address. */
  readonly damaged: ReadonlyMap<string, string>;
  readonly plugin: PluginRecord;
  readonly guids: GuidFacts;
  /** Bridges that the operator has made or begun to make. */
  readonly bridges: BridgeFacts;
  /** Settings of firmware for which a reboot was begun, by NIC. */
  readonly firmware: ReadonlyMap<string, AwaitedFirmware>;
  /** The ports of this virtual machine as they were known last; absent where nothing is written about them. */
  readonly guestPorts: readonly KnownPort[] | undefined;
  /** Reboots that were asked for. */
  readonly reboots: RebootRecord | UnknownReboots;
}

/** One file per PF, the JSON of its spec entry: the format and place of upstream, so that a node can move over. */
const OWNED = 'pci';
/** One file per PF: ours alone. */
const INITIAL = 'initial';
/** One file per PF: ours alone, because upstream knows a PF by its address only. */
const CARDS = 'cards';
const cardSchema: z.ZodType<Card> = z.object({
  vendor: z.string(),
  deviceId: z.string(),
  address: z.string().optional(),
});
/** Records of cards that are no longer where they were, one file each: for people, and never read. */
const PUT_ASIDE = 'put-aside';
const guidRecordSchema: z.ZodType<GuidRecord> = z.object({
  pfGuid: z.string(),
  vfs: z.record(z.string(), z.string()),
});

/**
 * What the daemon must not forget: which PFs it has taken over, and how they were before. Entries are written before
 * the hardware is touched, so that VFs are known as ours after a crash at any moment.
 */
export class Journal {
  readonly #folder: JournalFolder;

  constructor(folder: JournalFolder) {
    this.#folder = folder;
  }

  /** Reads all entries. A damaged file is a problem of its own PF only. */
  async read(): Promise<JournalEntries> {
    const owned = await this.#readAll(OWNED, desiredInterfaceSchema);
    for (const [name, { pciAddress }] of owned.entries) {
      if (pciAddress === name) continue;
      owned.entries.delete(name);
      owned.damaged.set(name, `it is about ${pciAddress}`);
    }
    // With its file, what a PF was before is lost. The PF then stays as it is when it is given back.
    const initial = await this.#readAll(INITIAL, initialSchema);
    // Without its file a card is not known, and nothing tells it from the one that is there.
    const cards = await this.#readAll(CARDS, cardSchema);
    const damaged = [...owned.damaged].map(([name, cause]): [string, string] => [
      name,
      `the state file ${OWNED}/${name} is damaged (${cause}): remove it, and the VFs of the PF as well if nobody wants them`,
    ]);
    const [unread] = [owned, initial, cards].flatMap(({ fault }) => fault ?? []);
    return {
      ...(unread !== undefined && { unread }),
      owned: owned.entries,
      initial: initial.entries,
      cards: cards.entries,
      damaged: new Map(damaged),
      plugin: await readPluginRecord(this.#folder),
      guids: await this.#readGuids(),
      bridges: await readBridgeFile(this.#folder),
      firmware: await readFirmwareFile(this.#folder),
      guestPorts: await readPortFile(this.#folder),
      reboots: await this.readReboots(),
    };
  }

  /** The records are ours alone, one file per PF whose VFs have GUIDs. It stays when the PF is given back. */
  async #readGuids(): Promise<GuidFacts> {
    const { entries: records, damaged, fault: unread } = await this.#readAll(GUID_RECORDS, guidRecordSchema);
    const faults = { ...(damaged.size > 0 && { damaged }), ...(unread !== undefined && { unread }) };
    return { records, file: await this.#readGuidFile(), ...faults };
  }

  /** The administrator's file: nothing when there is none, a sentence when it cannot be used. */
  async #readGuidFile(): Promise<GuidFacts['file']> {
    try {
      const text = await this.#folder.read(GUID_FILE);
      return text === undefined ? undefined : readGuidFile(text);
    } catch (error) {
      return messageOf(error);
    }
  }

  /** Takes a PF over, before anything is done to it. Writes nothing that is there already. */
  async own(entry: DesiredInterface, known: JournalEntries, { initial, card }: FoundPf): Promise<void> {
    const { pciAddress } = entry;
    const before = known.owned.get(pciAddress);
    // A file that an earlier takeover left behind is out of date.
    const isNew = before === undefined && !known.damaged.has(pciAddress);
    if (isNew || !known.initial.has(pciAddress)) await this.#writeInitial(pciAddress, known, initial);
    await this.#writeCard(pciAddress, known, card);
    if (before && wireText(desiredInterfaceSchema, before) === wireText(desiredInterfaceSchema, entry)) return;
    await this.#folder.write(`${OWNED}/${pciAddress}`, JSON.stringify(toWire(desiredInterfaceSchema, entry)));
  }

  /** Ends the takeover of a PF, when nothing of ours is left on it. */
  async release(pciAddress: string): Promise<void> {
    // First: a PF that counted as ours, and is wanted again, would be one of which nobody knows what it was before.
    await this.#folder.remove(`${OWNED}/${pciAddress}`);
    await this.#folder.remove(`${INITIAL}/${pciAddress}`);
    // Last: a record without its card would pass for one of the card that is there.
    await this.#folder.remove(`${CARDS}/${pciAddress}`);
  }

  /** Takes a record off a PF that is another card now, and keeps it beside the others. Returns the entries without it. */
  async putAside(pciAddress: string, known: JournalEntries): Promise<JournalEntries> {
    const entry = known.owned.get(pciAddress);
    const card = known.cards.get(pciAddress);
    // Without its entry it was put aside before, by a daemon that ended in the middle of this.
    if (entry !== undefined) {
      const record = { card, entry: toWire(desiredInterfaceSchema, entry), initial: known.initial.get(pciAddress) };
      await this.#folder.write(`${PUT_ASIDE}/${pciAddress}@${nameOf(card)}`, `${JSON.stringify(record)}\n`);
      await this.#folder.remove(`${OWNED}/${pciAddress}`);
    }
    await this.release(pciAddress);
    return withoutPf(known, pciAddress);
  }

  /** Writes the GUIDs that VFs of a PF get, before they are told. Writes nothing that is there already. */
  async recordGuids(pciAddress: string, record: GuidRecord, known: JournalEntries): Promise<void> {
    const before = known.guids.records.get(pciAddress);
    if (before?.pfGuid === record.pfGuid && isSame(before.vfs, record.vfs)) return;
    await this.#folder.write(`${GUID_RECORDS}/${pciAddress}`, `${JSON.stringify(record)}\n`);
  }

  /** Writes which bridges are the operator's, before anything is done to them, unless it stands there already. */
  async ownBridges(bridges: readonly OwnBridge[], known: BridgeFacts): Promise<void> {
    await writeBridgeFile(this.#folder, bridges, known);
  }

  /** Writes for which settings of firmware the node is about to be rebooted, unless it stands there already. */
  async recordFirmware(awaited: JournalEntries['firmware'], known: JournalEntries['firmware']): Promise<void> {
    await writeFirmwareFile(this.#folder, awaited, known);
  }

  /** Writes what is known of the ports of this virtual machine, unless it stands there already. */
  async recordGuestPorts(ports: readonly KnownPort[], known: JournalEntries['guestPorts']): Promise<void> {
    await writePortFile(this.#folder, ports, known);
  }

  /** Reads which reboots were asked for. */
  readReboots(): Promise<RebootRecord | UnknownReboots> {
    return readRebootFile(this.#folder);
  }

  /** Writes which reboots were asked for. */
  async writeReboots(record: RebootRecord): Promise<void> {
    await writeRebootFile(this.#folder, record);
  }

  /** Writes what is known of the device plugin, unless it stands there already. */
  async recordPlugin(record: PluginRecord, known: PluginRecord): Promise<void> {
    await writePluginRecord(this.#folder, record, known);
  }

  async #writeCard(pciAddress: string, known: JournalEntries, seen: Card): Promise<void> {
    const before = known.cards.get(pciAddress);
    const text = textOf(joinCards(before, seen));
    if (before === undefined || text !== textOf(before)) await this.#folder.write(`${CARDS}/${pciAddress}`, text);
  }

  async #writeInitial(pciAddress: string, known: JournalEntries, initial: InitialPf): Promise<void> {
    const text = `${JSON.stringify(initial)}\n`;
    if (text === `${JSON.stringify(known.initial.get(pciAddress))}\n`) return;
    await this.#folder.write(`${INITIAL}/${pciAddress}`, text);
  }

  /** The files of a folder by PCI address, and why some cannot be used. Files with other names are not ours. */
  async #readAll<S extends z.ZodType>(folder: string, schema: S): Promise<Files<z.output<S>>> {
    const entries = new Map<string, z.output<S>>();
    const damaged = new Map<string, string>();
    const names = await this.#folder.list(folder).catch((error: unknown) => messageOf(error));
    if (typeof names === 'string') return { entries, damaged, fault: `${folder} cannot be read: ${names}` };
    for (const name of names) {
      if (!PCI_ADDRESS.test(name)) continue;
      try {
        entries.set(name, schema.parse(JSON.parse((await this.#folder.read(`${folder}/${name}`)) ?? '')));
      } catch (error) {
        damaged.set(name, error instanceof z.ZodError ? 'it is not an entry of a PF' : messageOf(error));
      }
    }
    return { entries, damaged };
  }
}

/** The files of a folder by PCI address, and why some, or all, cannot be used. */
interface Files<T> {
  readonly entries: Map<string, T>;
  readonly damaged: Map<string, string>;
  readonly fault?: string;
}

/** A PF as it was found when it was taken over. */
export interface FoundPf {
  readonly initial: InitialPf;
  readonly card: Card;
}

function textOf({ vendor, deviceId, address }: Card): string {
  return `${JSON.stringify({ vendor, deviceId, address })}\n`;
}

function nameOf({ vendor = '', deviceId = '', address }: Partial<Card> = {}): string {
  return address ?? `${vendor}-${deviceId}`;
}

function withoutPf(known: JournalEntries, pciAddress: string): JournalEntries {
  const [owned, initial, cards, damaged] = [
    new Map(known.owned),
    new Map(known.initial),
    new Map(known.cards),
    new Map(known.damaged),
  ] as const;
  for (const map of [owned, initial, cards, damaged]) map.delete(pciAddress);
  return { ...known, owned, initial, cards, damaged };
}

const PCI_ADDRESS = /^[0-9a-f]{4,8}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]$/;

function isSame(a: GuidRecord['vfs'], b: GuidRecord['vfs']): boolean {
  const ids = Object.keys(a);
  return ids.length === Object.keys(b).length && ids.every((id) => a[id] === b[id]);
}
