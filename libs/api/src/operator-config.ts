import { z } from 'zod';
import { conditionsSchema } from './conditions.ts';
import { readyColumns } from './network-fields.ts';
import { GROUP, LABEL, VERSION } from './names.ts';
import { type CustomResource, type KubeObject, labelMap, stringMap } from './object.ts';

/** Spec of the SriovOperatorConfig: settings of the operator itself. */
export const operatorConfigSpecSchema = z.object({
  configDaemonNodeSelector: labelMap
    .optional()
    .describe('Labels of the nodes that the operator manages; all Linux worker nodes when absent.'),
  enableInjector: z
    .boolean()
    .optional()
    .describe('Run the webhook that adds VF resources to pods. This version has none, and only says so.'),
  enableOperatorWebhook: z
    .boolean()
    .optional()
    .describe(
      'The API server asks the webhook that validates the resources of the operator; true when absent. The chart runs the webhook. It has no effect where the webhook does not make its own certificate.',
    ),
  logLevel: z.int().min(0).max(2).optional().describe('0 is quiet, 2 is verbose.'),
  disableDrain: z
    .boolean()
    .optional()
    .describe(
      'Configure nodes without draining them first; pods lose VFs that change. A reboot waits for its turn all the same.',
    ),
  enableOvsOffload: z.boolean().optional().describe('Has no effect; kept for compatibility.'),
  configurationMode: z
    .enum(['daemon', 'systemd'])
    .optional()
    .describe('systemd: units of the host also make the VFs at boot, before pods start.'),
  useCDI: z.boolean().optional().describe('The device plugin hands out devices through CDI.'),
  disablePlugins: z
    .array(z.enum(['mellanox']))
    .optional()
    .describe('Vendor plugins of the daemon to leave out.'),
  featureGates: z.record(z.string(), z.boolean()).optional().describe('Features to switch on or off by name.'),
  configDaemonEnvVars: stringMap.optional().describe('Further environment variables of the daemon.'),
});

const DEFAULT_NODE_LABELS = { [LABEL.worker]: '', [LABEL.os]: 'linux' };

/** Labels of the nodes that the operator manages. An empty selector is none: the default counts. */
export function managedNodeLabels({
  configDaemonNodeSelector = {},
}: Partial<OperatorConfigSpec>): Record<string, string> {
  return Object.keys(configDaemonNodeSelector).length > 0 ? configDaemonNodeSelector : DEFAULT_NODE_LABELS;
}

/**
 * True unless an administrator has said that the API server is not to ask the webhook. An object that is missing, or not
 * read yet, says nothing.
 */
export function isWebhookWanted(config: { readonly spec?: Partial<OperatorConfigSpec> } | undefined): boolean {
  return config?.spec?.enableOperatorWebhook !== false;
}

/** Status of the SriovOperatorConfig. */
export const operatorConfigStatusSchema = z.object({
  conditions: conditionsSchema,
  injector: z.string().optional().describe('State of the webhook that adds VF resources to pods.'),
  operatorWebhook: z.string().optional().describe('State of the webhook that validates the resources of the operator.'),
});

export type OperatorConfigSpec = z.infer<typeof operatorConfigSpecSchema>;
export type OperatorConfigStatus = z.infer<typeof operatorConfigStatusSchema>;

/** A SriovOperatorConfig as on the wire. */
export interface SriovOperatorConfig extends KubeObject {
  spec?: OperatorConfigSpec;
  status?: OperatorConfigStatus;
}

/** How the API server knows a SriovOperatorConfig. */
export const SRIOV_OPERATOR_CONFIG: CustomResource<SriovOperatorConfig> = {
  group: GROUP,
  version: VERSION,
  kind: 'SriovOperatorConfig',
  plural: 'sriovoperatorconfigs',
  singular: 'sriovoperatorconfig',
  shortName: 'soc',
  namespaced: true,
  description: 'Settings of the operator. Only the object named default in the operator namespace has an effect.',
  spec: operatorConfigSpecSchema,
  status: operatorConfigStatusSchema,
  printerColumns: readyColumns,
  validations: [],
  nameValidation: {
    rule: "self.metadata.name == 'default'",
    message: 'only the SriovOperatorConfig named "default" is used: choose that name',
  },
};
