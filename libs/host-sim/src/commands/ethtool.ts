import { type Machine, type Pf } from '../machine/machine.ts';
import { type Command, type CommandResult, failed, printed } from './command.ts';

const TC = 'hw-tc-offload';

/**
 * `ethtool` for one feature of PFs, `hw-tc-offload`. Its answers are those of ethtool 6.1 on a kernel 6.18: a feature that
 * is off for good has exit code 1, one that the kernel does not know 92.
 */
export const ethtool: Command = {
  changes: (args) => args.includes('-K'),
  run(machine, args) {
    const [action, name = '', feature, value] = args.filter((arg) => arg !== '--json');
    const pf = pfOf(machine, name);
    if (action === '-k') return pf === undefined ? failed(1, NO_DEVICE) : printed(show(name, offloadOf(machine, pf)));
    if (action !== '-K') return failed(1, `ethtool: bad command line argument(s)`);
    if (pf === undefined) return failed(92, NO_DEVICE);
    const present = offloadOf(machine, pf);
    if (feature !== TC || present === 'unknown') {
      return failed(92, 'netlink error: bit name not found (offset 52)\nnetlink error: Operation not supported');
    }
    if (present === 'fixed') return couldNotChange(value);
    pf.state.tcOffload = value === 'on';
    return printed('');
  },
};

const NO_DEVICE = 'netlink error: no device matches name (offset 24)\nnetlink error: No such device';

function couldNotChange(value: string | undefined): CommandResult {
  const stdout = `Actual changes:\n${TC}: off [requested ${value}]\n`;
  return { exitCode: 1, stdout, stderr: 'Could not change any device features\n' };
}

/** The PF whose own interface has the name, in the host's namespace. */
function pfOf(machine: Machine, name: string): Pf | undefined {
  const link = machine.state.links[name];
  if (link === undefined || link.namespace !== undefined || link.representedVf !== undefined) return undefined;
  const hasPf = machine.state.devices[link.device]?.pf !== undefined && machine.model(link.device).sriov !== undefined;
  return hasPf ? machine.pf(link.device) : undefined;
}

function offloadOf(machine: Machine, { address, model, state }: Pf): 'on' | 'off' | 'fixed' | 'unknown' {
  const given = machine.world.nics.find((nic) => nic.address === address)?.tcOffload;
  if (given === 'fixed' || given === 'unknown') return given;
  if (model.eSwitch === undefined) return 'fixed';
  const initial = (given ?? model.eSwitch.tcOffload) === 'on';
  return (state.tcOffload ?? initial) ? 'on' : 'off';
}

function show(ifname: string, offload: ReturnType<typeof offloadOf>): string {
  const active = offload === 'on';
  const feature = { active, fixed: offload === 'fixed', requested: active };
  return `${JSON.stringify([{ ifname, ...(offload !== 'unknown' && { [TC]: feature }) }])}\n`;
}
