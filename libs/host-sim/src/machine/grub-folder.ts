import { type GrubFolder, KernelError } from '@sriov/host';
import { type Machine } from './machine.ts';

/** `/etc/default/grub.d` of a simulated machine. A file is written completely or not at all. */
export function grubFolderOf(machine: Machine, change: (work: () => void) => Promise<void>): GrubFolder {
  const { world, state } = machine;
  return {
    findRefusal: () => Promise.resolve(world.readOnlyEtc ? 'EROFS' : undefined),
    write: async (name, content) => {
      if (world.readOnlyEtc) throw new KernelError({ verb: 'write', path: name, code: 'EROFS' });
      await change(() => void ((state.grubFiles ??= {})[name] = content));
    },
  };
}
