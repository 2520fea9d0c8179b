import { type Machine } from '../machine/machine.ts';
import { commandLineOf } from '../machine/boot.ts';
import { attachUnbound } from '../machine/vdpa.ts';
import { allModels } from '../models/index.ts';
import { type Command, type CommandResult, failed, printed } from './command.ts';

const LOAD_MS = 300;

/** Modules that every machine has on its disk, beside the drivers of the NICs. */
const AVAILABLE = [
  'vfio',
  'vfio-pci',
  'vfio_iommu_type1',
  'pci-pf-stub',
  'vhost_net',
  'tun',
  'vdpa',
  'vhost_vdpa',
  'virtio_vdpa',
  'mlx5_vdpa',
];

/** Modules that are loaded before one, as its symbols need them (modules.dep). */
const NEEDS: Readonly<Record<string, readonly string[]>> = {
  vhost_vdpa: ['vdpa'],
  virtio_vdpa: ['vdpa'],
  mlx5_vdpa: ['vdpa'],
  vfio_pci: ['vfio'],
  vfio_iommu_type1: ['vfio'],
};

/** `modprobe MODULE...` and `modprobe MODALIAS`, with the configuration of the world (modprobe.d(5)). */
export const modprobe: Command = {
  changes: () => true,
  async run(machine, args) {
    for (const name of args.filter((arg) => !arg.startsWith('-'))) {
      const result = await load(machine, name);
      if (result.exitCode !== 0) return result;
    }
    return printed('');
  },
};

async function load(machine: Machine, name: string): Promise<CommandResult> {
  const module = withUnderscores(name.startsWith('pci:') ? (ownerOf(machine, name) ?? name) : name);
  if (machine.modules.includes(module)) return printed('');
  const answer = answerInstead(machine, module, name);
  if (answer !== undefined) return answer;
  for (const needed of NEEDS[module] ?? []) {
    const result = await load(machine, needed);
    if (result.exitCode !== 0) return result;
  }
  await machine.take(LOAD_MS);
  machine.state.modules.push(module);
  attachUnbound(machine);
  machine.changed({ kind: 'device' });
  return printed('');
}

/** What is said where the module is not loaded. */
function answerInstead(machine: Machine, module: string, name: string): CommandResult | undefined {
  if (!isAvailable(machine, module)) {
    const where = `in directory /lib/modules/${machine.world.release}`;
    return failed(1, `modprobe: FATAL: Module ${name} not found ${where}`);
  }
  const command = lines(machine).find(([verb, about]) => verb === 'install' && withUnderscores(about) === module)?.[2];
  if (command !== undefined) return /\btrue$/.test(command) ? printed('') : failed(1, refusalOf(module, command));
  return isBlacklistedAtBoot(machine, module)
    ? failed(1, `modprobe: ERROR: could not insert '${module}': Operation not permitted`)
    : undefined;
}

function refusalOf(module: string, command: string): string {
  return `modprobe: ERROR: ../libkmod/libkmod-module.c:1084 command_do() Error running install command '${command}' for module ${module}: retcode 1`;
}

/** The module that says it is for the device, unless its aliases are ignored (`blacklist`). */
function ownerOf(machine: Machine, alias: string): string | undefined {
  const id = /^pci:v0000([0-9A-F]{4})d0000([0-9A-F]{4})/.exec(alias)?.slice(1, 3).join(':').toLowerCase();
  const owners = allModels().flatMap(({ vendor, pf, pfDriver, sriov }) => [
    { id: `${vendor}:${pf.device}`, module: pfDriver },
    ...(sriov ? [{ id: `${vendor}:${sriov.vf.device}`, module: sriov.vfDriver }] : []),
  ]);
  const module = owners.find((owner) => owner.id === id)?.module;
  const isIgnored = lines(machine).some(([verb, about]) => verb === 'blacklist' && withUnderscores(about) === module);
  return isIgnored ? undefined : module;
}

/** Verb, module and the rest of each line of the configuration. */
function lines({ world }: Machine): [string, string, string][] {
  const all = Object.values(world.modprobe).flatMap((text) => text.split('\n'));
  return all.map((line) => {
    const [verb = '', about = '', ...rest] = line.trim().split(/\s+/);
    return [verb, about, rest.join(' ')];
  });
}

/** Such modules the kernel itself refuses (kernel/module/main.c, blacklisted). */
function isBlacklistedAtBoot({ world, state }: Machine, module: string): boolean {
  const names = /(?:^|\s)module_blacklist=(\S+)/.exec(commandLineOf(world, state))?.[1]?.split(',') ?? [];
  return names.some((name) => withUnderscores(name) === module);
}

function isAvailable({ world }: Machine, module: string): boolean {
  if (world.missingModules.some((name) => withUnderscores(name) === module)) return false;
  const drivers = allModels().flatMap(({ pfDriver, sriov }) => [pfDriver, sriov?.vfDriver ?? pfDriver]);
  return [...AVAILABLE, ...drivers].some((name) => withUnderscores(name) === module);
}

function withUnderscores(module: string): string {
  return module.replaceAll('-', '_');
}
