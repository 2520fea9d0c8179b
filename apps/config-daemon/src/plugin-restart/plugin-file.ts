import { damagedRecord, type PluginRecord, pluginRecordSchema } from '@sriov/plugin-restart';

/** The part of the state folder in which the record of the device plugin stands. */
export interface PluginFolder {
  read(name: string): Promise<string | undefined>;
  write(name: string, content: string): Promise<void>;
}

/** One file, which upstream does not have. */
const NAME = 'device-plugin';

/** Reads what is known of the device plugin: nothing where there is no file, and a restart where it is damaged. */
export async function readPluginRecord(folder: PluginFolder): Promise<PluginRecord> {
  try {
    const text = await folder.read(NAME);
    if (text === undefined) return {};
    return pluginRecordSchema.parse(JSON.parse(text));
  } catch {
    return damagedRecord(`the state file ${NAME} was damaged`);
  }
}

/** Writes what is known of the device plugin, unless the file says the same already: `known` is what it says. */
export async function writePluginRecord(
  folder: PluginFolder,
  record: PluginRecord,
  known: PluginRecord,
): Promise<void> {
  const text = JSON.stringify(record);
  if (text !== JSON.stringify(known)) await folder.write(NAME, `${text}\n`);
}
