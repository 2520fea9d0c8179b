import { DEFAULT_OPERATOR_NAMESPACE } from '@sriov/api';
import { MAX_CONFIG_SHARDS } from '@sriov/device-plugin-config';
import { serviceSettings } from '@sriov/runtime';
import { z } from 'zod';

/** Settings of the policy controller. */
export const settingsSchema = z.object({
  ...serviceSettings,
  namespace: z.string().min(1).default(DEFAULT_OPERATOR_NAMESPACE).describe('Namespace of the operator'),
  supportedNicsOnly: z
    .boolean()
    .default(false)
    .describe('Configure only PFs whose ids are in the ConfigMap supported-nic-ids'),
  staleNodeStateCleanupDelayMinutes: z
    .number()
    .min(0)
    .default(30)
    .describe('Minutes for which the state of a node that is no longer managed is kept'),
  vanishedPfGraceMinutes: z
    .number()
    .min(0)
    .default(10)
    .describe(
      'Minutes for which a PF that is no longer reported keeps its desired state, because its driver may only be reloading',
    ),
  devicePluginConfigShards: z
    .int()
    .min(1)
    .max(MAX_CONFIG_SHARDS)
    .default(1)
    .describe(
      'Number of ConfigMaps that hold the configuration of the device plugin, each of at most 1 MiB; the DaemonSet has to mount all of them',
    ),
});

export type Settings = z.output<typeof settingsSchema>;
