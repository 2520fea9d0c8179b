import { z } from 'zod';
import { bridgesSchema } from './bridge.ts';
import { conditionsSchema, reasonColumn } from './conditions.ts';
import { GROUP, VERSION } from './names.ts';
import { zeroCounts } from './to-wire.ts';
import { type CustomResource, type KubeObject } from './object.ts';

/** The API server keeps the fields of such an object as they come, and does not check them. */
const preserved = { 'x-kubernetes-preserve-unknown-fields': true };

const pciAddress = z.string().describe('PCI address, such as 0000:3b:00.0.');

/** A run of VFs of one PF that share driver, MTU and resource. */
export const vfGroupSchema = z.object({
  resourceName: z.string().optional().describe('Device-plugin resource without its prefix.'),
  deviceType: z.string().optional().describe('netdevice or vfio-pci.'),
  vfRange: z.string().optional().describe('First and last VF, inclusive: "0-3".'),
  policyName: z.string().optional().describe('Policy that the group comes from.'),
  mtu: z.int().optional().describe('MTU of the VFs, in bytes.'),
  isRdma: z.boolean().optional().describe('The VFs are used for RDMA.'),
  vdpaType: z.string().optional().describe('virtio or vhost.'),
});

/** What a PF should be. */
export const desiredInterfaceSchema = z.object({
  pciAddress,
  numVfs: z.int().optional().describe('Number of VFs.'),
  mtu: z.int().optional().describe('Smallest MTU that the PF may have, in bytes.'),
  name: z
    .string()
    .optional()
    .describe('Network interface name that the PF had when the policy was applied to the node.'),
  linkType: z.string().optional().describe('eth or ib, in upper or lower case.'),
  eSwitchMode: z.string().optional().describe('legacy or switchdev; legacy when absent.'),
  externallyManaged: z.boolean().optional().describe('Somebody else creates the VFs.'),
  vfGroups: z.array(vfGroupSchema).optional().describe('Desired state of the VFs, by range.'),
});

const systemSchema = z
  .object({
    rdmaMode: z.enum(['shared', 'exclusive']).optional().describe('RDMA network-namespace mode.'),
  })
  .describe('Settings of the node as a whole.');

/** Spec of a SriovNetworkNodeState, written by the policy controller. */
export const nodeStateSpecSchema = z.object({
  interfaces: z
    .array(desiredInterfaceSchema)
    .optional()
    .describe('PFs to configure. Other PFs are left alone, or reset if the operator configured them.'),
  bridges: bridgesSchema.optional(),
  system: systemSchema.optional(),
});

/** A VF as the node sees it. `Vlan` and `vfID` are spelled as upstream spells them. */
export const virtualFunctionSchema = z.object({
  name: z.string().optional().describe('Network interface name; absent while a pod holds it or vfio-pci is bound.'),
  mac: z.string().optional().describe('MAC address.'),
  assigned: z
    .string()
    .optional()
    .describe('true while somebody is seen to use the VF; absent when nobody is seen, or knows.'),
  driver: z.string().optional().describe('Bound driver; absent when none is.'),
  pciAddress,
  vendor: z.string().optional().describe('PCI vendor id, four hex digits.'),
  deviceID: z.string().optional().describe('PCI device id, four hex digits.'),
  Vlan: z.int().optional().describe('VLAN that the PF gives to the VF; none when 0 or absent.'),
  mtu: z.int().optional().describe('MTU, in bytes.'),
  vfID: z.int().describe('Index of the VF on its PF, from 0.'),
  vdpaType: z.string().optional().describe('Kind of the vDPA device on the VF: virtio or vhost.'),
  representorName: z.string().optional().describe('Interface that represents the VF on the switch of the PF.'),
  guid: z
    .string()
    .optional()
    .describe('InfiniBand node GUID that the PF prescribes, most significant octet first; zeros when none was set.'),
});

/** A PF as the node sees it. `totalvfs` and `Vfs` are spelled as upstream spells them. */
export const observedInterfaceSchema = z.object({
  name: z.string().optional().describe('Network interface name.'),
  mac: z.string().optional().describe('MAC address.'),
  driver: z.string().optional().describe('Bound driver; absent when none is.'),
  pciAddress,
  vendor: z.string().optional().describe('PCI vendor id, four hex digits.'),
  deviceID: z.string().optional().describe('PCI device id, four hex digits.'),
  netFilter: z.string().optional().describe('Network of the port on a virtual platform.'),
  mtu: z.int().optional().describe('MTU, in bytes.'),
  numVfs: z.int().optional().describe('Number of VFs that exist.'),
  linkSpeed: z.string().optional().describe('Speed of the link, such as "25000 Mb/s".'),
  linkType: z.string().optional().describe('ETH or IB.'),
  linkAdminState: z.string().optional().describe('up or down: the administrative state, not the carrier.'),
  eSwitchMode: z.string().optional().describe('legacy or switchdev; unknown when it could not be read.'),
  externallyManaged: z.boolean().optional().describe('Somebody else created the VFs.'),
  totalvfs: z.int().optional().describe('Largest number of VFs that the PF can have now.'),
  Vfs: z.array(virtualFunctionSchema).optional().describe('The VFs that exist.'),
  altNames: z.array(z.string()).optional().describe('Alternative interface names.'),
});

/**
 * Something that could not be done at the last look at the host. `since` is its only time: one that stays the same
 * stays as it is.
 */
export const nodeFailureSchema = z.object({
  pciAddress: z
    .string()
    .optional()
    .describe(
      'PCI address of the PF, whether or not the node has it; absent when the failure concerns the whole node.',
    ),
  name: z.string().optional().describe('Network interface name of the PF, where it is known.'),
  step: z.string().optional().describe('Step that failed, such as set-num-vfs; absent when nothing was tried.'),
  reason: z.string().describe('A constant for programs, as in the conditions.'),
  errno: z.string().optional().describe('Error code of the kernel, such as EBUSY; absent when the kernel gave none.'),
  message: z.string().describe('A sentence for people with PF, step, cause, and the cure where one is known.'),
  since: z.iso.datetime().describe('Time when a failure with this PF, step and reason was first seen.'),
});

/** Status of a SriovNetworkNodeState, written by the config daemon of the node. */
export const nodeStateStatusSchema = z.object({
  // Only the daemon writes it, and checks it: the API server would spend most of a write of a node state on it.
  interfaces: z
    .array(observedInterfaceSchema.meta({ ...preserved, description: 'A PF as the node sees it.' }))
    .optional()
    .describe('The PFs of the node.'),
  pfCount: zeroCounts(z.int()).optional().describe('Number of PFs that can have VFs.'),
  vfCount: zeroCounts(z.int()).optional().describe('Number of VFs that exist.'),
  bridges: bridgesSchema.optional(),
  system: systemSchema.optional(),
  syncStatus: z.string().optional().describe('InProgress, Succeeded or Failed.'),
  lastSyncError: z
    .string()
    .optional()
    .describe('PF, step and cause of the last failure; empty or absent when there is none.'),
  failures: z
    .array(nodeFailureSchema)
    .optional()
    .describe('What could not be done, by PF. Policies about other PFs of the node are not affected.'),
  conditions: conditionsSchema,
});

export type VfGroup = z.infer<typeof vfGroupSchema>;
export type DesiredInterface = z.infer<typeof desiredInterfaceSchema>;
export type NodeStateSpec = z.infer<typeof nodeStateSpecSchema>;
export type VirtualFunction = z.infer<typeof virtualFunctionSchema>;
export type ObservedInterface = z.infer<typeof observedInterfaceSchema>;
export type NodeFailure = z.infer<typeof nodeFailureSchema>;
export type NodeStateStatus = z.infer<typeof nodeStateStatusSchema>;

/** Values of `status.syncStatus`. */
export const SYNC_STATUS = { inProgress: 'InProgress', succeeded: 'Succeeded', failed: 'Failed' } as const;
export type SyncStatus = (typeof SYNC_STATUS)[keyof typeof SYNC_STATUS];

/** A SriovNetworkNodeState as on the wire; its name is the node's. */
export interface SriovNetworkNodeState extends KubeObject {
  spec?: NodeStateSpec;
  status?: NodeStateStatus;
}

const annotationPath = (name: string): string => `.metadata.annotations.${GROUP.replaceAll('.', '\\.')}/${name}`;

/** How the API server knows a SriovNetworkNodeState. */
export const SRIOV_NETWORK_NODE_STATE: CustomResource<SriovNetworkNodeState> = {
  group: GROUP,
  version: VERSION,
  kind: 'SriovNetworkNodeState',
  plural: 'sriovnetworknodestates',
  singular: 'sriovnetworknodestate',
  shortName: 'snns',
  namespaced: true,
  description:
    'Desired and observed state of the SR-IOV devices of one node. Do not edit it: the operator derives it from the policies.',
  spec: nodeStateSpecSchema,
  status: nodeStateStatusSchema,
  printerColumns: [
    { name: 'Sync Status', type: 'string', jsonPath: '.status.syncStatus' },
    { name: 'Desired Sync State', type: 'string', jsonPath: annotationPath('desired-state') },
    { name: 'Current Sync State', type: 'string', jsonPath: annotationPath('current-state') },
    { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' },
    { name: 'PFs', type: 'integer', jsonPath: '.status.pfCount' },
    { name: 'VFs', type: 'integer', jsonPath: '.status.vfCount' },
    reasonColumn,
    { name: 'Failed PF', type: 'string', jsonPath: '.status.failures[0].pciAddress' },
    { name: 'Failure', type: 'string', jsonPath: '.status.failures[0].message', priority: 1 },
  ],
  validations: [],
};

/** The link type of a PF: Ethernet, InfiniBand, or not known. */
export type LinkType = 'ETH' | 'IB' | '';
