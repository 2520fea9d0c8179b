import { type GuidFile } from './guid-file.ts';

/** Folder of the state folder in which each PF has its {@link GuidRecord}. */
export const GUID_RECORDS = 'guids';

/** What is known of the GUIDs of a node's VFs beside what the host shows. */
export interface GuidFacts {
  /** Absent where there is no such file; a sentence where it cannot be used. */
  readonly file?: GuidFile | string | undefined;
  /** GUIDs that VFs were given before, by PCI address of the PF. */
  readonly records: ReadonlyMap<string, GuidRecord>;
  /** Records that cannot be read, and why, by PCI address of the PF; absent where there are none. */
  readonly damaged?: ReadonlyMap<string, string>;
  /** Why none of the records can be read; absent where they can. */
  readonly unread?: string;
}

/** GUIDs that VFs of a PF were given, or are about to be. */
export interface GuidRecord {
  /** The GUID of the port: another card in the same place does not get the GUIDs of the one before. */
  readonly pfGuid: string;
  /** By index of the VF. */
  readonly vfs: Readonly<Record<string, string>>;
}

/** What was decided about the GUIDs of the VFs of a PF. */
export interface PfGuids {
  /** By index of the VF; one that keeps what it has is left out. */
  readonly wanted: ReadonlyMap<number, string>;
  /** VFs that get none, and why: a sentence without its subject. */
  readonly faults: ReadonlyMap<number, string>;
  /** To be written before anything is done to the PF. */
  readonly record: GuidRecord;
}

/** What was decided about the GUIDs of a node's VFs. */
export interface GuidAssignment {
  /** InfiniBand PFs of the spec whose driver takes GUIDs, by PCI address. */
  readonly byPf: ReadonlyMap<string, PfGuids>;
  /** What people should know of the GUID file. */
  readonly warnings: readonly string[];
  /** Why the GUID file is not used, where that matters. */
  readonly fileFault?: string;
}
