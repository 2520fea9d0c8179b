import { z } from 'zod';
import { conditionsSchema, reasonColumn } from './conditions.ts';
import { labelSelectorSchema } from './label-selector.ts';
import { GROUP, VERSION } from './names.ts';
import { type CustomResource, type KubeObject } from './object.ts';
import { zeroCounts } from './to-wire.ts';

/** How the nodes of a pool are drained. Upstream has no such field. */
export const poolDrainSchema = z
  .object({
    timeoutSeconds: z
      .int()
      .min(1)
      .optional()
      .describe('How long the drain of a node may take before onTimeout applies; without limit when absent.'),
    onTimeout: z
      .enum(['wait', 'release', 'force'])
      .optional()
      .describe(
        'What happens after timeoutSeconds. wait, the default: say so, and go on. release: make the node schedulable, give its slot to the next, and try again after timeoutSeconds. force: delete the pods that cannot be evicted, with their grace period and past their PodDisruptionBudgets.',
      ),
    lostAfterSeconds: z
      .int()
      .min(1)
      .optional()
      .describe(
        'How long a node that is drained may be not ready until it counts as lost: its slot goes to the next, and it no longer counts as unavailable. Never when absent.',
      ),
    waitForPods: labelSelectorSchema
      .optional()
      .describe('Pods that are not evicted: the drain waits until they have ended, as for a job. None when absent.'),
  })
  .describe('How the nodes of the pool are drained.');

/** Which nodes of a pool get a change before the others. Upstream has no such field. */
export const poolCanarySchema = z
  .object({
    nodes: zeroCounts(z.union([z.int(), z.string()]).meta({ 'x-kubernetes-int-or-string': true })).describe(
      'How many nodes get a change before the others: a number, 1 or more, or a percentage such as "10%".',
    ),
    succeededForSeconds: zeroCounts(z.int().min(0))
      .optional()
      .describe(
        'How long these nodes have to be Succeeded with the change, without a break, until the others get it; 0 when absent.',
      ),
  })
  .describe('A few nodes of the pool get a change first, and the others wait until it has proven itself there.');

/** Spec of a SriovNetworkPoolConfig: settings that a group of nodes shares. */
export const poolConfigSpecSchema = z.object({
  ovsHardwareOffloadConfig: z
    .object({
      name: z.string().optional().describe('MachineConfigPool whose nodes get OVS hardware offload (OpenShift).'),
    })
    .optional()
    .describe('Makes this a pool for OVS hardware offload, which takes no part in draining.'),
  nodeSelector: labelSelectorSchema
    .optional()
    .describe('Selects the nodes of the pool; all nodes when absent or empty.'),
  maxUnavailable: zeroCounts(z.union([z.int(), z.string()]).meta({ 'x-kubernetes-int-or-string': true }))
    .optional()
    .describe('Largest number of nodes that may be drained at once: a number or a percentage such as "10%".'),
  drain: poolDrainSchema.optional(),
  canary: poolCanarySchema.optional(),
  rdmaMode: z.enum(['shared', 'exclusive']).optional().describe('RDMA network-namespace mode of the nodes.'),
});

/** Status of a SriovNetworkPoolConfig. */
export const poolConfigStatusSchema = z.object({
  conditions: conditionsSchema,
  matchedNodeCount: z.int().min(0).optional().describe('Managed nodes of the pool.'),
  readyNodeCount: z.int().min(0).optional().describe('Matched nodes whose host equals their desired state.'),
});

export type PoolConfigSpec = z.infer<typeof poolConfigSpecSchema>;
export type PoolDrain = z.infer<typeof poolDrainSchema>;
export type PoolCanary = z.infer<typeof poolCanarySchema>;
export type PoolConfigStatus = z.infer<typeof poolConfigStatusSchema>;

/** A SriovNetworkPoolConfig as on the wire. */
export interface SriovNetworkPoolConfig extends KubeObject {
  spec?: PoolConfigSpec;
  status?: PoolConfigStatus;
}

/** How the API server knows a SriovNetworkPoolConfig. */
export const SRIOV_NETWORK_POOL_CONFIG: CustomResource<SriovNetworkPoolConfig> = {
  group: GROUP,
  version: VERSION,
  kind: 'SriovNetworkPoolConfig',
  plural: 'sriovnetworkpoolconfigs',
  singular: 'sriovnetworkpoolconfig',
  shortName: 'snpc',
  namespaced: true,
  description: 'Settings of a group of nodes: how many may be drained at once, and their RDMA mode.',
  spec: poolConfigSpecSchema,
  status: poolConfigStatusSchema,
  printerColumns: [
    { name: 'Max Unavailable', type: 'string', jsonPath: '.spec.maxUnavailable' },
    { name: 'RDMA Mode', type: 'string', jsonPath: '.spec.rdmaMode' },
    { name: 'Matched', type: 'integer', jsonPath: '.status.matchedNodeCount' },
    { name: 'Ready', type: 'integer', jsonPath: '.status.readyNodeCount' },
    { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' },
    reasonColumn,
  ],
  validations: [
    {
      rule: "!has(self.ovsHardwareOffloadConfig) || !has(self.ovsHardwareOffloadConfig.name) || self.ovsHardwareOffloadConfig.name == '' || !has(self.maxUnavailable) && !has(self.nodeSelector)",
      message: 'spec.ovsHardwareOffloadConfig cannot be combined with maxUnavailable or nodeSelector',
    },
    {
      rule: "!has(self.maxUnavailable) || (type(self.maxUnavailable) == int ? int(self.maxUnavailable) >= 0 : string(self.maxUnavailable).matches('^([1-9]|[1-9][0-9]|100)%$'))",
      message: 'spec.maxUnavailable must be a number of nodes (0 or more) or a percentage from "1%" to "100%"',
    },
    {
      rule: "!has(self.canary) || (type(self.canary.nodes) == int ? int(self.canary.nodes) >= 1 : string(self.canary.nodes).matches('^([1-9]|[1-9][0-9]|100)%$'))",
      message: 'spec.canary.nodes must be a number of nodes (1 or more) or a percentage from "1%" to "100%"',
    },
  ],
};
