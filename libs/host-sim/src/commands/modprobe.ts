import { allModels } from '../models/index.ts';
import { type Command, failed, printed } from './command.ts';

const LOAD_MS = 300;

/** Modules that every machine has on its disk, beside the drivers of the NICs. */
const AVAILABLE = ['vfio-pci', 'vfio_iommu_type1', 'pci-pf-stub', 'vhost_net', 'tun'];

/** `modprobe MODULE...`. */
export const modprobe: Command = {
  changes: () => true,
  async run(machine, args) {
    for (const name of args.filter((arg) => arg !== '-a')) {
      const module = name.replaceAll('-', '_');
      if (machine.state.modules.includes(module)) continue;
      if (!isAvailable(module)) {
        return failed(
          1,
          `modprobe: FATAL: Module ${name} not found in directory /lib/modules/${machine.world.release}`,
        );
      }
      await machine.take(LOAD_MS);
      machine.state.modules.push(module);
      machine.changed({ kind: 'device' });
    }
    return printed('');
  },
};

function isAvailable(module: string): boolean {
  const drivers = allModels().flatMap(({ pfDriver, sriov }) => [pfDriver, sriov?.vfDriver ?? pfDriver]);
  return [...AVAILABLE, ...drivers].some((name) => name.replaceAll('-', '_') === module);
}
