import { DEFAULT_OPERATOR_NAMESPACE, DEFAULT_RESOURCE_PREFIX } from '@sriov/api';
import { serviceSettings } from '@sriov/runtime';
import { z } from 'zod';

/** Settings of the network renderer. */
export const settingsSchema = z.object({
  ...serviceSettings,
  namespace: z.string().min(1).default(DEFAULT_OPERATOR_NAMESPACE).describe('Namespace of the operator'),
  releaseFinalizers: z
    .boolean()
    .default(false)
    .describe("Take the operator's finalizers off all objects, and exit: for an uninstallation"),
  resourcePrefix: z.string().min(1).default(DEFAULT_RESOURCE_PREFIX).describe('Prefix of device-plugin resources'),
});

export type Settings = z.output<typeof settingsSchema>;
