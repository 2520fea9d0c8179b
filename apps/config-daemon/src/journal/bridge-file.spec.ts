import { describe, expect, it } from '@jest/globals';
import { type OvsBridge } from '@sriov/api';
import { MemoryFolder } from '../test/test-host.ts';
import { readBridgeFile, writeBridgeFile } from './bridge-file.ts';

const NAME = 'managed-ovs-bridges.json';
/** As upstream's daemon writes it. */
const FILE =
  '{"br-0000_5e_00.0":{"name":"br-0000_5e_00.0","bridge":{"datapathType":"netdev","externalIDs":{"a":"1"}},"uplinks":[{"pciAddress":"0000:5e:00.0","name":"ens5f0","interface":{"type":"dpdk","mtuRequest":9000}}]}}';
const BRIDGE: OvsBridge = {
  name: 'br-0000_5e_00.0',
  bridge: { datapathType: 'netdev', externalIDs: { a: '1' } },
  uplinks: [{ pciAddress: '0000:5e:00.0', name: 'ens5f0', interface: { type: 'dpdk', mtuRequest: 9000 } }],
};

describe('the file of bridges', () => {
  it('is read and written as upstream reads and writes it', async () => {
    const folder = new MemoryFolder();
    folder.files.set(NAME, FILE);
    const known = await readBridgeFile(folder);
    expect([...known.own]).toEqual([[BRIDGE.name, BRIDGE]]);
    await writeBridgeFile(folder, [], known);
    expect(folder.files.get(NAME)).toBe('{}');
    await writeBridgeFile(folder, [BRIDGE], { own: new Map() });
    expect(folder.files.get(NAME)).toBe(FILE);
  });

  it('tells of a bridge that it is marked, beside what upstream knows of it', async () => {
    const folder = new MemoryFolder();
    await writeBridgeFile(folder, [{ ...BRIDGE, isMarked: true }], { own: new Map() });
    expect(folder.files.get(NAME)).toBe(FILE.replace(/}}$/, ',"isMarked":true}}'));
    expect((await readBridgeFile(folder)).own.get(BRIDGE.name)).toEqual({ ...BRIDGE, isMarked: true });
  });

  it('is not written when it says the same, or there is nothing to say', async () => {
    const folder = new MemoryFolder();
    await writeBridgeFile(folder, [], await readBridgeFile(folder));
    await writeBridgeFile(folder, [BRIDGE], { own: new Map([[BRIDGE.name, BRIDGE]]) });
    expect(folder.files.size).toBe(0);
  });

  it.each([
    ['no JSON', '{"br'],
    ['not bridges', '{"br0":{"name":5}}'],
    ['a list', '[]'],
    ['a bridge under the name of another', '{"br0":{"name":"br1"}}'],
  ])('that holds %s is damaged, and nobody takes that for no bridges', async (_, text) => {
    const folder = new MemoryFolder();
    folder.files.set(NAME, text);
    const { damaged } = await readBridgeFile(folder);
    expect(damaged).toMatch(
      /^the state file managed-ovs-bridges.json is damaged \(.+\).*: repair the file, or remove it/,
    );
  });

  it('that cannot be read is damaged as well: PFs without a bridge do not suffer from it', async () => {
    const folder = new MemoryFolder();
    folder.read = () => Promise.reject(new Error('/state/managed-ovs-bridges.json is not a file'));
    expect(await readBridgeFile(folder)).toEqual({
      own: new Map(),
      damaged: expect.stringContaining('is damaged (/state/managed-ovs-bridges.json is not a file)'),
    });
  });
});
