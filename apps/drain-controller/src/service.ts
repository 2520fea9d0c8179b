import { type ServiceDefinition } from '@sriov/runtime';
import { runControllers } from './controllers.ts';
import { settingsSchema } from './settings.ts';

/** The service as its process and its tests run it. */
export const service: ServiceDefinition<typeof settingsSchema> = {
  program: 'drain-controller',
  summary: 'drains nodes that ask for it, as many at a time as their pool allows',
  schema: settingsSchema,
  run: runControllers,
};
