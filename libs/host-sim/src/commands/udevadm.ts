import { handleUdevEvent, rulesOf } from '../udev/events.ts';
import { type Machine } from '../machine/machine.ts';
import { type LinkState } from '../state.ts';
import { type Command, type CommandResult, failed, printed } from './command.ts';

/** `udevadm` of systemd, as far as the drivers use it. Texts are those of version 252 (src/udev/udevadm-*.c). */
export const udevadm: Command = {
  changes: ([verb]) => verb !== 'settle',
  run(machine, args) {
    const [verb = '', ...rest] = args;
    switch (verb) {
      case 'control':
        return control(machine, rest);
      case 'trigger':
        return trigger(machine, rest);
      case 'settle':
        // Events are handled at once here.
        return printed('');
      default:
        return failed(1, `Unknown command verb ${verb}.`);
    }
  },
};

function control({ state }: Machine, words: readonly string[]): CommandResult {
  if (!words.some((word) => word === '--reload-rules' || word === '--reload' || word === '-R')) {
    return failed(1, 'No control command option is specified.');
  }
  if (state.udev?.isRunning !== true) return failed(1, 'Failed to send reload request: No such file or directory');
  state.udev.rules = rulesOf(state.udev.files);
  return printed('');
}

const CLASS = '/sys/class/net/';

function trigger(machine: Machine, words: readonly string[]): CommandResult {
  const action = words.find((word) => word.startsWith('--action='))?.slice('--action='.length) ?? 'change';
  const paths = words.filter((word) => !word.startsWith('-'));
  const missing = paths.find((path) => linkAt(machine, path) === undefined);
  if (missing !== undefined) return failed(1, `Failed to open the device '${missing}': No such device`);
  if (action !== 'add' && action !== 'change' && action !== 'move') {
    return failed(1, `Unknown action '${action}'`);
  }
  for (const path of paths) handleUdevEvent(machine, path.slice(CLASS.length), action);
  return printed('');
}

/** The interface at a path of sysfs, in the network namespace of the host. */
function linkAt({ state }: Machine, path: string): LinkState | undefined {
  const link = path.startsWith(CLASS) ? state.links[path.slice(CLASS.length)] : undefined;
  return link?.namespace === undefined ? link : undefined;
}
