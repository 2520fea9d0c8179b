import { type Machine, type Pf } from '../machine/machine.ts';
import { addRepresentors, removeRepresentors } from '../machine/representors.ts';
import { freshSettings } from '../machine/vfs.ts';
import { type PfState } from '../state.ts';
import { type Command, type CommandResult, failed, printed } from './command.ts';
import { devlinkParam } from './devlink-param.ts';
import { devlinkPorts } from './devlink-ports.ts';

const MODE_MS = 400;

/** `devlink` of iproute2, as far as the drivers use it: devices, their eSwitch mode, and their ports. */
export const devlink: Command = {
  changes: (args) => args.includes('set'),
  async run(machine, args) {
    const [object, ...rest] = args.slice(args.findIndex((arg) => !arg.startsWith('-')));
    const registered = Object.keys(machine.state.devices).filter((address) => isRegistered(machine, address));
    if (object === 'port' && rest[0] === 'show') return printedJson({ port: devlinkPorts(machine, registered) });
    if (object !== 'dev') return failed(1, `Object "${object}" is unknown, try "devlink help".`);
    if (rest[0] === 'show') {
      return printedJson({ dev: Object.fromEntries(registered.map((address) => [`pci/${address}`, {}])) });
    }
    if (rest[0] === 'param') return param(machine, rest.slice(1));
    if (rest[0] !== 'eswitch') return failed(1, `Command "${rest[0]}" not found`);
    return eswitch(machine, rest.slice(1));
  },
};

const printedJson = (value: object): CommandResult => printed(`${JSON.stringify(value)}\n`);

/** The device's driver registers it with devlink: mlx5_core does with VFs as well. */
function isRegistered(machine: Machine, address: string): boolean {
  if (machine.state.devices[address] === undefined) return false;
  const { eSwitch, pfDriver } = machine.model(address);
  return eSwitch !== undefined && machine.device(address).driver === pfDriver;
}

function param(machine: Machine, words: readonly string[]): CommandResult {
  const [, device = ''] = words;
  const address = device.replace(/^pci\//, '');
  if (!isRegistered(machine, address)) return failed(1, 'kernel answers: No such device');
  // devlink_param_find_by_name (net/devlink/param.c): the device has no parameter of that name.
  if (machine.device(address).vf) return failed(1, 'kernel answers: Invalid argument');
  return devlinkParam(machine, machine.pf(address), words);
}

async function eswitch(machine: Machine, words: readonly string[]): Promise<CommandResult> {
  const [action, device = '', , mode] = words;
  const address = device.replace(/^pci\//, '');
  if (!isRegistered(machine, address)) return failed(1, 'kernel answers: No such device');
  // mlx5_eswitch_check: the port has to be of Ethernet (drivers/net/ethernet/mellanox/mlx5/core/eswitch_offloads.c).
  if (machine.device(address).vf || machine.infinibandPort(address))
    return failed(1, 'kernel answers: Operation not supported');
  const pf = machine.pf(address);
  if (action === 'show') {
    return printedJson({ dev: { [device]: { mode: pf.state.eSwitchMode, ...pf.model.eSwitch?.told } } });
  }
  if (mode !== 'legacy' && mode !== 'switchdev') return failed(1, 'Bad eswitch mode');
  return machine.lockOf(address).run(() => setMode(machine, pf, mode));
}

async function setMode(machine: Machine, pf: Pf, wanted: PfState['eSwitchMode']): Promise<CommandResult> {
  const { state, model, address } = pf;
  const boundVfs = state.vfs.filter((vf) => vf !== null && machine.isNetDriver(vf)).length;
  const change = { present: state.eSwitchMode, wanted, vfs: state.vfs.length, boundVfs };
  const refusal = model.eSwitch?.refuse(change);
  if (refusal !== undefined) return failed(1, refusal);
  if (state.eSwitchMode === wanted) return printed('');
  await machine.take(MODE_MS);
  if (machine.state.devices[address] !== pf.device) return failed(1, 'kernel answers: No such device');
  enterMode(machine, pf, wanted);
  machine.changed({ kind: 'device', name: address });
  return printed('');
}

function enterMode(machine: Machine, pf: Pf, mode: PfState['eSwitchMode']): void {
  const { state, model } = pf;
  state.eSwitchMode = mode;
  if (model.eSwitch?.forgetsVfs) state.vfSettings = state.vfSettings.map(freshSettings);
  if (mode === 'legacy') {
    removeRepresentors(machine, pf);
    return;
  }
  if (model.eSwitch?.turnsTcOffloadOn) state.tcOffload = true;
  addRepresentors(machine, pf);
}
