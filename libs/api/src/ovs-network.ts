import { z } from 'zod';
import { type CustomResource, type KubeObject } from './object.ts';
import { FIELD_BOUNDS } from './field-bounds.ts';
import { GROUP, VERSION } from './names.ts';
import { networkFields, networkStatusSchema, networkValidations, readyColumns } from './network-fields.ts';
import { type NetworkStatus } from './sriov-network.ts';

const vlanId = z.int().min(0).max(4095).optional();

/** Spec of an OVSNetwork: a network whose pods get a VF, its representor plugged into an OVS bridge. */
export const ovsNetworkSpecSchema = z.object({
  ...networkFields,
  bridge: z
    .string()
    .max(FIELD_BOUNDS.name)
    .optional()
    .describe(
      'Name of the OVS bridge. When it is empty, the CNI plugin finds the bridge by the PCI address of the VF.',
    ),
  vlan: vlanId.describe('Access VLAN of the port.'),
  mtu: z.int().optional().describe('MTU of the port, in bytes.'),
  trunk: z
    .array(
      z.object({
        minID: vlanId.describe('First VLAN id of a range.'),
        maxID: vlanId.describe('Last VLAN id of a range, inclusive.'),
        id: vlanId.describe('A single VLAN id.'),
      }),
    )
    .max(FIELD_BOUNDS.vlans)
    .optional()
    .describe('VLANs that the port carries tagged.'),
  interfaceType: z.string().max(FIELD_BOUNDS.name).optional().describe('OVS interface type.'),
});

export type OVSNetworkSpec = z.infer<typeof ovsNetworkSpecSchema>;

/** An OVSNetwork as on the wire. */
export interface OVSNetwork extends KubeObject {
  spec?: OVSNetworkSpec;
  status?: NetworkStatus;
}

/** How the API server knows a OVSNetwork. */
export const OVS_NETWORK: CustomResource<OVSNetwork> = {
  group: GROUP,
  version: VERSION,
  kind: 'OVSNetwork',
  plural: 'ovsnetworks',
  singular: 'ovsnetwork',
  shortName: 'ovsn',
  namespaced: true,
  description: 'An Open vSwitch network for pods. It becomes a NetworkAttachmentDefinition for the ovs CNI plugin.',
  spec: ovsNetworkSpecSchema,
  status: networkStatusSchema,
  printerColumns: readyColumns,
  validations: [
    ...networkValidations,
    {
      rule: '!has(self.trunk) || self.trunk.all(t, !has(t.maxID) || !has(t.minID) || t.minID <= t.maxID)',
      message: 'spec.trunk: minID must not be more than maxID',
    },
    {
      rule: '!has(self.trunk) || size(self.trunk) == 0 || self.trunk.exists(t, has(t.id) || has(t.minID) && has(t.maxID) && t.minID > 0 && t.maxID > 0)',
      message: 'spec.trunk must name a VLAN: give id, or both minID and maxID from 1 on',
    },
    { rule: '!has(self.mtu) || self.mtu >= 0', message: 'spec.mtu must be 1 or more' },
  ],
};
