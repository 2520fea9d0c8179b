import { describe, it } from '@jest/globals';
import { type Kernel } from '@sriov/host';
import { corpus, survives } from '@sriov/testing/survives';
import { readHandover } from '../device-plugin/handover-file.ts';
import { readPluginRecord } from '../plugin-restart/plugin-file.ts';
import { MemoryFolder, testKernel } from '../test/test-host.ts';
import { systemClock } from '@sriov/runtime';
import { readBridgeFile } from './bridge-file.ts';
import { readFirmwareFile } from './firmware-file.ts';
import { Journal } from './journal.ts';
import { readUpstreamCheckpoint } from './upstream-checkpoint.ts';

function folderWith(name: string, text: string): MemoryFolder {
  const folder = new MemoryFolder();
  folder.files.set(name, text);
  return folder;
}

/** A host on which every file says this. */
const hostWith = (text: string): Kernel =>
  Object.assign(testKernel(systemClock), { read: () => Promise.resolve(text) });

describe('whatever is in a file that we keep or find, reading it neither fails nor makes anything up', () => {
  it.each<[string, string, (text: string) => Promise<unknown>]>([
    ['the entry of a PF', 'pf-entry', (text) => new Journal(folderWith('pci/0000:5e:00.0', text)).read()],
    ['the initial state of a PF', 'pf-entry', (text) => new Journal(folderWith('initial/0000:5e:00.0', text)).read()],
    ['the GUID file', 'guids', (text) => new Journal(folderWith('infiniband/guids', text)).read()],
    ['the bridges', 'bridges', (text) => readBridgeFile(folderWith('managed-ovs-bridges.json', text))],
    ['settings that wait for a reboot', 'firmware', (text) => readFirmwareFile(folderWith('firmware.json', text))],
    ['what is owed to the device plugin', 'handover', (text) => readPluginRecord(folderWith('device-plugin', text))],
    ['the hand-over file', 'handover', (text) => readHandover(folderWith('handover.json', text))],
    ["upstream's checkpoint", 'checkpoint', (text) => readUpstreamCheckpoint(hostWith(text))],
  ])('%s', async (_, prefix, read) => {
    await survives(({ text }) => read(text), { samples: corpus(import.meta.dirname, prefix) });
  });
});
