import { type ServiceDefinition } from '@sriov/runtime';
import { ALLOCATE_MS } from './offers.ts';
import { openKernel } from './open-kernel.ts';
import { runPlugin } from './run-plugin.ts';
import { settingsSchema } from './settings.ts';
import { showStarted } from './show-started.ts';

/** What follows an Allocate that waits: the pass that is being made, and the answers on their way to the kubelet. */
const LAST_PASS_MS = 10_000;

/** The service as its process and its tests run it. */
export const service: ServiceDefinition<typeof settingsSchema> = {
  program: 'device-plugin',
  summary: 'tells the kubelet which SR-IOV devices of its node it can give to pods, and learns without a restart',
  schema: settingsSchema,
  sharesPort: true,
  isQuiet: true,
  stopDeadlineMs: ALLOCATE_MS.longest + LAST_PASS_MS,
  run(context) {
    const { startedFolder } = context.settings;
    const onAnswered = (): Promise<void> => (startedFolder === '' ? Promise.resolve() : showStarted(startedFolder));
    return runPlugin(context, { kernel: openKernel(context.settings), onAnswered });
  },
};
