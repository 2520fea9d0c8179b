import { CONDITION, DEVICE_PLUGIN_CONFIG_MAP, REASON } from '@sriov/api';
import { type NewCondition } from '@sriov/conditions';
import { CONFIG_MAP_LIMIT_BYTES, MAX_CONFIG_SHARDS } from '@sriov/device-plugin-config';
import { listNodes } from './node-readiness.ts';

/** A ConfigMap with device-plugin configuration. */
export interface ConfigMapFacts {
  readonly name: string;
  /** Bytes of its values. */
  readonly bytes: number;
  /** Names of the nodes for whose configuration there is no room. */
  readonly refusedNodes: readonly string[];
}

/** Nodes for which something cannot be written, and the answer of the API server. */
export interface FailedNodes {
  readonly nodes: readonly string[];
  readonly message: string;
}

/** Decides the condition that says whether everything for the nodes is written. */
export function nodesCondition(failed: FailedNodes | undefined): NewCondition {
  const type = CONDITION.nodesWritten;
  if (failed !== undefined) return notWritten(type, 'node state, label or configuration', failed);
  return { type, status: 'True', reason: REASON.nodesWritten, message: 'everything for the nodes is written' };
}

function notWritten(type: string, what: string, { nodes, message }: FailedNodes): NewCondition {
  const text = `cannot write ${what} of ${nodes.length} nodes: ${listNodes(nodes)}: ${message}`;
  return { type, status: 'False', reason: REASON.reconcileFailed, message: text };
}

/** A ConfigMap is nearly full above this part of its limit. */
const NEARLY_FULL = 0.8;

/** Decides the condition that says whether there is room for the device-plugin configuration of every node. */
export function configMapCondition(configMaps: readonly ConfigMapFacts[], failed?: FailedNodes): NewCondition {
  const type = CONDITION.devicePluginConfigWritten;
  if (failed !== undefined) return notWritten(type, 'the configuration', failed);
  const refused = configMaps.flatMap(({ refusedNodes }) => refusedNodes).sort();
  if (refused.length > 0) {
    const message = `no room for the configuration of ${refused.length} nodes: ${listNodes(refused)}; they stay as they are: ${CURE}`;
    return { type, status: 'False', reason: REASON.configMapFull, message };
  }
  const nearlyFull = configMaps.find(({ bytes }) => bytes > NEARLY_FULL * CONFIG_MAP_LIMIT_BYTES);
  if (nearlyFull === undefined) {
    return { type, status: 'True', reason: REASON.configMapFits, message: 'every node has its configuration' };
  }
  // In steps of 5 %, so that the condition is not written again with each node.
  const percent = Math.floor((nearlyFull.bytes / CONFIG_MAP_LIMIT_BYTES) * 20) * 5;
  const message = `the ConfigMap ${nearlyFull.name} is above ${percent} % of the 1 MiB that it can hold: ${CURE}`;
  return { type, status: 'True', reason: REASON.configMapNearlyFull, message };
}

const CURE = `set DEVICE_PLUGIN_CONFIG_SHARDS (2 to ${MAX_CONFIG_SHARDS}) on the operator to spread ${DEVICE_PLUGIN_CONFIG_MAP} over several ConfigMaps`;
