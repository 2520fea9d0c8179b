import { type ServiceDefinition } from '@sriov/runtime';
import { runControllers } from './controllers.ts';
import { openHost } from './open-host.ts';
import { settingsSchema } from './settings.ts';

/** The service as its process and its tests run it. */
export const service: ServiceDefinition<typeof settingsSchema> = {
  program: 'config-daemon',
  summary: 'makes the SR-IOV devices of a node what its SriovNetworkNodeState says, and reports what it sees',
  schema: settingsSchema,
  isQuiet: true,
  isOneShot: ({ dryRun }) => dryRun,
  run: (context) => runControllers(context, openHost),
};
