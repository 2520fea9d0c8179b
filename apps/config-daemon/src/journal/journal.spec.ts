import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type DesiredInterface } from '@sriov/api';
import { StateFolder } from '@sriov/host';
import { type Card } from '@sriov/node-plan';
import { Journal } from './journal.ts';

const PF = '0000:5e:00.0';
const OTHER = '0000:5e:00.1';

const entry: DesiredInterface = {
  pciAddress: PF,
  numVfs: 4,
  mtu: 0,
  name: 'ens5f0',
  linkType: 'IB',
  vfGroups: [{ resourceName: 'ib_a', deviceType: 'netdevice', vfRange: '0-3', policyName: 'pol-a', isRdma: true }],
  externallyManaged: true,
};
/** As upstream's daemon writes it. */
const FILE =
  '{"pciAddress":"0000:5e:00.0","numVfs":4,"name":"ens5f0","linkType":"IB","externallyManaged":true,"vfGroups":[{"resourceName":"ib_a","deviceType":"netdevice","vfRange":"0-3","policyName":"pol-a","isRdma":true}]}';

let path: string;
let journal: Journal;
beforeEach(() => {
  path = mkdtempSync(join(tmpdir(), 'journal-'));
  journal = new Journal(new StateFolder(path));
});
afterEach(() => rmSync(path, { recursive: true }));

const fileOf = (name: string): string => readFileSync(join(path, name), 'utf8');
function put(name: string, content: string): void {
  mkdirSync(join(path, name, '..'), { recursive: true });
  writeFileSync(join(path, name), content);
}
const card: Card = { vendor: '8086', deviceId: '10c9', address: '52:54:00:aa:00:10' };
const own = async (change: Partial<DesiredInterface> = {}, initial = { mtu: 1500, autoprobe: true }): Promise<void> =>
  journal.own({ ...entry, ...change }, await journal.read(), { initial, card });

const NOTHING = {
  ...{ owned: new Map(), initial: new Map(), cards: new Map(), damaged: new Map() },
  ...{ plugin: {}, guids: { records: new Map() }, bridges: { own: new Map() }, firmware: new Map(), reboots: [] },
};

describe('the journal', () => {
  it('is empty on a node on which we never ran', async () => {
    expect(await journal.read()).toEqual(NOTHING);
  });

  it('holds an entry in the file, and the form, in which upstream holds it', async () => {
    await own();
    expect(JSON.parse(fileOf(`pci/${PF}`))).toEqual(JSON.parse(FILE));
    expect(fileOf(`pci/${PF}`)).toMatch(/^\{"pciAddress":"0000:5e:00\.0","numVfs":4,/);
  });

  it('reads what upstream has left', async () => {
    put(`pci/${PF}`, FILE);
    const { mtu: _, ...read } = entry;
    expect((await journal.read()).owned).toEqual(new Map([[PF, read]]));
  });

  it('keeps what a PF was at first, whatever it is later', async () => {
    await own();
    await own({ numVfs: 6 }, { mtu: 9000, autoprobe: false });
    const { owned, initial } = await journal.read();
    expect(owned.get(PF)?.numVfs).toBe(6);
    expect(initial.get(PF)).toEqual({ mtu: 1500, autoprobe: true });
  });

  it('does not trust what an earlier takeover has left behind', async () => {
    put(`initial/${PF}`, '{"mtu":9000}');
    await own();
    expect((await journal.read()).initial.get(PF)).toEqual({ mtu: 1500, autoprobe: true });
  });

  it('forgets a PF that is released', async () => {
    await own();
    await journal.release(PF);
    expect(await journal.read()).toEqual(NOTHING);
    expect([readdirSync(join(path, 'pci')), readdirSync(join(path, 'initial'))]).toEqual([[], []]);
  });

  it('writes nothing that is there already', async () => {
    await own();
    rmSync(join(path, 'initial'), { recursive: true });
    put(`initial/${PF}`, '{"mtu":1500,"autoprobe":true}\n');
    const before = readdirSync(path, { recursive: true, withFileTypes: true }).map(({ name }) => name);
    const writes: string[] = [];
    const folder = new StateFolder(path);
    const watched = new Journal({
      read: (name) => folder.read(name),
      list: (name) => folder.list(name),
      remove: (name) => folder.remove(name),
      write: (name) => Promise.resolve(void writes.push(name)),
    });
    await watched.own(entry, await watched.read(), { initial: { mtu: 9000, autoprobe: false }, card });
    expect(writes).toEqual([]);
    expect(readdirSync(path, { recursive: true, withFileTypes: true }).map(({ name }) => name)).toEqual(before);
  });
});

describe('a damaged file', () => {
  it.each([
    ['is empty', '', 'Unexpected end of JSON input'],
    ['was cut off', FILE.slice(0, 40), 'Expected double-quoted property name'],
    ['holds something else', '[1, 2]', 'it is not an entry of a PF'],
    ['is about another PF', FILE.replace(PF, OTHER), `it is about ${OTHER}`],
  ])('that %s is a problem of its PF and of no other', async (_, content, cause) => {
    put(`pci/${PF}`, content);
    put(`pci/${OTHER}`, FILE.replace(PF, OTHER));
    const { owned, damaged } = await journal.read();
    expect([...owned.keys()]).toEqual([OTHER]);
    expect([...damaged.keys()]).toEqual([PF]);
    expect(damaged.get(PF)).toContain(`the state file pci/${PF} is damaged (${cause}`);
  });

  it('that cannot even be read is such a problem as well', async () => {
    mkdirSync(join(path, 'pci', PF), { recursive: true });
    expect((await journal.read()).damaged.get(PF)).toContain('is not a file');
  });

  it('is replaced when its PF is wanted, and what the PF was at first is kept', async () => {
    await own();
    put(`pci/${PF}`, '{');
    await own({}, { mtu: 9000, autoprobe: false });
    const { owned, initial, damaged } = await journal.read();
    expect([owned.size, damaged.size]).toEqual([1, 0]);
    expect(initial.get(PF)).toEqual({ mtu: 1500, autoprobe: true });
  });

  it('about the initial state counts as none', async () => {
    await own();
    put(`initial/${PF}`, '{');
    expect(await journal.read()).toMatchObject({
      initial: new Map(),
      damaged: new Map(),
      plugin: {},
      guids: { records: new Map() },
    });
    await own({}, { mtu: 9000, autoprobe: true });
    expect((await journal.read()).initial.get(PF)).toEqual({ mtu: 9000, autoprobe: true });
  });

  it.each(['README', `${PF}~`, `${PF}.unfinished`])('named %s is none of ours', async (name) => {
    put(`pci/${name}`, 'anything');
    expect(await journal.read()).toEqual(NOTHING);
  });
});

describe('the GUIDs in the journal', () => {
  const record = { pfGuid: 'b8:59:9f:03:00:f9:8f:86', vfs: { 0: '02:00:00:00:00:00:00:01' } };

  it('are kept for each PF, also when it is given back, and written only when they differ', async () => {
    await own();
    await journal.recordGuids(PF, record, await journal.read());
    await journal.release(PF);
    const known = await journal.read();
    expect(known.guids.records).toEqual(new Map([[PF, record]]));
    rmSync(join(path, 'guids'), { recursive: true });
    await journal.recordGuids(PF, record, known);
    expect(readdirSync(path)).not.toContain('guids');
    await journal.recordGuids(PF, { ...record, vfs: { ...record.vfs, 1: '02:00:00:00:00:00:00:02' } }, known);
    expect(readdirSync(join(path, 'guids'))).toEqual([PF]);
  });

  it('are not known from a damaged file, and everything else is', async () => {
    put(`guids/${PF}`, '{"pfGuid":"b8:59:9f:03:00:f9:8f:86"');
    put(`guids/${OTHER}`, JSON.stringify(record));
    const { guids, damaged } = await journal.read();
    expect([guids.records, damaged]).toEqual([new Map([[OTHER, record]]), new Map()]);
    expect(guids.damaged).toEqual(new Map([[PF, expect.stringMatching(/./)]]));
  });

  it.each<[string, () => void, unknown]>([
    ['is not there', () => undefined, undefined],
    ['is half written', () => put('infiniband/guids', '[{'), 'it is not JSON: it may be half written'],
    ['is a folder', () => put('infiniband/guids/a', ''), expect.stringMatching(/infiniband\/guids is not a file$/)],
    ['is large', () => put('infiniband/guids', ' '.repeat(5_000_000)), expect.stringMatching(/has 5000000 bytes/)],
    ['has no entries', () => put('infiniband/guids', '[]'), { entries: [] }],
  ])('tell of a file of the administrator that %s', async (_, prepare, expected) => {
    prepare();
    expect((await journal.read()).guids.file).toEqual(expected);
  });
});
