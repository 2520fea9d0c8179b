import { DEFAULT_DRA_DRIVER, DEFAULT_OPERATOR_NAMESPACE, DEFAULT_RESOURCE_PREFIX, STARTUP_TAINT } from '@sriov/api';
import { serviceSettings } from '@sriov/runtime';
import { z } from 'zod';

/** Settings of the drain controller. */
export const settingsSchema = z.object({
  ...serviceSettings,
  namespace: z.string().min(1).default(DEFAULT_OPERATOR_NAMESPACE).describe('Namespace of the operator'),
  resourcePrefix: z.string().min(1).default(DEFAULT_RESOURCE_PREFIX).describe('Prefix of device-plugin resources'),
  draDriver: z
    .string()
    .min(1)
    .default(DEFAULT_DRA_DRIVER)
    .describe('DRA driver that hands out VFs: pods whose ResourceClaims have devices of it leave in a drain'),
  countOthers: z
    .boolean()
    .default(true)
    .describe('Count nodes that are not ready, or that somebody else has cordoned, as unavailable'),
  startupTaint: z
    .boolean()
    .default(false)
    .describe(`Take the taint ${STARTUP_TAINT} off a node once it is configured for the first time`),
});

export type Settings = z.output<typeof settingsSchema>;
