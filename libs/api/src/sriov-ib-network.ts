import { z } from 'zod';
import { type CustomResource, type KubeObject } from './object.ts';
import { FIELD_BOUNDS } from './field-bounds.ts';
import { GROUP, VERSION } from './names.ts';
import { linkState, networkFields, networkStatusSchema, networkValidations, readyColumns } from './network-fields.ts';
import { type NetworkStatus } from './sriov-network.ts';

/** Spec of a SriovIBNetwork: an InfiniBand network whose pods get a VF through the `ib-sriov` CNI plugin. */
export const sriovIBNetworkSpecSchema = z.object({
  ...networkFields,
  linkState,
  pKey: z
    .string()
    .max(FIELD_BOUNDS.name)
    .optional()
    .describe('InfiniBand partition key of the VF: 0x and 1 to 4 hexadecimal digits. Partition 0 is not allowed.'),
});

export type SriovIBNetworkSpec = z.infer<typeof sriovIBNetworkSpecSchema>;

/** A SriovIBNetwork as on the wire. */
export interface SriovIBNetwork extends KubeObject {
  spec?: SriovIBNetworkSpec;
  status?: NetworkStatus;
}

/** How the API server knows a SriovIBNetwork. */
export const SRIOV_IB_NETWORK: CustomResource<SriovIBNetwork> = {
  group: GROUP,
  version: VERSION,
  kind: 'SriovIBNetwork',
  plural: 'sriovibnetworks',
  singular: 'sriovibnetwork',
  shortName: 'sribn',
  namespaced: true,
  description: 'An InfiniBand network for pods. It becomes a NetworkAttachmentDefinition for the ib-sriov CNI plugin.',
  spec: sriovIBNetworkSpecSchema,
  status: networkStatusSchema,
  printerColumns: readyColumns,
  validations: [
    ...networkValidations,
    {
      rule: "!has(self.pKey) || self.pKey == '' || self.pKey.matches('^0[xX][0-9a-fA-F]{1,4}$') && !self.pKey.matches('^0[xX]([08]000|0{1,3})$')",
      message: 'spec.pKey must be hexadecimal with 0x and 1 to 4 digits, such as 0x8001, and must not name partition 0',
    },
  ],
};
