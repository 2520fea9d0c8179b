import { describe, expect, it, jest } from '@jest/globals';
import { ignoreCommands } from './test/ignore-commands.ts';
import { GuidHost, guid } from './test/guid-host.ts';
import { MemoryFolder, PORTS, PowerCut } from './test/test-host.ts';

jest.setTimeout(60_000);

const DONE = 'InSync: the host is as the spec wants it';
const made = (own: string): unknown[] => ['mlx5_core', own, own, own, 'auto', true];

/** A host with four VFs that somebody else has made: they have no GUIDs. */
async function hostWithoutGuids(): Promise<GuidHost> {
  const host = new GuidHost();
  for (const pf of PORTS) await host.kernel.write(`/sys/bus/pci/devices/${pf}/sriov_numvfs`, '2');
  expect(host.guids).toEqual(['none', 'none', 'none', 'none']);
  return host;
}

describe('VFs of InfiniBand ports', () => {
  it('have the GUIDs of the file when their driver is first bound, and are not bound a second time', async () => {
    const host = new GuidHost();
    host.putFile([1, 2], [3, 4]);
    expect(await host.pass()).toBe(DONE);
    expect(host.portrait).toEqual([1, 2, 3, 4].map((number) => made(guid(number))));
    expect(host.unbound).toEqual([]);
  });

  it('have GUIDs of their own without a file, each another, and the same after a reboot and on a new disk', async () => {
    const host = new GuidHost();
    await host.pass();
    const first = host.guids;
    expect(new Set(first).size).toBe(4);
    host.reboot();
    expect(await host.pass()).toBe(DONE);
    expect(host.guids).toEqual(first);
    const other = new GuidHost();
    await other.pass();
    expect(other.guids).toEqual(first);
  });

  it('keep GUIDs that they were given by a file, also when it is gone and they are made again', async () => {
    const host = new GuidHost();
    host.putFile([1, 2], [3, 4]);
    await host.pass();
    host.folder.files.delete('infiniband/guids');
    host.reboot();
    expect(await host.pass()).toBe(DONE);
    expect(host.guids).toEqual([1, 2, 3, 4].map(guid));
    expect(await host.pass(1)).toBe(DONE);
    expect(await host.pass(2)).toBe(DONE);
    expect(host.guids).toEqual([1, 2, 3, 4].map(guid));
  });

  it('without GUIDs get some, each with one reset', async () => {
    const host = await hostWithoutGuids();
    host.putFile([1, 2], [3, 4]);
    expect(await host.pass()).toBe(DONE);
    expect(host.portrait).toEqual([1, 2, 3, 4].map((number) => made(guid(number))));
    expect(host.unbound.toSorted()).toEqual(host.vfs.toSorted());
  });

  it('get the GUIDs of a changed file, and only those that differ are touched', async () => {
    const host = new GuidHost();
    host.putFile([1, 2], [3, 4]);
    await host.pass();
    host.putFile([1, 5], [3, 4]);
    expect(await host.pass()).toBe(DONE);
    expect(host.guids).toEqual([1, 5, 3, 4].map(guid));
    expect(host.unbound).toEqual([host.vfs[1]]);
  });

  it('that are in use are never touched, and reported, and repaired when they are free', async () => {
    const host = await hostWithoutGuids();
    const giveBack = host.kernel.moveToNamespace('ib0v1');
    const message = await host.pass();
    expect(message).toMatch(/^VirtualFunctionInUse: ib0 .*: VF 1 has no GUID, and it is in use by a pod/);
    expect(host.unbound).not.toContain(host.vfs[1]);
    expect(host.guids.map((own) => own === 'none')).toEqual([false, true, false, false]);
    giveBack();
    expect(await host.pass()).toBe(DONE);
    expect(host.guids).not.toContain('none');
  });

  it('of zeros get one that the status tells, and those that a pod has get it when the pod ends', async () => {
    const host = await hostWithoutGuids();
    const giveBack = host.kernel.moveToNamespace('ib0v1');
    expect(await host.pass()).toMatch(/^VirtualFunctionInUse: ib0 .*: VF 1 has no GUID/);
    const told = (): (string | undefined)[] =>
      (host.status.interfaces ?? []).flatMap(({ Vfs = [] }) => Vfs.map(({ guid: own }) => own));
    const isZero = (own: string | undefined): boolean => own === undefined || /^[0:]*$/.test(own);
    expect(told().map(isZero)).toEqual([false, true, false, false]);
    giveBack();
    expect(await host.pass()).toBe(DONE);
    expect(told()).toEqual(host.guids);
    expect(told().some(isZero)).toBe(false);
  });

  it('that were allocated after the plan was made are not touched', async () => {
    const host = await hostWithoutGuids();
    host.onPlan = () => void host.kernel.users.allocate(host.vfs[1] ?? '', { resource: 'openshift.io/r' });
    expect(await host.pass()).toMatch(/VF 1 has no GUID, and it is in use by pod default\/web/);
    expect(host.unbound).not.toContain(host.vfs[1]);
  });

  it('whose pod was given a GUID by its CNI plugin keep it, and get theirs back afterwards', async () => {
    const host = new GuidHost();
    host.putFile([1, 2], [3, 4]);
    await host.pass();
    const giveBack = host.kernel.moveToNamespace('ib0v1');
    await host.kernel.exec('ip', ['link', 'set', 'dev', 'ib0', 'vf', '1', 'node_guid', guid(9), 'port_guid', guid(9)]);
    const { writes } = host.kernel.state;
    expect(await host.pass()).toBe(DONE);
    expect(host.kernel.state.writes).toBe(writes);
    giveBack();
    expect(await host.pass()).toBe(DONE);
    expect(host.guids).toEqual([1, 2, 3, 4].map(guid));
  });

  it('with a file that has two entries for a PF take the first, with a warning', async () => {
    const host = new GuidHost();
    const entry = (...numbers: number[]): object => ({ pci_address: PORTS[0], guids: numbers.map(guid) });
    const other = { pfGuid: 'b8:59:9f:03:00:f9:8f:87', guids: [guid(3), guid(4)] };
    host.folder.files.set('infiniband/guids', JSON.stringify([entry(1, 2), other, entry(7, 8)]));
    expect(await host.pass()).toBe(DONE);
    expect(host.guids).toEqual([1, 2, 3, 4].map(guid));
    expect(new Set(host.warnings)).toEqual(
      new Set([`the GUID file has more than one entry for ib0 (${PORTS[0]}): the first one counts`]),
    );
  });
});

/** A folder whose GUID file cannot be read. */
class UnreadableFolder extends MemoryFolder {
  message: string | undefined;

  override read(name: string): Promise<string | undefined> {
    if (name === 'infiniband/guids' && this.message !== undefined) return Promise.reject(new Error(this.message));
    return super.read(name);
  }
}

describe('a GUID file changes no GUID when it', () => {
  it.each<[string, (folder: UnreadableFolder) => void, RegExp]>([
    ['is missing', ({ files }) => files.delete('infiniband/guids'), /^InSync/],
    ['is empty', ({ files }) => files.set('infiniband/guids', ''), /it is not JSON: it may be half written$/],
    ['is half written', ({ files }) => files.set('infiniband/guids', '[{"pciAddress":'), /it may be half written$/],
    ['has no entries any more', ({ files }) => files.set('infiniband/guids', '[]'), /^InSync/],
    ['has a mistake', ({ files }) => files.set('infiniband/guids', '[{}]'), /entry 1: it must name its PF/],
    ['cannot be read', (folder) => (folder.message = 'EIO'), /^GuidsInvalid: the file infiniband\/guids of .*: EIO$/],
    ['is too large', (folder) => (folder.message = 'it has 8589934592 bytes'), /8589934592 bytes$/],
  ])('%s', async (_, damage, message) => {
    const folder = new UnreadableFolder();
    const host = new GuidHost(folder);
    host.putFile([1, 2], [3, 4]);
    await host.pass();
    const { writes } = host.kernel.state;
    damage(folder);
    expect(await host.pass()).toMatch(message);
    expect(host.kernel.state.writes).toBe(writes);
    host.reboot();
    expect(await host.pass()).toMatch(message);
    expect(host.guids).toEqual([1, 2, 3, 4].map(guid));
  });

  it('cannot be used from the start: then no VFs are made, because nobody knows their GUIDs', async () => {
    const host = new GuidHost();
    host.folder.files.set('infiniband/guids', '[');
    expect(await host.pass()).toMatch(
      /^GuidsInvalid: ib0 .*: VF 0-1: it has no GUID yet, and the GUID file cannot be used/,
    );
    expect(host.vfs).toEqual([]);
  });
});

describe('a VF is not bound when its PF', () => {
  it('refuses the GUID, and the failure names the step', async () => {
    const host = new GuidHost();
    const mend = host.kernel.addFault({ verb: 'exec', path: 'ip link set dev ib0 vf 1 node_guid *', errno: 'EIO' });
    expect(await host.pass()).toMatch(/^ApplyFailed: ib0 .*: VF 1: set its GUIDs: .*EIO/);
    expect(host.guids.map((own) => own !== undefined)).toEqual([true, false, true, true]);
    mend();
    expect(await host.pass()).toBe(DONE);
    expect(host.guids).not.toContain('none');
    expect(host.unbound).toEqual([]);
  });
});

it.each([
  [
    'GUID',
    'node_guid',
    /ib0 .*: VF 0: set its GUIDs: GUID 02:.* was asked for, ip reported no error, and the PF prescribes node GUID 00:00/,
  ],
  [
    'state of the link',
    'state',
    /ib0 .*: VF 0: let its link follow the PF: link state auto was asked for, .* prescribes disable/,
  ],
])('a %s that is dropped in silence is a failure', async (_, word, message) => {
  const host = new GuidHost();
  ignoreCommands(host.kernel, (line) => line.includes(` ${word} `));
  expect(await host.pass()).toMatch(message);
});

/** Without what is owed to the device plugin, which tells the way. */
const ownFiles = ({ folder }: GuidHost): unknown =>
  [...folder.files].filter(([name]) => name !== 'device-plugin').sort();

describe('a daemon that is killed at any step and started again ends with the same GUIDs, and resets no VF more than once, when', () => {
  it.each<[string, () => Promise<GuidHost>]>([
    ['VFs are made without a file', () => Promise.resolve(new GuidHost())],
    [
      'VFs are made with a file',
      () => {
        const host = new GuidHost();
        host.putFile([1, 2], [3, 4]);
        return Promise.resolve(host);
      },
    ],
    [
      'GUIDs change',
      async () => {
        const host = new GuidHost();
        host.putFile([1, 2], [3, 4]);
        await host.pass();
        host.putFile([5, 2], [3, 1]);
        return host;
      },
    ],
    ['VFs without GUIDs are repaired', hostWithoutGuids],
  ])('%s', async (_, prepare) => {
    const calm = await prepare();
    expect(await calm.pass()).toBe(DONE);
    for (let calls = 0, isDone = false; !isDone; calls += 1) {
      const host = await prepare();
      const cut = new PowerCut(calls);
      await host.pass(2, cut).catch(() => undefined);
      expect(await host.pass()).toBe(DONE);
      expect(host.portrait).toEqual(calm.portrait);
      expect(ownFiles(host)).toEqual(ownFiles(calm));
      expect(host.unbound.toSorted()).toEqual(calm.unbound.toSorted());
      isDone = !cut.happened;
    }
  });
});
