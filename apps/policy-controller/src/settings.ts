import { DEFAULT_OPERATOR_NAMESPACE } from '@sriov/api';
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
});

export type Settings = z.output<typeof settingsSchema>;
