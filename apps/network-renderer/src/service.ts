import { type ServiceDefinition } from '@sriov/runtime';
import { runControllers } from './controllers.ts';
import { releaseFinalizers } from './release-finalizers.ts';
import { settingsSchema } from './settings.ts';

/** The service as its process and its tests run it. */
export const service: ServiceDefinition<typeof settingsSchema> = {
  program: 'network-renderer',
  summary: 'turns SriovNetwork, SriovIBNetwork and OVSNetwork into NetworkAttachmentDefinitions',
  schema: settingsSchema,
  isOneShot: (settings) => settings.releaseFinalizers,
  run: (context) => (context.settings.releaseFinalizers ? releaseFinalizers(context) : runControllers(context)),
};
