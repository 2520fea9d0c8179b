import { SYNC_STATUS } from '@sriov/api';
import { HostKernel, MODPROBE_FOLDER, StateFolder, UDEV_FOLDER } from '@sriov/host';
import { processSettings, ServiceError, type ServiceDefinition } from '@sriov/runtime';
import { z } from 'zod';
import { settingsSchema } from '../settings.ts';
import { runPhase } from './run-phase.ts';

/** Settings of the boot service. */
const bootSettingsSchema = z.object({
  ...processSettings,
  phase: z.enum(['pre', 'post']).describe('Which part is done: before the network starts, or after it and before pods'),
  stateFolder: settingsSchema.shape.stateFolder,
});

/** The boot service of systemd mode: units of the host run it, without a container. It ends with exit code 1 if it fails. */
export const bootService: ServiceDefinition<typeof bootSettingsSchema> = {
  program: 'config-daemon service',
  summary: 'makes the VFs of the host when it boots, as the daemon has written down',
  schema: bootSettingsSchema,
  isOneShot: () => true,
  async run({ settings: { phase, stateFolder }, log, clock }) {
    const host = {
      kernel: new HostKernel({ hostRoot: '/' }),
      folder: new StateFolder(stateFolder),
      udevFolder: new StateFolder(UDEV_FOLDER),
      modprobeFolder: new StateFolder(MODPROBE_FOLDER),
    };
    const result = await runPhase({ ...host, log, clock }, phase);
    if (result?.syncStatus !== SYNC_STATUS.failed) return;
    throw new ServiceError('BOOT_SERVICE_FAILED', result.lastSyncError);
  },
};
