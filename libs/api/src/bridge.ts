import { z } from 'zod';
import { stringMap } from './object.ts';
import { zeroCounts } from './to-wire.ts';

/** Settings of an OVS bridge, columns of the Open vSwitch Bridge table. */
export const ovsBridgeConfigSchema = z
  .object({
    datapathType: z.string().optional().describe('Value of the OVS column datapath_type, such as netdev.'),
    externalIDs: stringMap.optional().describe('Value of the OVS column external_ids.'),
    otherConfig: stringMap.optional().describe('Value of the OVS column other_config.'),
    failMode: z.enum(['secure', 'standalone']).optional().describe('Value of the OVS column fail_mode.'),
  })
  .describe('Settings of the bridge.');

/** Settings of the PF as the bridge's uplink, columns of the Open vSwitch Interface table. */
export const ovsInterfaceConfigSchema = z
  .object({
    type: z.string().optional().describe('Value of the OVS column type, such as dpdk.'),
    options: stringMap.optional().describe('Value of the OVS column options.'),
    externalIDs: stringMap.optional().describe('Value of the OVS column external_ids.'),
    otherConfig: stringMap.optional().describe('Value of the OVS column other_config.'),
    mtuRequest: zeroCounts(z.int()).optional().describe('Value of the OVS column mtu_request, in bytes.'),
  })
  .describe('Settings of the uplink interface.');

/** A bridge of Open vSwitch, and its uplink. */
export const ovsBridgeSchema = z.object({
  name: z.string().describe('"br-" and the PCI address of the uplink, with "_" for ":".'),
  bridge: ovsBridgeConfigSchema.optional(),
  uplinks: z
    .array(
      z.object({
        pciAddress: z.string().describe('PCI address of the PF.'),
        name: z.string().optional().describe('Network interface name of the PF.'),
        interface: ovsInterfaceConfigSchema.optional(),
      }),
    )
    .optional()
    .describe('PFs that connect the bridge with the network.'),
});

/** The bridges of a node, in SriovNetworkNodeState spec and status. */
export const bridgesSchema = z
  .object({ ovs: z.array(ovsBridgeSchema).optional().describe('Open vSwitch bridges.') })
  .describe('Software bridges.');

export type Bridges = z.infer<typeof bridgesSchema>;

export type OvsBridge = z.infer<typeof ovsBridgeSchema>;

export type OvsInterfaceConfig = z.infer<typeof ovsInterfaceConfigSchema>;
