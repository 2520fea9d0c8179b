import { type KubeObject, type Resource } from '@sriov/api';

/** API group of the machine config operator of OpenShift. */
export const MACHINE_CONFIG_GROUP = 'machineconfiguration.openshift.io';

/** What we read of a MachineConfigPool: its pause, and the configurations that its nodes are to have and have. */
export interface MachineConfigPool extends KubeObject {
  spec?: { paused?: boolean; configuration?: { name?: string } };
  status?: { configuration?: { name?: string } };
}

const ofMachineConfigs = { group: MACHINE_CONFIG_GROUP, version: 'v1', namespaced: false } as const;

/** A MachineConfigPool: cluster-scoped. */
export const MACHINE_CONFIG_POOL: Resource<MachineConfigPool> = {
  ...ofMachineConfigs,
  kind: 'MachineConfigPool',
  plural: 'machineconfigpools',
};

/** A MachineConfig: cluster-scoped. Only its owner matters to us. */
export const MACHINE_CONFIG: Resource = { ...ofMachineConfigs, kind: 'MachineConfig', plural: 'machineconfigs' };

/** The Infrastructure `cluster` of OpenShift, and where its control plane runs. */
export interface Infrastructure extends KubeObject {
  status?: { controlPlaneTopology?: string };
}

/** An Infrastructure: cluster-scoped. */
export const INFRASTRUCTURE: Resource<Infrastructure> = {
  group: 'config.openshift.io',
  version: 'v1',
  namespaced: false,
  kind: 'Infrastructure',
  plural: 'infrastructures',
};

/** Annotations that the machine config operator writes on a Node: names of MachineConfigs. */
export const NODE_CONFIG = {
  /** The one that the node is to have. */
  desired: `${MACHINE_CONFIG_GROUP}/desiredConfig`,
  /** The one that it has. */
  current: `${MACHINE_CONFIG_GROUP}/currentConfig`,
} as const;
