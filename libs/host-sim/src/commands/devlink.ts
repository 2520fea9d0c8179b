import { type Machine } from '../machine/machine.ts';
import { type Command, type CommandResult, failed, printed } from './command.ts';

const MODE_MS = 400;

/** `devlink` of iproute2, as far as the drivers use it: devices and their eSwitch mode. */
export const devlink: Command = {
  changes: (args) => args.includes('set'),
  async run(machine, args) {
    const [object, ...rest] = args.slice(args.findIndex((arg) => !arg.startsWith('-')));
    if (object !== 'dev') return failed(1, `Object "${object}" is unknown, try "devlink help".`);
    if (rest[0] === 'show') return printed(`${JSON.stringify({ dev: Object.fromEntries(devices(machine)) })}\n`);
    if (rest[0] !== 'eswitch') return failed(1, `Command "${rest[0]}" not found`);
    return eswitch(machine, rest.slice(1));
  },
};

function devices(machine: Machine): [string, object][] {
  return Object.keys(machine.state.devices)
    .filter((address) => isRegistered(machine, address))
    .map((address) => [`pci/${address}`, {}]);
}

/** The device's driver registers it with devlink: mlx5_core does with VFs as well. */
function isRegistered(machine: Machine, address: string): boolean {
  if (machine.state.devices[address] === undefined) return false;
  const { hasESwitch, pfDriver } = machine.model(address);
  return hasESwitch && machine.device(address).driver === pfDriver;
}

async function eswitch(machine: Machine, words: readonly string[]): Promise<CommandResult> {
  const [action, device = '', , mode] = words;
  const address = device.replace(/^pci\//, '');
  if (!isRegistered(machine, address)) return failed(1, 'kernel answers: No such device');
  // mlx5_eswitch_check: the port has to be of Ethernet (drivers/net/ethernet/mellanox/mlx5/core/eswitch_offloads.c).
  if (machine.device(address).vf || machine.infinibandPort(address))
    return failed(1, 'kernel answers: Operation not supported');
  const pf = machine.pf(address);
  if (action === 'show') return printed(`${JSON.stringify({ dev: { [device]: { mode: pf.state.eSwitchMode } } })}\n`);
  if (mode !== 'legacy' && mode !== 'switchdev') return failed(1, 'Bad eswitch mode');
  await machine.take(MODE_MS);
  pf.state.eSwitchMode = mode;
  machine.changed({ kind: 'device', name: pf.address });
  return printed('');
}
