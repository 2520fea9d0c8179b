import { execFileSync } from 'node:child_process';
import { describe, expect, it } from '@jest/globals';
import { hasCode } from '@sriov/errors';
import { HostKernel } from '../kernel/host-kernel.ts';
import { readFirmware, writeFirmware } from './firmware.ts';

/** No machine has a device there. */
const NOWHERE = 'ffff:ff:1f.7';

const hasMstconfig = ((): boolean => {
  try {
    execFileSync('mstconfig', ['--version']);
    return true;
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return false;
    throw error;
  }
})();

(hasMstconfig ? describe : describe.skip)('the real mstconfig', () => {
  const kernel = new HostKernel({ hostRoot: '/' });

  it.each<[string, () => Promise<unknown>]>([
    ['a device that is not there', () => readFirmware(kernel, NOWHERE)],
    ['a write to it', () => writeFirmware(kernel, NOWHERE, { numOfVfs: 4, sriovEnabled: true })],
  ])('refuses %s in words that reach the error', async (_, attempt) => {
    await expect(attempt()).rejects.toMatchObject({
      name: 'CommandError',
      exitCode: 3,
      message: expect.stringMatching(/^mstconfig .*: -E- Failed to open the device$/),
    });
  });

  it('understands the words of a change: what is wrong with one is another refusal', async () => {
    const words = ['-d', NOWHERE, '-y', 'set', 'NUM_OF_VFS'];
    const { exitCode, stdout } = await kernel.exec('mstconfig', words);
    expect([exitCode, stdout.split('\n')[0]]).toEqual([3, '-E- Invalid Configuration argument NUM_OF_VFS']);
  });
});
