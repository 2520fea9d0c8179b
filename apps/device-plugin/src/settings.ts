import { DEFAULT_OPERATOR_NAMESPACE, DEFAULT_RESOURCE_PREFIX } from '@sriov/api';
import { processSettings } from '@sriov/runtime';
import { z } from 'zod';

/** Settings of the device plugin. */
export const settingsSchema = z.object({
  ...processSettings,
  configFile: z
    .string()
    .startsWith('/')
    .default('/etc/pcidp/config.json')
    .describe(
      'Configuration in the format of sriov-network-device-plugin, used as long as the daemon has told no other',
    ),
  resourcePrefix: z
    .string()
    .min(1)
    .default(DEFAULT_RESOURCE_PREFIX)
    .describe('Prefix of resources whose configuration names none'),
  useCdi: z.boolean().default(false).describe('Give devices to containers by the Container Device Interface'),
  allocationPolicy: z
    .enum(['packed', 'spread'])
    .default('packed')
    .describe('Which free devices of a resource are preferred: packed on few PFs, or spread over many'),
  kubeletFolder: z
    .string()
    .startsWith('/')
    .default('/var/lib/kubelet/device-plugins')
    .describe('Folder of kubelet.sock'),
  handoverFolder: z
    .string()
    .startsWith('/')
    .default('/run/sriov-operator')
    .describe('Folder in which the config daemon of the node hands over what changes'),
  podName: z
    .string()
    .min(1)
    .optional()
    .describe('Pod that the plugin runs in: a kubelet that does not know it has just started, and is not believed'),
  podNamespace: z.string().min(1).default(DEFAULT_OPERATOR_NAMESPACE).describe('Namespace of that pod'),
  startedFolder: z
    .string()
    .default('')
    .describe(
      'Folder that becomes the working directory once the kubelet has taken or refused each resource; none by default',
    ),
  auditSeconds: z
    .number()
    .min(1)
    .default(300)
    .describe('Longest time between two looks at the host; a change makes the plugin look at once'),
});

/** Settings of the device plugin. */
export type Settings = z.output<typeof settingsSchema>;
