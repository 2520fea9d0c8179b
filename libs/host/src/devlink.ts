import { z } from 'zod';
import { CommandError, runJson } from './commands.ts';
import { isErrno, type Kernel } from './kernel.ts';

const devices = z.object({ dev: z.record(z.string(), z.looseObject({})).default({}) });
const eswitch = z.object({ dev: z.record(z.string(), z.object({ mode: z.string().optional() })).default({}) });

/**
 * eSwitch mode by PCI address. A device without devlink, or whose devlink knows no eSwitch, is left out: it is
 * legacy and can be nothing else.
 */
export async function readESwitchModes(kernel: Kernel): Promise<Map<string, 'legacy' | 'switchdev'>> {
  const modes = new Map<string, 'legacy' | 'switchdev'>();
  for (const device of await listDevlinkDevices(kernel)) {
    const mode = await readMode(kernel, device);
    if (mode === 'legacy' || mode === 'switchdev') modes.set(device.slice('pci/'.length), mode);
  }
  return modes;
}

async function listDevlinkDevices(kernel: Kernel): Promise<string[]> {
  try {
    const output = devices.parse(await runJson(kernel, ['devlink', '-j', 'dev', 'show']));
    return Object.keys(output.dev).filter((name) => name.startsWith('pci/'));
  } catch (error) {
    // A host without the tool or the kernel's devlink has only legacy devices.
    if (error instanceof CommandError || isErrno(error, 'ENOENT')) return [];
    throw error;
  }
}

async function readMode(kernel: Kernel, device: string): Promise<string | undefined> {
  try {
    const output = eswitch.parse(await runJson(kernel, ['devlink', '-j', 'dev', 'eswitch', 'show', device]));
    return output.dev[device]?.mode;
  } catch (error) {
    if (error instanceof CommandError) return undefined;
    throw error;
  }
}
