import { dirname } from 'node:path';
import { StateFolder } from '@sriov/host';
import { loadWorld, SimulatedKernel, StateFile, WorldError } from '@sriov/host-sim';
import { GUID_FILE } from '@sriov/node-plan';
import { type Clock, ServiceError } from '@sriov/runtime';
import { type OpenHost } from '../open-host.ts';
import { followPods } from './follow-pods.ts';
import { type SimulatedSettings } from './settings.ts';

/**
 * The simulated host of the world file.
 * @throws {ServiceError} `WORLD_INVALID` for a world file that cannot be used
 */
export const openSimulatedHost: OpenHost<SimulatedSettings> = (settings, { log, clock }) => {
  const { simulate, simulateState, simulatePods, stateFolder } = settings;
  log.info({ world: simulate }, 'this host is simulated');
  const folder = new StateFolder(simulateState === undefined ? stateFolder : `${simulateState}.d`);
  const kernel = openSimulation(simulate, simulateState, clock);
  if (simulatePods !== undefined) followPods(kernel, simulatePods, log);
  const { handoverFolder, udevFolder, modprobeFolder, grubFolder, unitFolder, programs, metadata } = kernel;
  const guidEvents = folder.eventsOf(dirname(GUID_FILE));
  const folders = { folder, handoverFolder, udevFolder, modprobeFolder, grubFolder, unitFolder };
  return { kernel, guidEvents, ...folders, programs, metadata };
};

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
