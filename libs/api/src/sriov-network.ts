import { z } from 'zod';
import { type CustomResource, type KubeObject } from './object.ts';
import { FIELD_BOUNDS } from './field-bounds.ts';
import { GROUP, VERSION } from './names.ts';
import { linkState, networkFields, networkStatusSchema, networkValidations, readyColumns } from './network-fields.ts';
import { zeroCounts } from './to-wire.ts';

/** Spec of a SriovNetwork: an Ethernet network whose pods get a VF through the `sriov` CNI plugin. */
export const sriovNetworkSpecSchema = z.object({
  ...networkFields,
  vlan: z.int().min(0).max(4094).optional().describe('VLAN id of the VF; 0 means none.'),
  vlanQoS: z.int().min(0).max(7).optional().describe('VLAN priority (802.1p).'),
  vlanProto: z.enum(['802.1q', '802.1Q', '802.1ad', '802.1AD']).optional().describe('VLAN protocol.'),
  spoofChk: z.enum(['on', 'off']).optional().describe('Drop frames with a foreign source MAC address.'),
  trust: z.enum(['on', 'off']).optional().describe('Allow the VF privileged settings such as promiscuous mode.'),
  linkState,
  minTxRate: zeroCounts(z.int().min(0))
    .optional()
    .describe('Minimum transmit rate in Mbit/s; 0 and absent have different meanings.'),
  maxTxRate: zeroCounts(z.int().min(0)).optional().describe('Maximum transmit rate in Mbit/s; 0 means no limit.'),
  logLevel: z
    .enum(['panic', 'error', 'warning', 'info', 'debug', ''])
    .default('info')
    .describe('Log level of the CNI plugin.'),
  logFile: z.string().max(FIELD_BOUNDS.path).optional().describe('Log file of the CNI plugin, on the node.'),
});

export type SriovNetworkSpec = z.infer<typeof sriovNetworkSpecSchema>;
export type NetworkStatus = z.infer<typeof networkStatusSchema>;

/** A SriovNetwork as on the wire. */
export interface SriovNetwork extends KubeObject {
  spec?: SriovNetworkSpec;
  status?: NetworkStatus;
}

/** How the API server knows a SriovNetwork. */
export const SRIOV_NETWORK: CustomResource<SriovNetwork> = {
  group: GROUP,
  version: VERSION,
  kind: 'SriovNetwork',
  plural: 'sriovnetworks',
  singular: 'sriovnetwork',
  shortName: 'srn',
  namespaced: true,
  description: 'An Ethernet network for pods. It becomes a NetworkAttachmentDefinition for the sriov CNI plugin.',
  spec: sriovNetworkSpecSchema,
  status: networkStatusSchema,
  printerColumns: readyColumns,
  validations: [
    ...networkValidations,
    {
      rule: '!has(self.vlanQoS) || self.vlanQoS == 0 || has(self.vlan) && self.vlan > 0',
      message: 'spec.vlanQoS needs spec.vlan: the CNI plugin refuses a priority without a VLAN',
    },
    {
      rule: "!has(self.vlanProto) || !(self.vlanProto in ['802.1ad', '802.1AD']) || has(self.vlan) && self.vlan > 0",
      message: 'spec.vlanProto 802.1ad needs spec.vlan: the CNI plugin refuses it without a VLAN',
    },
    {
      rule: '!has(self.minTxRate) || !has(self.maxTxRate) || self.maxTxRate == 0 || self.minTxRate <= self.maxTxRate',
      message: 'spec.minTxRate must not be more than spec.maxTxRate: the kernel refuses it',
    },
  ],
};
