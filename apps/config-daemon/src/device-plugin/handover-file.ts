import { type Handover, HANDOVER_FILE, handoverSchema } from '@sriov/plugin-handover';

/** The folder on the host in which config daemon and device plugin meet. It writes a file completely or not at all. */
export interface HandoverFolder {
  read(name: string): Promise<string | undefined>;
  write(name: string, content: string): Promise<void>;
}

/** The hand-over file as it is; without `text` there is none, or it cannot be read. */
export interface HandoverFile {
  readonly text?: string;
  readonly handover: Handover;
  /** There is one that cannot be understood: any VF may be withdrawn. */
  readonly isDamaged?: true;
}

/** No file says the same as a file that says nothing. */
const NOTHING: Handover = { withdrawn: [] };

/** Reads the file. Of one that is damaged or cannot be read, nobody knows what it says. */
export async function readHandover(folder: HandoverFolder): Promise<HandoverFile> {
  try {
    const text = await folder.read(HANDOVER_FILE);
    return text === undefined ? { handover: NOTHING } : { text, handover: handoverSchema.parse(JSON.parse(text)) };
  } catch {
    return { text: '', handover: NOTHING, isDamaged: true };
  }
}

/** Writes the file unless it says the same already. Returns the file as it is then. @throws what the folder throws */
export async function writeHandover(
  folder: HandoverFolder,
  { config, withdrawn, returning = [] }: Handover,
  present: HandoverFile,
): Promise<HandoverFile> {
  const handover = { ...(config !== undefined && { config }), withdrawn, ...(returning.length > 0 && { returning }) };
  const text = textOf(handover);
  const isThere = present.text === undefined ? text === textOf(NOTHING) : text === present.text;
  if (isThere) return present;
  await folder.write(HANDOVER_FILE, text);
  return { text, handover };
}

function textOf(handover: Handover): string {
  return `${JSON.stringify(handover)}\n`;
}
