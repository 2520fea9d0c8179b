import { type Machine } from '../machine/machine.ts';
import { addVdpa, hasVdpaBus, makesVdpa, removeVdpa } from '../machine/vdpa.ts';
import { Errno } from '../tree.ts';
import { type Command, type CommandResult, failed, printed } from './command.ts';

/** `vdpa` of iproute2, as far as the drivers use it (vdpa/vdpa.c): vDPA devices, and what they are made of. */
export const vdpa: Command = {
  changes: (args) => args.includes('add') || args.includes('del'),
  async run(machine, args) {
    // vdpa_init
    if (!hasVdpaBus(machine)) return failed(1, 'Failed to connect to vdpa Netlink');
    const [object = '', verb = 'show', ...rest] = args.slice(args.findIndex((arg) => !arg.startsWith('-')));
    if (object === 'mgmtdev') return show('mgmtdev', managementDevices(machine), rest[0]);
    if (object !== 'dev') return failed(1, `Object "${object}" not found`);
    switch (verb) {
      case 'show':
        return show('dev', devices(machine), rest[0]);
      case 'add':
        return answer(() => add(machine, rest));
      case 'del':
        return answer(() => removeVdpa(machine, rest[0] ?? ''));
      default:
        return failed(1, `Command "${verb}" not found`);
    }
  },
};

function show(section: string, all: readonly (readonly [string, object])[], name: string | undefined): CommandResult {
  const shown = all.filter(([each]) => name === undefined || name === each);
  if (name !== undefined && shown.length === 0) return kernelSays('ENODEV');
  return printed(`${JSON.stringify({ [section]: Object.fromEntries(shown) })}\n`);
}

/** pr_out_dev; the vendor is that of the PCI device (mlx5_vdpa_get_vendor_id). */
function devices(machine: Machine): [string, object][] {
  return Object.entries(machine.state.vdpa ?? {}).map(([name, { parent, maxVqs }]) => [
    name,
    {
      type: 'network',
      mgmtdev: `pci/${parent}`,
      vendor_id: parseInt(machine.model(parent).vendor, 16),
      max_vqs: maxVqs,
      max_vq_size: 256,
    },
  ]);
}

/** pr_out_mgmtdev_show */
function managementDevices(machine: Machine): [string, object][] {
  return Object.keys(machine.state.devices)
    .filter((address) => makesVdpa(machine, address))
    .map((address) => [
      `pci/${address}`,
      { supported_classes: ['net'], max_supported_vqs: machine.model(address).sriov?.vdpa?.maxVqs ?? 0 },
    ]);
}

/** `name NAME mgmtdev pci/ADDRESS [ max_vqp N ]` */
async function add(machine: Machine, words: readonly string[]): Promise<void> {
  const option = (key: string): string | undefined => {
    const at = words.indexOf(key);
    return at === -1 ? undefined : words[at + 1];
  };
  const pairs = option('max_vqp');
  await addVdpa(machine, {
    name: option('name') ?? '',
    parent: (option('mgmtdev') ?? '').replace(/^pci\//, ''),
    maxQueuePairs: pairs === undefined ? undefined : Number(pairs),
  });
}

async function answer(work: () => Promise<void>): Promise<CommandResult> {
  try {
    await work();
    return printed('');
  } catch (error) {
    if (error instanceof Errno) return kernelSays(error.code);
    throw error;
  }
}

/** strerror(3) */
const WORDS: Readonly<Record<string, string>> = {
  ENODEV: 'No such device',
  ENOSPC: 'No space left on device',
  EINVAL: 'Invalid argument',
  EEXIST: 'File exists',
};

/** mnlu_gen_socket_sndrcv in lib/mnl_utils.c */
function kernelSays(errno: string): CommandResult {
  return failed(1, `kernel answers: ${WORDS[errno] ?? errno}`);
}
