import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { type FirmwareChange, type ObservedFirmware } from '@sriov/observed-host';
import { TestKernel } from '../test/test-kernel.ts';
import { readFirmware, readLockdown, writeFirmware } from './firmware.ts';

const PF = '0000:5e:00.0';
const QUERY = `mstconfig -e -d ${PF} q`;
const recorded = (name: string): string =>
  readFileSync(join(import.meta.dirname, `corpus/mstconfig-${name}.txt`), 'utf8');
/** A table with these rows, as mstconfig prints it. */
const table = (...rows: string[]): string =>
  ['Configurations:  Default  Current  Next Boot', ...rows.map((row) => `        ${row}`)].join('\n');

describe('the settings of the firmware', () => {
  it.each<[string, ObservedFirmware]>([
    [
      'vpi',
      {
        numOfVfs: { current: 16, next: 12 },
        sriovEnabled: { current: true, next: false },
        linkTypes: { 1: { current: 'ETH', next: 'ETH' }, 2: { current: 'ETH', next: 'IB' } },
        isDpu: false,
      },
    ],
    [
      'bluefield',
      {
        numOfVfs: { current: 16, next: 16 },
        sriovEnabled: { current: true, next: true },
        linkTypes: {},
        isDpu: true,
      },
    ],
    [
      'next-only',
      { numOfVfs: { next: 8 }, sriovEnabled: { next: true }, linkTypes: { 1: { next: 'ETH' } }, isDpu: false },
    ],
  ])('are read from the table %s', async (name, firmware) => {
    expect(await readFirmware(new TestKernel({ commands: { [QUERY]: recorded(name) } }), PF)).toEqual(firmware);
  });

  it.each<[string, string, RegExp]>([
    ['only settings with similar names are there', recorded('without'), /it has no setting NUM_OF_VFS/],
    ['there is no table', 'NUM_OF_VFS 1 2 3', /it has no setting NUM_OF_VFS/],
    ['the row has another number of columns', table('NUM_OF_VFS 8 8'), /it has no setting NUM_OF_VFS/],
    ['the number is none', table('NUM_OF_VFS 8 8 Array[0..7]'), /NUM_OF_VFS is Array\[0..7\]/],
    ['the number is too large for the firmware', table('NUM_OF_VFS 8 8 65536'), /NUM_OF_VFS is 65536/],
    ['SRIOV_EN is neither', table('NUM_OF_VFS 8 8 8', 'SRIOV_EN 1 1 1'), /SRIOV_EN is 1/],
    ['nothing is printed', '', /it has no setting NUM_OF_VFS/],
    ['mstconfig says why not', '!-E- Failed to open the device', /^mstconfig -e .*: -E- Failed to open the device$/],
    ['there is no mstconfig', '[ENOENT]', /ENOENT/],
  ])('are not known where %s', async (_, output, message) => {
    await expect(readFirmware(new TestKernel({ commands: { [QUERY]: output } }), PF)).rejects.toThrow(message);
  });

  it('keep what was refused before the last line, as where SELinux holds the kernel locked (issue 416 of mstflint)', async () => {
    const said =
      '!write counter to semaphore: Permission denied\n-E- Failed to open the device\n  NAME:\n    mstconfig';
    await expect(readFirmware(new TestKernel({ commands: { [QUERY]: said } }), PF)).rejects.toThrow(
      'write counter to semaphore: Permission denied, -E- Failed to open the device',
    );
  });
});

describe('a change of the firmware', () => {
  it.each<[FirmwareChange, string, string[]]>([
    [{ numOfVfs: 12 }, 'NUM_OF_VFS=12', ['NUM_OF_VFS 8 8 12']],
    [
      { sriovEnabled: true, numOfVfs: 12, linkTypes: { 1: 'ETH', 2: 'IB' } },
      'SRIOV_EN=True NUM_OF_VFS=12 LINK_TYPE_P1=ETH LINK_TYPE_P2=IB',
      [
        'NUM_OF_VFS 8 8 12',
        'SRIOV_EN False(0) False(0) True(1)',
        'LINK_TYPE_P1 IB(1) IB(1) ETH(2)',
        'LINK_TYPE_P2 ETH(2) ETH(2) IB(1)',
      ],
    ],
  ])('%j is one command, and looked at afterwards', async (change, words, rows) => {
    const line = `mstconfig -d ${PF} -y set ${words}`;
    const kernel = new TestKernel({ commands: { [line]: '', [QUERY]: table(...rows) } });
    await writeFirmware(kernel, PF, change);
    expect(kernel.done).toEqual([line, QUERY]);
  });

  it.each<[FirmwareChange, string[]]>([
    [{ numOfVfs: 12 }, ['NUM_OF_VFS 8 8 8']],
    [{ sriovEnabled: true }, ['NUM_OF_VFS 8 8 8', 'SRIOV_EN False(0) False(0) False(0)']],
    [{ linkTypes: { 1: 'IB' } }, ['NUM_OF_VFS 8 8 8', 'LINK_TYPE_P1 ETH(2) ETH(2) ETH(2)']],
    [{ linkTypes: { 2: 'IB' } }, ['NUM_OF_VFS 8 8 8', 'LINK_TYPE_P1 IB(1) IB(1) IB(1)']],
  ])('%j that the firmware drops is an error', async (change, rows) => {
    const kernel = new TestKernel({ commands: { [QUERY]: table(...rows) } });
    kernel.onExec = () => undefined;
    for (const words of ['NUM_OF_VFS=12', 'SRIOV_EN=True', 'LINK_TYPE_P1=IB', 'LINK_TYPE_P2=IB']) {
      kernel.commands.set(`mstconfig -d ${PF} -y set ${words}`, '');
    }
    await expect(writeFirmware(kernel, PF, change)).rejects.toMatchObject({ code: 'NO_EFFECT' });
  });

  it('of nothing runs nothing, and what mstconfig refuses is said', async () => {
    const kernel = new TestKernel({ commands: { [`mstconfig -d ${PF} -y set NUM_OF_VFS=200`]: '!-E- Failed' } });
    await writeFirmware(kernel, PF, {});
    expect(kernel.done).toEqual([]);
    await expect(writeFirmware(kernel, PF, { numOfVfs: 200 })).rejects.toThrow(/-E- Failed/);
  });

  it('takes time', async () => {
    const kernel = new TestKernel({ commands: { [QUERY]: recorded('vpi') } });
    await readFirmware(kernel, PF);
    expect([...kernel.deadlines]).toEqual([[QUERY, 60_000]]);
  });
});

describe('the lockdown of the kernel', () => {
  it.each<[string, string | undefined, string | undefined]>([
    ['none', 'none [integrity] confidentiality', 'integrity'],
    ['not', '[none] integrity confidentiality', undefined],
    ['not to be read', undefined, undefined],
  ])('is told: %s', async (_, text, mode) => {
    const files = text === undefined ? {} : { '/sys/kernel/security/lockdown': text };
    expect(await readLockdown(new TestKernel({ files }))).toBe(mode);
  });
});
