import { runService } from '@sriov/runtime';
import { runControllers } from './controllers.ts';
import { settingsSchema } from './settings.ts';

await runService({
  program: 'network-renderer',
  summary: 'turns SriovNetwork, SriovIBNetwork and OVSNetwork into NetworkAttachmentDefinitions',
  schema: settingsSchema,
  run: runControllers,
});
