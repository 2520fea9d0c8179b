import { desiredInterfaceSchema, type DesiredInterface, toWire, wireText } from '@sriov/api';
import { z } from 'zod';

/** The files that the journal needs; `StateFolder` of `libs/host` is one. */
export interface JournalFolder {
  read(name: string): Promise<string | undefined>;
  list(folder: string): Promise<string[]>;
  write(name: string, content: string): Promise<void>;
  remove(name: string): Promise<void>;
}

/** What was true of a PF before the operator first touched it. */
const initialSchema = z.object({ mtu: z.number().optional(), autoprobe: z.boolean().optional() });
export type InitialState = z.infer<typeof initialSchema>;

/** What the journal knows. */
export interface JournalEntries {
  /** PFs that the operator has taken over, by PCI address, with the entry last applied or begun. */
  readonly owned: ReadonlyMap<string, DesiredInterface>;
  readonly initial: ReadonlyMap<string, InitialState>;
  /** Files that cannot be read, with the cause. */
  readonly problems: readonly string[];
}

/** One file a PF, the JSON of its spec entry: the format and place of upstream, so that a node can move over. */
const OWNED = 'pci';
/** One file a PF: ours alone. */
const INITIAL = 'initial';

/**
 * What the daemon must not forget: which PFs it has taken over, and how they were before. Entries are written before
 * the hardware is touched, so that VFs are known as ours after a crash at any moment.
 */
export class Journal {
  readonly #folder: JournalFolder;

  constructor(folder: JournalFolder) {
    this.#folder = folder;
  }

  /** Reads all entries. A damaged file is a problem of its PF, not of the others. */
  async read(): Promise<JournalEntries> {
    const problems: string[] = [];
    const owned = await this.#readAll({ folder: OWNED, schema: desiredInterfaceSchema, problems });
    const initial = await this.#readAll({ folder: INITIAL, schema: initialSchema, problems });
    return { owned, initial, problems };
  }

  /** Takes a PF over, before anything is done to it. Writes nothing that stands there already. */
  async own(entry: DesiredInterface, known: JournalEntries, initial: InitialState): Promise<void> {
    const { pciAddress } = entry;
    if (!known.initial.has(pciAddress)) {
      await this.#folder.write(`${INITIAL}/${pciAddress}`, `${JSON.stringify(initial)}\n`);
    }
    const before = known.owned.get(pciAddress);
    if (before && wireText(desiredInterfaceSchema, before) === wireText(desiredInterfaceSchema, entry)) return;
    await this.#folder.write(`${OWNED}/${pciAddress}`, JSON.stringify(toWire(desiredInterfaceSchema, entry)));
  }

  /** Ends the takeover of a PF, when nothing of ours is left on it. */
  async release(pciAddress: string): Promise<void> {
    await this.#folder.remove(`${OWNED}/${pciAddress}`);
    await this.#folder.remove(`${INITIAL}/${pciAddress}`);
  }

  async #readAll<S extends z.ZodType>(source: {
    folder: string;
    schema: S;
    problems: string[];
  }): Promise<Map<string, z.output<S>>> {
    const entries = new Map<string, z.output<S>>();
    for (const name of await this.#folder.list(source.folder)) {
      const path = `${source.folder}/${name}`;
      const text = await this.#folder.read(path);
      if (text === undefined) continue;
      const parsed = source.schema.safeParse(parseJson(text));
      if (parsed.success) entries.set(name, parsed.data);
      else source.problems.push(`the state file ${path} is damaged: repair or remove it`);
    }
    return entries;
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
