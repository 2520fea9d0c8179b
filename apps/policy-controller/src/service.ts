import { type ServiceDefinition } from '@sriov/runtime';
import { runControllers } from './controllers.ts';
import { settingsSchema } from './settings.ts';

/** The service as its process and its tests run it. */
export const service: ServiceDefinition<typeof settingsSchema> = {
  program: 'policy-controller',
  summary: 'turns policies, pools and nodes into SriovNetworkNodeStates and device-plugin configuration',
  schema: settingsSchema,
  run: runControllers,
};
