import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { describe, expect, it, jest } from '@jest/globals';
import { SYNC_STATUS } from '@sriov/api';
import { scriptOf, verdictOf } from '@sriov/node-plan';
import { PORT, UdevHost, vfSpec } from './test/udev-host.ts';

jest.setTimeout(60_000);

const NM_RULE = `rules.d/10-nm-disable-${PORT}.rules`;
const NM_FILES = { 'disable-nm-sriov.sh': '755', [NM_RULE]: '644' };

describe('the files of udev', () => {
  it('are there and read when the VFs come, and then nothing is written and no process started', async () => {
    const host = new UdevHost();
    const rulesAtVfs: string[][] = [];
    host.kernel.addFault({ verb: 'write', path: '*sriov_numvfs', delayMs: 1 });
    await host.pass(vfSpec(2), ({ udev = [] }) => rulesAtVfs.push(udev.map(({ step }) => step.kind)));
    expect(rulesAtVfs).toEqual([['write-udev-rules']]);
    expect([host.files, host.commands]).toEqual([NM_FILES, ['control --reload-rules']]);
    expect(Object.keys(host.kernel.state.udev?.rules ?? {})).toEqual([NM_RULE]);
    const { writes } = host.kernel.state;
    expect((await host.pass(vfSpec(2))).hasActed).toBe(false);
    expect([host.kernel.state.writes, host.commands]).toEqual([writes, ['control --reload-rules']]);
  });

  it('go with the PF, but for the programs', async () => {
    const host = new UdevHost();
    await host.pass(vfSpec(2));
    expect(verdictOf(await host.pass({})).syncStatus).toBe(SYNC_STATUS.succeeded);
    expect([host.files, [...host.folder.files.keys()]]).toEqual([{ 'disable-nm-sriov.sh': '755' }, ['device-plugin']]);
  });

  it('are not written for a PF whose VFs others manage, and go when they take them over', async () => {
    const host = new UdevHost();
    await host.kernel.write(`/sys/bus/pci/devices/${PORT}/sriov_numvfs`, '2');
    await host.pass(vfSpec(2, { externallyManaged: true }));
    expect(host.files).toEqual({});
    await host.pass(vfSpec(2));
    expect(host.files).toEqual(NM_FILES);
    await host.pass(vfSpec(2, { externallyManaged: true }));
    expect(host.files).toEqual({ 'disable-nm-sriov.sh': '755' });
  });

  it('are repaired when somebody has removed one', async () => {
    const host = new UdevHost();
    await host.pass(vfSpec(2));
    await host.kernel.udevFolder.remove(NM_RULE);
    expect(verdictOf(await host.pass(vfSpec(2))).syncStatus).toBe(SYNC_STATUS.succeeded);
    expect(host.files).toEqual(NM_FILES);
  });

  it.each<[string, ConstructorParameters<typeof UdevHost>[0], string]>([
    ['/etc is read-only', { readOnlyEtc: true }, 'EROFS'],
    ['no udev runs', { udev: false }, 'no udev runs on the host'],
  ])('are done without where %s: the VFs are made, the node is ready, and the log says so', async (_, world, cause) => {
    const host = new UdevHost(world);
    const end = await host.pass(vfSpec(2));
    expect(verdictOf(end)).toMatchObject({ syncStatus: SYNC_STATUS.succeeded });
    expect([host.kernel.state.devices[PORT]?.pf?.vfs.length, host.files, host.commands]).toEqual([2, {}, []]);
    expect(new Set(host.warnings)).toEqual(
      new Set([expect.stringMatching(new RegExp(`ens1 .*are not written, because .*${cause}`))]),
    );
  });

  it('that cannot be written after all are a failure of their own, and the VFs are made', async () => {
    const host = new UdevHost();
    host.kernel.addFault({ verb: 'exec', path: 'udevadm control*', errno: 'ENOENT', times: 1 });
    const end = await host.pass(vfSpec(2));
    expect(end.failures).toMatchObject([{ kind: 'reload-udev', errno: 'ENOENT' }]);
    expect(host.kernel.state.devices[PORT]?.pf?.vfs.length).toBe(2);
    expect(verdictOf(await host.pass(vfSpec(2))).syncStatus).toBe(SYNC_STATUS.succeeded);
  });
});

describe('NetworkManager', () => {
  it('never brings up a VF, be it new or back from a pod', async () => {
    const host = new UdevHost({ networkManager: true });
    await host.pass(vfSpec(2));
    const name = Object.keys(host.kernel.state.links).find((each) => each.endsWith('v1')) ?? '';
    host.kernel.moveToNamespace(name)();
    expect(host.upVfs).toEqual([]);
  });

  it('does so where /etc is read-only, as the warning says', async () => {
    const host = new UdevHost({ networkManager: true, readOnlyEtc: true });
    await host.pass(vfSpec(2));
    expect(host.upVfs).toHaveLength(2);
  });
});

describe('a program that udev calls', () => {
  const run = async (
    rule: 'networkManager' | 'representors',
    words: readonly string[],
    sys = '/sys',
  ): Promise<string> => {
    const text = (scriptOf(rule)?.content ?? '').replaceAll('/sys/', `${sys}/`);
    return (await promisify(execFile)('sh', ['-c', text, 'program', ...words])).stdout;
  };

  it.each([
    ['pf0vf12', 'NUMBER=12\n'],
    ['pf1vf0', 'NUMBER=0\n'],
  ])('finds the number of the VF in the name of the port %s', async (port, expected) => {
    expect(await run('representors', [port])).toBe(expected);
  });

  it('says nothing of an interface that is no VF', async () => {
    expect(await run('networkManager', ['lo', PORT])).toBe('');
  });
});
