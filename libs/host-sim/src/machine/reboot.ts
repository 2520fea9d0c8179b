import { type MachineState } from '../state.ts';
import { bootState } from './boot.ts';
import { bootFirmware, withFirmware } from './firmware.ts';
import { type Machine } from './machine.ts';

/** Starts the machine anew: what is on its disk and in its firmware stays, and nothing else. */
export function rebootMachine(machine: Machine): void {
  bootFirmware(machine);
  const { state } = machine;
  machine.world = withFirmware(machine.bornWorld, state);
  const { addedArguments, firmware, grubFiles, modprobeFiles, unitFiles, programs, boots = 0, writes } = state;
  const fresh = bootState(machine.world, commandLineAtBoot(machine));
  const kept: Partial<MachineState> = {
    boots: boots + 1,
    writes,
    ...(addedArguments && { addedArguments }),
    ...(firmware && { firmware }),
    ...(grubFiles && { grubFiles }),
    ...(modprobeFiles && { modprobeFiles }),
    ...(unitFiles && { unitFiles }),
    ...(programs && { programs }),
    ...udevAtBoot(state, fresh),
  };
  for (const key of Object.keys(state)) Reflect.deleteProperty(state, key);
  Object.assign(state, fresh, kept);
}

/** udevd reads the rules that are on the disk when it starts. */
function udevAtBoot({ udev }: MachineState, fresh: MachineState): Pick<MachineState, 'udev'> {
  if (udev === undefined || fresh.udev === undefined) return {};
  const rules = Object.entries(udev.files).map(([path, { content }]) => [path, content] as const);
  return { udev: { ...fresh.udev, files: udev.files, rules: Object.fromEntries(rules) } };
}

/** What the boot loader gives to the kernel, if it is the one that was told. */
function commandLineAtBoot({ world, state: { addedArguments = [] } }: Machine): string {
  return [world.commandLine, ...(world.bootLoader === 'ignored' ? [] : addedArguments)].join(' ');
}

/** `/proc/sys/kernel/random/boot_id`: another one after each boot. */
export function bootId({ state: { boots = 0 } }: Machine): string {
  return `6f1d9c52-0c2b-4d0e-9a51-${boots.toString(16).padStart(12, '0')}`;
}
