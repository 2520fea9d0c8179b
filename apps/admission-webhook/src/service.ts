import { type ServiceDefinition } from '@sriov/runtime';
import { runControllers } from './controllers.ts';
import { settingsSchema } from './settings.ts';

/** The service as its process and its tests run it. */
export const service: ServiceDefinition<typeof settingsSchema> = {
  program: 'admission-webhook',
  summary: 'judges writes of the operator’s resources for the API server, and sets their defaults',
  schema: settingsSchema,
  run: runControllers,
};
