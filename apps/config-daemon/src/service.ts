import { DEVICE_PLUGIN_METRICS_PATHS } from '@sriov/api';
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
  neighbours: ({ devicePluginMetricsPort: port }) =>
    new Map(port === 0 ? [] : DEVICE_PLUGIN_METRICS_PATHS.map((path, index) => [path, port + index])),
  isOneShot: ({ dryRun }) => dryRun,
  run: (context) => runControllers(context, openHost),
};
