import { HostKernel } from '@sriov/host';
import { type ServiceDefinition } from '@sriov/runtime';
import { runPlugin } from './run-plugin.ts';
import { settingsSchema } from './settings.ts';

/** The service as its process and its tests run it. */
export const service: ServiceDefinition<typeof settingsSchema> = {
  program: 'device-plugin',
  summary: 'tells the kubelet which SR-IOV devices of its node it can give to pods, and learns without a restart',
  schema: settingsSchema,
  sharesPort: true,
  run: (context) => runPlugin(context, new HostKernel({ hostRoot: '/', spareThreads: 1 })),
};
