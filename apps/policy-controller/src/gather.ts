import { DEVICE_PLUGIN_CONFIG_MAP, LABEL, matchesLabels, type SriovOperatorConfig } from '@sriov/api';
import { type Fleet, type NodeFacts, type NodePresent } from '@sriov/policy';
import { type Caches } from './caches.ts';
import { type FleetView } from './fleet-view.ts';

/** Everything that bears on one node. */
export interface GatheredNode {
  readonly fleet: Fleet;
  readonly facts: NodeFacts;
  readonly present: NodePresent;
  /** Absent: nothing is managed, and nothing is touched. */
  readonly operatorConfig: SriovOperatorConfig | undefined;
  /** The node exists and has the labels of managed nodes. */
  readonly isManaged: boolean;
}

/** Reads all that bears on the node from the caches. */
export function gather(caches: Caches, view: FleetView, about: { name: string; namespace: string }): GatheredNode {
  const { name, namespace } = about;
  const node = caches.nodes.store.get(name);
  const state = caches.nodeStates.store.get(`${namespace}/${name}`);
  const devicePluginConfig = caches.devicePluginConfig.store.get(`${namespace}/${DEVICE_PLUGIN_CONFIG_MAP}`)?.data?.[
    name
  ];
  const labels = node?.metadata.labels ?? {};
  const fleet = view.current;
  return {
    fleet,
    facts: { name, labels, state, devicePluginConfig },
    present: { state, devicePluginConfig, devicePluginLabel: labels[LABEL.devicePlugin], exists: node !== undefined },
    operatorConfig: view.operatorConfig,
    isManaged: node !== undefined && matchesLabels({ ...fleet.nodeSelector }, labels),
  };
}
