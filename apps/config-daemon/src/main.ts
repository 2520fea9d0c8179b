import { runService } from '@sriov/runtime';
import { runControllers } from './controllers.ts';
import { settingsSchema } from './settings.ts';

await runService({
  program: 'config-daemon',
  summary: 'makes the SR-IOV devices of a node what its SriovNetworkNodeState says, and reports what it sees',
  schema: settingsSchema,
  run: runControllers,
});
