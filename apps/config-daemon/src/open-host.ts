import { HostKernel, StateFolder } from '@sriov/host';
import { loadWorld, SimulatedKernel, StateFile, WorldError } from '@sriov/host-sim';
import { type Clock, type Logger, ServiceError } from '@sriov/runtime';
import { type HostPorts } from './gather.ts';
import { Journal } from './journal.ts';
import { type Settings } from './settings.ts';

/**
 * The host that the settings name: the machine itself, or a simulated one.
 * @throws {ServiceError} `WORLD_INVALID` for a world file that cannot be used
 */
export function openHost(settings: Settings, context: { readonly log: Logger; readonly clock: Clock }): HostPorts {
  const { simulate, simulateState, hostRoot, stateFolder } = settings;
  if (simulate === undefined) {
    const journal = new Journal(new StateFolder(`${hostRoot === '/' ? '' : hostRoot}${stateFolder}`));
    return { kernel: new HostKernel({ hostRoot }), journal };
  }
  context.log.info({ world: simulate }, 'this host is simulated');
  const journal = new Journal(new StateFolder(simulateState === undefined ? stateFolder : `${simulateState}.d`));
  return { kernel: openSimulation(simulate, simulateState, context.clock), journal };
}

function openSimulation(world: string, state: string | undefined, clock: Clock): SimulatedKernel {
  try {
    return new SimulatedKernel({
      world: loadWorld(world),
      clock,
      ...(state !== undefined && { stateFile: new StateFile(state) }),
    });
  } catch (cause) {
    if (cause instanceof WorldError) throw new ServiceError('WORLD_INVALID', cause.message, { cause, exitCode: 2 });
    throw cause;
  }
}
