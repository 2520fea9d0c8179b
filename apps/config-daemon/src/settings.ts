import { DEFAULT_OPERATOR_NAMESPACE } from '@sriov/api';
import { serviceSettings } from '@sriov/runtime';
import { z } from 'zod';

/** Settings of the config daemon. */
export const settingsSchema = z.object({
  ...serviceSettings,
  nodeName: z.string().min(1).describe('Node that the daemon runs on; names the SriovNetworkNodeState that it owns'),
  namespace: z.string().min(1).default(DEFAULT_OPERATOR_NAMESPACE).describe('Namespace of the operator'),
  hostRoot: z.string().default('/host').describe("Where the host's root file system is mounted; / outside a container"),
  stateFolder: z
    .string()
    .startsWith('/')
    .default('/etc/sriov-operator')
    .describe('Folder on the host for what must survive the daemon; choose a writable one where /etc is read-only'),
  auditSeconds: z
    .number()
    .min(1)
    .default(300)
    .describe('The host is looked at again so often, besides whenever it tells of a change'),
  passLimitSeconds: z
    .number()
    .min(1)
    .default(600)
    .describe('/healthz tells of it when no pass over the host has come to its end for so long'),
  configureHostInterfaces: z
    .boolean()
    .default(false)
    .describe('Also change PFs that carry the default route or are part of a bond or bridge'),
  dryRun: z.boolean().default(false).describe('Print what would be done to the host, do nothing, and end'),
});

export type Settings = z.output<typeof settingsSchema>;
