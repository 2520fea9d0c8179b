import { z } from 'zod';
import { ovsBridgeConfigSchema, ovsInterfaceConfigSchema } from './bridge.ts';
import { conditionsSchema, reasonColumn } from './conditions.ts';
import { FIELD_BOUNDS } from './field-bounds.ts';
import { GROUP, VERSION } from './names.ts';
import { type CustomResource, type KubeObject, labelMap, type ValidationRule } from './object.ts';

/** Most PF names that one policy may list: bounds the cost of the CEL rules, far above 16 ports per node. */
export const MAX_PF_NAMES = 256;
/** Longest entry of `pfNames`: an alternative interface name (127) and the widest range `#000-127`. */
export const MAX_PF_NAME_LENGTH = 140;

/** Which PFs a policy is about: all parts that are given must hold. */
export const nicSelectorSchema = z.object({
  vendor: z
    .string()
    .max(FIELD_BOUNDS.name)
    .optional()
    .describe('PCI vendor id, four lower-case hex digits such as 8086.'),
  deviceID: z
    .string()
    .max(FIELD_BOUNDS.name)
    .optional()
    .describe('PCI device id of the PF, four lower-case hex digits such as 1592.'),
  rootDevices: z
    .array(z.string().max(FIELD_BOUNDS.name))
    .max(FIELD_BOUNDS.entries)
    .optional()
    .describe('PCI addresses of PFs, such as 0000:3b:00.0.'),
  pfNames: z
    .array(z.string().max(MAX_PF_NAME_LENGTH))
    .max(MAX_PF_NAMES)
    .optional()
    .describe(
      'Interface names of PFs, or alternative names; name#first-last takes only those VFs, such as ens1f0#0-3.',
    ),
  netFilter: z
    .string()
    .max(FIELD_BOUNDS.name)
    .optional()
    .describe('Network of the port on a virtual platform, such as openstack/NetworkID:<uuid> or aws/NetworkID:<id>.'),
});

/** Spec of a SriovNetworkNodePolicy: how the VFs of the selected PFs on the selected nodes should be. */
export const nodePolicySpecSchema = z.object({
  resourceName: z
    .string()
    .max(FIELD_BOUNDS.name)
    .describe('Device-plugin resource that the VFs become, without its prefix.'),
  nodeSelector: labelMap.describe('Labels of the nodes; an empty map selects every node.'),
  priority: z
    .int()
    .min(0)
    .max(99)
    .optional()
    .describe(
      'Precedence when several policies select a PF: 0 is the highest, 99 the lowest. The webhook writes 99 when it is absent; without the webhook, absent counts as 0.',
    ),
  mtu: z
    .int()
    .min(1)
    .optional()
    .describe(
      'MTU of the VFs in bytes; when it is absent, they keep theirs. The operator raises the MTU of the PF to it, and never lowers it.',
    ),
  numVfs: z.int().min(0).describe('Number of VFs on each selected PF.'),
  nicSelector: nicSelectorSchema.describe('Selects the PFs; at least one part must be given.'),
  deviceType: z
    .enum(['netdevice', 'vfio-pci'])
    .default('netdevice')
    .describe('netdevice leaves the VFs to their kernel driver; vfio-pci binds them for programs in user space.'),
  isRdma: z
    .boolean()
    .optional()
    .describe(
      'The VFs are used for RDMA: containers also get the files of the RDMA device. When it is absent, the webhook writes true for InfiniBand with the kernel driver, and false otherwise.',
    ),
  needVhostNet: z.boolean().optional().describe('Containers also get /dev/vhost-net and /dev/net/tun.'),
  linkType: z
    .enum(['eth', 'ETH', 'ib', 'IB'])
    .optional()
    .describe('Link type of the PF; it stays as it is when absent.'),
  eSwitchMode: z.enum(['legacy', 'switchdev']).optional().describe('eSwitch mode of the PF; legacy when absent.'),
  vdpaType: z.enum(['virtio', 'vhost']).optional().describe('Kind of the vDPA device that is made of each VF.'),
  excludeTopology: z.boolean().optional().describe('Do not advertise the NUMA node of the VFs.'),
  externallyManaged: z
    .boolean()
    .optional()
    .describe('Somebody else creates the VFs; the operator only binds their drivers.'),
  bridge: z
    .object({
      ovs: z
        .object({
          bridge: ovsBridgeConfigSchema.optional(),
          uplink: z
            .object({ interface: ovsInterfaceConfigSchema.optional() })
            .optional()
            .describe('The PF as uplink of the bridge.'),
        })
        .optional()
        .describe('Create an Open vSwitch bridge with the PF as its uplink.'),
    })
    .optional()
    .describe('Software bridge on top of the PF.'),
});

/** Status of a SriovNetworkNodePolicy. */
export const nodePolicyStatusSchema = z.object({
  conditions: conditionsSchema,
  matchedNodeCount: z.int().min(0).optional().describe('Nodes with at least one PF that the policy configures.'),
  readyNodeCount: z.int().min(0).optional().describe('Matched nodes whose host equals their desired state.'),
});

export type NicSelector = z.infer<typeof nicSelectorSchema>;
export type NodePolicySpec = z.infer<typeof nodePolicySpecSchema>;
export type NodePolicyStatus = z.infer<typeof nodePolicyStatusSchema>;

/** A SriovNetworkNodePolicy as on the wire. */
export interface SriovNetworkNodePolicy extends KubeObject {
  spec?: NodePolicySpec;
  status?: NodePolicyStatus;
}

/** What a PF entry with a range looks like; names cannot contain `#`. */
const RANGE_PATTERN = '^[^#]+#[0-9]{1,5}-[0-9]{1,5}$';

const given = (field: string): string => `(has(self.${field}) && self.${field} != '')`;
const givenNic = (field: string): string => `(has(self.nicSelector.${field}) && self.nicSelector.${field} != '')`;
const givenList = (field: string): string => `(has(self.nicSelector.${field}) && size(self.nicSelector.${field}) > 0)`;
const isEthernet = "(!has(self.linkType) || self.linkType in ['eth', 'ETH'])";
const isSwitchdev = "(has(self.eSwitchMode) && self.eSwitchMode == 'switchdev')";
const ranges = "!has(self.nicSelector.pfNames) || self.nicSelector.pfNames.filter(p, p.contains('#'))";
const bounds = "p.split('#')[1].split('-')";

/**
 * Rules of admission that need no other object; the webhook's table in `libs/admission` says the same in the same
 * order.
 */
const validations: readonly ValidationRule[] = [
  {
    rule: "size(self.resourceName) <= 63 && self.resourceName.matches('^[a-zA-Z0-9]([a-zA-Z0-9_-]*[a-zA-Z0-9])?$')",
    message: 'spec.resourceName must be 1 to 63 letters, digits, "-" or "_", and begin and end with a letter or digit',
  },
  {
    rule: [
      givenNic('vendor'),
      givenNic('deviceID'),
      givenNic('netFilter'),
      givenList('pfNames'),
      givenList('rootDevices'),
    ].join(' || '),
    message: 'spec.nicSelector must give at least one of vendor, deviceID, rootDevices, pfNames, netFilter',
  },
  {
    rule: `!${givenNic('netFilter')} || !(${givenNic('vendor')} || ${givenNic('deviceID')} || ${givenList('pfNames')} || ${givenList('rootDevices')})`,
    message: 'spec.nicSelector.netFilter cannot be combined with vendor, deviceID, rootDevices or pfNames',
  },
  {
    rule: `!${givenNic('netFilter')} || !${given('eSwitchMode')} && !has(self.bridge) && ${isEthernet}`,
    message:
      'with spec.nicSelector.netFilter there must be no eSwitchMode, no bridge, and linkType must be empty or eth',
  },
  {
    rule: `${ranges}.all(p, p.matches('${RANGE_PATTERN}'))`,
    message: 'a range in spec.nicSelector.pfNames must have the form name#first-last, such as ens1f0#0-3',
  },
  {
    rule: `${ranges}.all(p, !p.matches('${RANGE_PATTERN}') || int(${bounds}[0]) <= int(${bounds}[1]))`,
    message: 'a range in spec.nicSelector.pfNames must not end before it begins',
  },
  {
    rule: `${ranges}.all(p, !p.matches('${RANGE_PATTERN}') || int(${bounds}[1]) < self.numVfs)`,
    message: 'a range in spec.nicSelector.pfNames must end below spec.numVfs: the last VF is numVfs-1',
  },
  {
    rule: "!(self.deviceType == 'vfio-pci' && has(self.isRdma) && self.isRdma)",
    message: 'spec.isRdma cannot be true with deviceType vfio-pci: RDMA needs the kernel driver',
  },
  {
    rule: `!${isSwitchdev} || ${isEthernet}`,
    message: 'spec.eSwitchMode switchdev requires linkType to be empty or eth',
  },
  {
    rule: `!${given('vdpaType')} || self.deviceType == 'netdevice' && ${isSwitchdev}`,
    message: 'spec.vdpaType requires deviceType netdevice and eSwitchMode switchdev',
  },
  {
    rule: `!has(self.bridge) || !has(self.bridge.ovs) || ${isSwitchdev} && !(has(self.externallyManaged) && self.externallyManaged)`,
    message: 'spec.bridge requires eSwitchMode switchdev and cannot be combined with externallyManaged',
  },
];

/** How the API server knows a SriovNetworkNodePolicy. */
export const SRIOV_NETWORK_NODE_POLICY: CustomResource<SriovNetworkNodePolicy> = {
  group: GROUP,
  version: VERSION,
  kind: 'SriovNetworkNodePolicy',
  plural: 'sriovnetworknodepolicies',
  singular: 'sriovnetworknodepolicy',
  shortName: 'snnp',
  namespaced: true,
  description:
    'Desired configuration of the VFs of selected NICs on selected nodes, and the resource that they become.',
  spec: nodePolicySpecSchema,
  status: nodePolicyStatusSchema,
  printerColumns: [
    { name: 'Resource', type: 'string', jsonPath: '.spec.resourceName' },
    { name: 'VFs', type: 'integer', jsonPath: '.spec.numVfs' },
    { name: 'Matched', type: 'integer', jsonPath: '.status.matchedNodeCount' },
    { name: 'Ready', type: 'integer', jsonPath: '.status.readyNodeCount' },
    { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' },
    reasonColumn,
  ],
  validations,
};
