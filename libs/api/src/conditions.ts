import { z } from 'zod';
import { type KubeObject } from './object.ts';

/** A condition as in `metav1.Condition`; lists of them are keyed by `type`. */
export const conditionSchema = z
  .object({
    type: z
      .string()
      .max(316)
      .regex(
        /^([a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*\/)?(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])$/,
      )
      .describe('What the condition speaks of, such as Ready.'),
    status: z.enum(['True', 'False', 'Unknown']).describe('Whether the condition holds.'),
    observedGeneration: z
      .int()
      .min(0)
      .meta({ format: 'int64' })
      .optional()
      .describe('metadata.generation of the object that the condition was computed from.'),
    lastTransitionTime: z.iso.datetime().describe('When status last changed.'),
    reason: z
      .string()
      .min(1)
      .max(1024)
      .regex(/^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$/)
      .describe('A constant for programs.'),
    message: z
      .string()
      .max(32768)
      .describe('A sentence for people: what is wrong or done, where, and the cure where one is known.'),
  })
  .describe('One aspect of the current state of the object.');

/** One aspect of an object's state. */
export type Condition = z.infer<typeof conditionSchema>;

/** `status.conditions` of every kind of ours. */
export const conditionsSchema = z
  .array(conditionSchema)
  .meta({ 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['type'] })
  .optional()
  .describe('The current state of the object, one entry for each type.');

/** Condition types that we write. `Degraded` is bad when True, the others good. */
export const CONDITION = {
  ready: 'Ready',
  progressing: 'Progressing',
  degraded: 'Degraded',
  /** On SriovNetworkNodeState: the device plugin offers pods everything that the node's resources have. */
  resourcesOffered: 'ResourcesOffered',
  /** On SriovNetworkNodeState: how far the drain is that the node has asked for; absent before its first one. */
  drained: 'Drained',
  /** On SriovNetworkNodeState in systemd mode: the host makes its VFs at the next boot, and did so at the last. */
  bootServiceReady: 'BootServiceReady',
  /** On SriovNetworkNodeState: its spec is what the policies want; absent before it is held back for the first time. */
  rolledOut: 'RolledOut',
  /** On SriovOperatorConfig: the device-plugin configuration of every node could be written. */
  devicePluginConfigWritten: 'DevicePluginConfigWritten',
  /** On SriovOperatorConfig: what every node is to have (node state, label, configuration) could be written. */
  nodesWritten: 'NodesWritten',
  /** On SriovOperatorConfig: every entry of the ConfigMap `supported-nic-ids` could be read. */
  nicListRead: 'NicListRead',
  /** On SriovOperatorConfig, one for each operand that is wanted: it is deployed as it should be, and its pods work. */
  configDaemonDeployed: 'ConfigDaemonDeployed',
  devicePluginDeployed: 'DevicePluginDeployed',
  originalDevicePluginDeployed: 'SriovNetworkDevicePluginDeployed',
  metricsExporterDeployed: 'MetricsExporterDeployed',
  cniPluginsDeployed: 'CniPluginsDeployed',
  /** On SriovOperatorConfig: the webhook that validates our resources answers. */
  operatorWebhookAvailable: 'OperatorWebhookAvailable',
} as const;

/** An object whose status carries conditions. */
export type Conditioned = KubeObject & { status?: { conditions?: Condition[] | undefined } | undefined };

/** Type of a Kubernetes Event. */
export type EventType = 'Normal' | 'Warning';

/** What a Kubernetes Event says. */
export interface EventText {
  readonly type: EventType;
  readonly reason: string;
  readonly message: string;
}

/** `kubectl get` column that tells why an object is, or is not, ready. */
export const reasonColumn = {
  name: 'Reason',
  type: 'string',
  jsonPath: `.status.conditions[?(@.type=="${CONDITION.ready}")].reason`,
} as const;
