import { DEFAULT_OPERATOR_NAMESPACE } from '@sriov/api';
import { serviceSettings } from '@sriov/runtime';
import { z } from 'zod';

/** Settings of the config daemon. */
export const settingsSchema = z.object({
  ...serviceSettings,
  nodeName: z.string().min(1).describe('Node that the daemon runs on; names the SriovNetworkNodeState that it owns'),
  namespace: z.string().min(1).default(DEFAULT_OPERATOR_NAMESPACE).describe('Namespace of the operator'),
  podName: z
    .string()
    .min(1)
    .optional()
    .describe('Pod that the daemon runs in, in that namespace: a kubelet that does not know it has just started'),
  hostRoot: z.string().default('/host').describe("Where the host's root file system is mounted; / outside a container"),
  stateFolder: z
    .string()
    .startsWith('/')
    .default('/etc/sriov-operator')
    .describe(
      'Folder on the host for what must survive a restart of the daemon; choose a writable one where /etc is read-only',
    ),
  auditSeconds: z
    .number()
    .min(1)
    .default(300)
    .describe('Longest time between two looks at the host; a change makes the daemon look at once'),
  passLimitSeconds: z
    .number()
    .min(1)
    .default(600)
    .describe('Time without the end of a pass over the host after which /healthz answers 503'),
  configureHostInterfaces: z
    .boolean()
    .default(false)
    .describe('Also change PFs that the host itself uses: default route, bond, bridge, VLAN, an address, a route'),
  drainPolicy: z
    .enum(['whenInUse', 'always'])
    .default('whenInUse')
    .describe(
      'Ask for a drain of the node before VFs change that somebody has, or, as upstream does, before any VFs change',
    ),
  useExternalDrainer: z
    .boolean()
    .default(false)
    .describe('Have another controller than the drain-controller drain the node'),
  devicePluginMetricsPort: z
    .int()
    .min(0)
    .max(65_534)
    .default(0)
    .describe(
      "Port at 127.0.0.1 of the metrics of the operator's device plugin, the next one being that of its standby; they are passed on at /metrics/device-plugin and /metrics/device-plugin-standby, unless it is 0",
    ),
  manageSoftwareBridges: z
    .boolean()
    .default(false)
    .describe('Make, change and remove the Open vSwitch bridges of policies; without it bridges are left alone'),
  changeFirmware: z
    .boolean()
    .default(true)
    .describe(
      'Write the number of VFs and the link type of policies into the firmware of Mellanox NICs, with a reboot of the node',
    ),
  iommu: z
    .enum(['passthrough', 'translated', 'none'])
    .default('passthrough')
    .describe(
      'Kernel arguments for an Intel machine whose IOMMU is off while a policy wants vfio-pci: intel_iommu=on and iommu=pt (passthrough), or intel_iommu=on and iommu.passthrough=0 (translated); with none they are left to somebody else',
    ),
  maxReboots: z
    .int()
    .min(0)
    .max(10)
    .default(2)
    .describe(
      'Most reboots for one reason that do not bring what they should; 0 forbids the daemon to reboot the node',
    ),
  configurationMode: z
    .enum(['daemon', 'systemd'])
    .optional()
    .describe(
      'systemd: units of the host also make the VFs at boot, before pods start; daemon: they are removed; without it they stay as they are',
    ),
  dryRun: z.boolean().default(false).describe('Print what the daemon would do to the host, do nothing, and exit'),
});

export type Settings = z.output<typeof settingsSchema>;
