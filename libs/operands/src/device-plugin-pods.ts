import { LABEL, type OperatorConfigSpec } from '@sriov/api';
import { configShardNames } from '@sriov/device-plugin-config';
import { type JsonObject } from './json.ts';
import { emptyFolder, hostFolder, mount } from './pod-parts.ts';
import { type OperandSettings } from './settings.ts';

/*
 * What both device plugins have in common, and which of them runs on which node. Both need a node with the label
 * device-plugin=Enabled. Between them decides the label device-plugin-kind; a node without it, or with a value that is no
 * kind, has the default. One asks for the value and the other refuses it, so a node never has both, and never none.
 */

/** A device plugin. */
export type PluginKind = OperandSettings['devicePlugin']['kind'];

/** The nodes on which a device plugin runs. */
export const PLUGIN_NODES = { [LABEL.os]: 'linux', [LABEL.devicePlugin]: 'Enabled' };

/** The affinity of the pods of a kind. */
export function affinityOf(kind: PluginKind, { devicePlugin }: OperandSettings): JsonObject {
  const isDefault = kind === devicePlugin.kind;
  const exception = devicePlugin.kind === 'own' ? 'sriov-network-device-plugin' : 'own';
  const requirement = {
    key: LABEL.devicePluginKind,
    operator: isDefault ? 'NotIn' : 'In',
    values: [exception],
  };
  return {
    nodeAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [{ matchExpressions: [requirement] }] },
    },
  };
}

/** Whether devices are given to containers by the Container Device Interface. */
export function usesCdi({ useCDI }: OperatorConfigSpec, { devicePlugin }: OperandSettings): boolean {
  return useCDI ?? devicePlugin.useCdi;
}

/** Where the configuration of the node is: a file with the name of the node. */
export const CONFIG_FLAG = '--config-file=/etc/pcidp/$(NODE_NAME)';

/** The configuration: a file for each node. A node has its file in one of the ConfigMaps. */
function configVolume({ devicePluginConfigShards }: OperandSettings): JsonObject {
  const sources = configShardNames(devicePluginConfigShards).map((name) => ({ configMap: { name, optional: true } }));
  return { name: 'config', projected: { sources } };
}

/** Folders of the host that both use, each at the same path in the container. */
const FOLDERS = {
  devicePlugins: '/var/lib/kubelet/device-plugins',
  deviceInfo: '/var/run/k8s.cni.cncf.io/devinfo/dp',
  cdi: '/var/run/cdi',
} as const;

/** The mounts that both have. */
export function commonMounts(isWithCdi: boolean): JsonObject[] {
  return [
    mount('config', '/etc/pcidp', true),
    mount('device-plugins', FOLDERS.devicePlugins),
    mount('device-info', FOLDERS.deviceInfo),
    ...(isWithCdi ? [mount('cdi', FOLDERS.cdi)] : []),
  ];
}

/** The volumes of {@link commonMounts}. */
export function commonVolumes(settings: OperandSettings, isWithCdi: boolean): JsonObject[] {
  return [
    configVolume(settings),
    hostFolder('device-plugins', FOLDERS.devicePlugins, 'Directory'),
    hostFolder('device-info', FOLDERS.deviceInfo, 'DirectoryOrCreate'),
    ...(isWithCdi ? [hostFolder('cdi', FOLDERS.cdi, 'DirectoryOrCreate')] : []),
  ];
}

/** A folder for what a process writes down while it runs. */
export const TMP = { volume: emptyFolder('tmp'), mount: mount('tmp', '/tmp') };
