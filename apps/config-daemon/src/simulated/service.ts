import { type ServiceDefinition } from '@sriov/runtime';
import { runControllers } from '../controllers.ts';
import { service } from '../service.ts';
import { openSimulatedHost } from './open-simulated-host.ts';
import { simulatedSettingsSchema } from './settings.ts';

/** The daemon on a simulated host: for the demo, benchmarks and tests. */
export const simulatedService: ServiceDefinition<typeof simulatedSettingsSchema> = {
  ...service,
  summary: 'the config daemon on a simulated host, for demo and development',
  schema: simulatedSettingsSchema,
  run: (context) => runControllers(context, openSimulatedHost),
};
