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

/** What a PF shall be. */
export const desiredInterfaceSchema = z.object({
  pciAddress,
  numVfs: z.int().optional().describe('Number of VFs.'),
  mtu: z.int().optional().describe('Least MTU of the PF, in bytes.'),
  name: z.string().optional().describe('Network interface name of the PF when the policy was applied to the node.'),
  linkType: z.string().optional().describe('eth or ib, any case.'),
  eSwitchMode: z.string().optional().describe('legacy or switchdev; absent is legacy.'),
  externallyManaged: z.boolean().optional().describe('The VFs are created by someone else.'),
  vfGroups: z.array(vfGroupSchema).optional().describe('How the VFs shall be, by range.'),
});

const systemSchema = z
  .object({
    rdmaMode: z.enum(['shared', 'exclusive']).optional().describe('RDMA network-namespace mode.'),
  })
  .describe('Settings of the node as a whole.');

/** Spec of a SriovNetworkNodeState, written by the policy controller. */
export const nodeStateSpecSchema = z.object({
  interfaces: z.array(desiredInterfaceSchema).optional().describe('PFs to configure; others are left or reset.'),
  bridges: bridgesSchema.optional(),
  system: systemSchema.optional(),
});

/** A VF as the node sees it. `Vlan` and `vfID` are spelled as upstream spells them. */
export const virtualFunctionSchema = z.object({
  name: z.string().optional().describe('Network interface name; absent while a pod holds it or vfio-pci is bound.'),
  mac: z.string().optional().describe('MAC address.'),
  assigned: z.string().optional().describe('Whether the VF is in use, where that is told.'),
  driver: z.string().optional().describe('Bound driver; absent when none is.'),
  pciAddress,
  vendor: z.string().optional().describe('PCI vendor id, four hex digits.'),
  deviceID: z.string().optional().describe('PCI device id, four hex digits.'),
  Vlan: z.int().optional().describe('VLAN that the PF gives to the VF; 0 or absent is none.'),
  mtu: z.int().optional().describe('MTU, in bytes.'),
  vfID: z.int().describe('Index of the VF on its PF, from 0.'),
  vdpaType: z.string().optional().describe('Kind of the vDPA device on the VF: virtio or vhost.'),
  representorName: z.string().optional().describe('Interface that represents the VF on the switch of the PF.'),
  guid: z.string().optional().describe('InfiniBand node GUID.'),
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
  numVfs: z.int().optional().describe('Number of VFs that are there.'),
  linkSpeed: z.string().optional().describe('Such as "25000 Mb/s".'),
  linkType: z.string().optional().describe('ETH or IB.'),
  linkAdminState: z.string().optional().describe('up or down: the administrative state, not the carrier.'),
  eSwitchMode: z.string().optional().describe('legacy or switchdev; unknown where it could not be read.'),
  externallyManaged: z.boolean().optional().describe('The VFs were created by someone else.'),
  totalvfs: z.int().optional().describe('Most VFs that the PF can have now.'),
  Vfs: z.array(virtualFunctionSchema).optional().describe('The VFs that are there.'),
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
    .describe('PCI address of the PF, observed or not; absent when the node as a whole is concerned.'),
  name: z.string().optional().describe('Network interface name of the PF, where it is known.'),
  step: z.string().optional().describe('Step that failed, such as set-num-vfs; absent when nothing was tried.'),
  reason: z.string().describe('A constant for programs, as in the conditions.'),
  errno: z.string().optional().describe('Error code of the kernel, such as EBUSY; absent when it gave none.'),
  message: z.string().describe('A sentence for people: PF, step, cause, and the cure where one is known.'),
  since: z.iso.datetime().describe('When it was first seen with this PF, step and reason.'),
});

/** Status of a SriovNetworkNodeState, written by the config daemon of the node. */
export const nodeStateStatusSchema = z.object({
  // Only the daemon writes it, and checks it: the API server would spend most of a write of a node state on it.
  interfaces: z
    .array(observedInterfaceSchema.meta({ ...preserved, description: 'A PF as the node sees it.' }))
    .optional()
    .describe('The PFs of the node.'),
  pfCount: zeroCounts(z.int()).optional().describe('Number of PFs that can have VFs.'),
  vfCount: zeroCounts(z.int()).optional().describe('Number of VFs that are there.'),
  bridges: bridgesSchema.optional(),
  system: systemSchema.optional(),
  syncStatus: z.string().optional().describe('InProgress, Succeeded or Failed.'),
  lastSyncError: z.string().optional().describe('PF, step and cause of the last failure; absent when there is none.'),
  failures: z
    .array(nodeFailureSchema)
    .optional()
    .describe('What could not be done, by PF: policies about other PFs of the node are not affected.'),
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
    'Desired and observed state of the SR-IOV devices of one node. Not for editing: it follows the policies.',
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
