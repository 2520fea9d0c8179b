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
    .describe('Configure only PFs whose ids stand in the ConfigMap supported-nic-ids'),
  staleNodeStateCleanupDelayMinutes: z
    .number()
    .min(0)
    .default(30)
    .describe('How long the state of a node that is no longer managed is kept'),
  vanishedPfGraceMinutes: z
    .number()
    .min(0)
    .default(10)
    .describe('How long a PF that is no longer reported keeps its desired state: drivers are reloaded'),
  devicePluginConfigShards: z
    .int()
    .min(1)
    .max(MAX_CONFIG_SHARDS)
    .default(1)
    .describe(
      'ConfigMaps that the configuration of the device plugin is spread over, each of at most 1 MiB; the DaemonSet has to mount them all',
    ),
});

export type Settings = z.output<typeof settingsSchema>;
