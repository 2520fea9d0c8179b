import { describe, expect, it } from '@jest/globals';
import { CommandError } from '../kernel/commands.ts';
import { TestKernel } from '../test/test-kernel.ts';
import { reloadUdevRules } from './udev.ts';

const RELOAD = 'udevadm control --reload-rules';

describe('udev', () => {
  it('reads its rules again', async () => {
    const kernel = new TestKernel({ commands: { [RELOAD]: '' } });
    await reloadUdevRules(kernel);
    expect(kernel.done).toEqual([RELOAD]);
  });

  it('has not done so where udevadm takes the host for a chroot, which it says with exit code 0', async () => {
    const kernel = Object.assign(new TestKernel({}), {
      exec: () => Promise.resolve({ exitCode: 0, stdout: '', stderr: 'Running in chroot, ignoring request.\n' }),
    });
    await expect(reloadUdevRules(kernel)).rejects.toThrow(CommandError);
  });
});
