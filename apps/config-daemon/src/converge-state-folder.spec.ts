import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type NodeStateSpec } from '@sriov/api';
import { StateFolder } from '@sriov/host';
import { type SimulatedKernel } from '@sriov/host-sim';
import { verdictOf } from '@sriov/node-plan';
import { systemClock } from '@sriov/runtime';
import { converge } from './converge.ts';
import { Journal, type JournalFolder } from './journal/journal.ts';
import { hostPorts, PORTS, testKernel, testSpec } from './test/test-host.ts';

const [A, B] = PORTS;

let path: string;
let kernel: SimulatedKernel;
beforeEach(() => {
  path = mkdtempSync(join(tmpdir(), 'state-'));
  kernel = testKernel(systemClock);
});
afterEach(() => rmSync(path, { recursive: true }));

/** One pass of a daemon that was just started: the sync status, and the lines of its message. */
async function pass(spec: NodeStateSpec, folder: JournalFolder = new StateFolder(path)): Promise<[string, string[]]> {
  const ports = hostPorts({ kernel, journal: new Journal(folder), folder: kernel.handoverFolder });
  const wanted = { spec, plannedFrom: new Set(PORTS), allowHostInterfaces: false };
  const end = await converge(ports, wanted, { onPlan: () => Promise.resolve(), onStep: () => undefined });
  const { syncStatus, message } = verdictOf(end);
  return [syncStatus, message.split('\n')];
}

/** The state folder on a disk that takes no file whose name matches. */
function refusing(pattern: RegExp, code: string): JournalFolder {
  const folder = new StateFolder(path);
  return {
    read: (name) => folder.read(name),
    list: (name) => folder.list(name),
    write: (name, content) =>
      pattern.test(name) ? Promise.reject(new Error(`${code}: ${name}`)) : folder.write(name, content),
    remove: (name) => (pattern.test(name) ? Promise.reject(new Error(`${code}: ${name}`)) : folder.remove(name)),
  };
}

const numVfs = (): (number | undefined)[] => PORTS.map((address) => kernel.state.devices[address]?.pf?.vfs.length);
const SYNCED = ['Succeeded', ['the host is as the spec wants it']];
const put = (name: string): void => {
  rmSync(join(path, name), { recursive: true, force: true });
  writeFileSync(join(path, name), 'not a folder');
};

describe('a state folder that cannot take the record of one PF', () => {
  it.each(['ENOSPC', 'EIO'])('(%s) holds up that PF, and no other', async (code) => {
    const [status, lines] = await pass(testSpec(4, 2), refusing(new RegExp(`^pci/${A}$`), code));
    expect([status, numVfs()]).toEqual(['Failed', [0, 4]]);
    expect(lines).toContain(
      `ens1 (${A}): the state folder cannot be written, so nothing is done to it: ${code}: pci/${A}: make it writable, or choose another with --state-folder`,
    );
    expect(await pass(testSpec(4, 2))).toEqual(SYNCED);
    expect(numVfs()).toEqual([4, 4]);
  });

  it('holds up nothing that is done to PFs whose records stand there', async () => {
    await pass(testSpec(4, 2));
    await kernel.exec('ip', ['link', 'set', 'dev', 'ens2', 'down']);
    const [wanted] = testSpec(2, 1).interfaces ?? [];
    const [, other] = testSpec(4, 2).interfaces ?? [];
    const spec = { interfaces: [wanted, other].flatMap((entry) => entry ?? []) };
    const [status] = await pass(spec, refusing(/^pci\//, 'EROFS'));
    expect([status, numVfs(), kernel.state.links['ens2']?.up]).toEqual(['Failed', [4, 4], true]);
  });
});

describe('a read-only state folder', () => {
  it('costs no VF, and one sentence says so', async () => {
    await pass(testSpec(4, 2));
    const [status, lines] = await pass({}, refusing(/./, 'EROFS'));
    expect([status, numVfs()]).toEqual(['Failed', [4, 4]]);
    expect(lines.filter((line) => line.includes('the state folder cannot be written'))).toEqual([
      expect.stringContaining('so nothing is done to the host: EROFS: device-plugin'),
    ]);
  });
});

describe('a file in the place of', () => {
  it.each(['pci', 'initial', 'cards'])('the folder %s costs no VF, and is named', async (name) => {
    await pass(testSpec(4, 2));
    put(name);
    const [status, lines] = await pass({});
    expect([status, numVfs()]).toEqual(['Failed', [4, 4]]);
    expect(lines).toEqual([
      expect.stringMatching(
        new RegExp(`^the state folder cannot be read, .* nothing is done to the host: ${name} cannot be read: ENOTDIR`),
      ),
    ]);
    rmSync(join(path, name));
  });

  it('the folder of GUIDs holds up nobody without GUIDs', async () => {
    put('guids');
    expect(await pass(testSpec(4, 2))).toEqual(SYNCED);
    expect(numVfs()).toEqual([4, 4]);
  });

  it('the state folder itself costs no VF', async () => {
    await pass(testSpec(4, 2));
    rmSync(path, { recursive: true });
    writeFileSync(path, 'not a folder');
    const [status] = await pass({});
    expect([status, numVfs()]).toEqual(['Failed', [4, 4]]);
  });
});

describe('a state folder that is gone', () => {
  it('costs no VF: nobody knows any more whose they are', async () => {
    await pass(testSpec(4, 2));
    rmSync(path, { recursive: true });
    expect(await pass({})).toEqual(SYNCED);
    expect(numVfs()).toEqual([4, 4]);
    mkdirSync(path, { recursive: true });
  });
});

describe('a damaged record', () => {
  it('costs no VF, and holds up no other PF', async () => {
    await pass(testSpec(4, 2));
    writeFileSync(join(path, 'pci', B), '{"pciAddress":');
    const [status, lines] = await pass({});
    expect([status, numVfs()]).toEqual(['Failed', [0, 4]]);
    expect(lines).toEqual([expect.stringContaining(`the state file pci/${B} is damaged`)]);
  });
});
