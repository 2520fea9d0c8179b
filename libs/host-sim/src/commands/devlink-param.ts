import { type Machine, type Pf } from '../machine/machine.ts';
import { type CommandResult, failed, printed } from './command.ts';

const STEERING = 'flow_steering_mode';

/**
 * `devlink dev param` of the one parameter that the drivers use, `flow_steering_mode` of mlx5_core. Its refusals are those
 * of mlx5_fs_mode_validate (drivers/net/ethernet/mellanox/mlx5/core/fs_core.c).
 * @param words `show` or `set`, the device, `name`, the parameter, and `value` and `cmode` with theirs
 */
export function devlinkParam(machine: Machine, pf: Pf, words: readonly string[]): CommandResult {
  const [action, device = '', , name, , value = ''] = words;
  const nic = machine.world.nics.find((each) => each.address === pf.address);
  if (nic === undefined || name !== STEERING || pf.model.eSwitch?.hasFlowSteering !== true) {
    return failed(1, 'kernel answers: Invalid argument');
  }
  const { flowSteering: initial, flowSteerings } = nic;
  if (action === 'show') {
    const values = [{ cmode: 'runtime', value: pf.state.flowSteering ?? initial }];
    return printed(`${JSON.stringify({ param: { [device]: [{ name, type: 'driver-specific', values }] } })}\n`);
  }
  return setSteering(pf, flowSteerings, value);
}

function setSteering(pf: Pf, flowSteerings: readonly string[], value: string): CommandResult {
  if (pf.state.eSwitchMode === 'switchdev') {
    return refused('Changing fs mode is not supported when eswitch offloads enabled.', 'Operation not supported');
  }
  const mode = (['dmfs', 'smfs', 'hmfs'] as const).find((each) => each === value);
  if (mode === undefined) return refused('Bad parameter: supported values are', 'Invalid argument');
  if (!flowSteerings.includes(mode)) return refused(UNSUPPORTED[mode], 'Operation not supported');
  pf.state.flowSteering = mode;
  return printed('');
}

const UNSUPPORTED = {
  dmfs: '',
  smfs: 'Software managed steering is not supported by current device',
  hmfs: 'Hardware steering is not supported by current device',
};

const refused = (why: string, errno: string): CommandResult =>
  failed(1, `Error: mlx5_core: ${why}\nkernel answers: ${errno}`);
