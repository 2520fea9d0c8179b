import { type ServiceDefinition } from '@sriov/runtime';
import { runControllers } from './controllers.ts';
import { removeOperands } from './remove-operands.ts';
import { settingsSchema } from './settings.ts';

/** The service as its process and its tests run it. */
export const service: ServiceDefinition<typeof settingsSchema> = {
  program: 'operand-controller',
  summary:
    'turns the SriovOperatorConfig into the DaemonSets of config daemon, device plugin and what else runs on nodes',
  schema: settingsSchema,
  isOneShot: (settings) => settings.remove !== undefined,
  run: (context) => (context.settings.remove === undefined ? runControllers(context) : removeOperands(context)),
};
