import { CONDITION, REASON } from '@sriov/api';
import { type NewCondition } from '@sriov/conditions';
import { valueBytes } from '@sriov/device-plugin-config';
import { configMapCondition, describeProblems, nodesCondition } from '@sriov/policy-status';
import { type ConfigMapWriter } from '../config-map/config-map-writer.ts';
import { type StatusSources } from './nodes-of.ts';

/** Where the conditions of the SriovOperatorConfig are computed from. */
export interface OperatorConfigSources extends StatusSources {
  readonly configMaps: ConfigMapWriter;
}

/**
 * Whether the configuration of the device plugin is written and finds room, whether all else that nodes are to have
 * could be written, and whether the list of NICs can be read.
 */
export function decideConditions(sources: OperatorConfigSources): NewCondition[] {
  return [configurationCondition(sources), nodesCondition(sources.failing.writesOf('all')), nicListCondition(sources)];
}

function configurationCondition({ caches, settings, configMaps, failing, view }: OperatorConfigSources): NewCondition {
  const [unreadable] = view.current.problems.filter(({ kind }) => kind === 'SriovOperatorConfig');
  if (unreadable) {
    const { reason, message } = unreadable;
    return { type: CONDITION.devicePluginConfigWritten, status: 'False', reason, message };
  }
  const facts = [...caches.devicePluginConfigs].map(([name, { store }]) => ({
    name,
    bytes: valueBytes(store.get(`${settings.namespace}/${name}`)?.data ?? {}),
    refusedNodes: configMaps.refusedNodes(name),
  }));
  return configMapCondition(facts, failing.writesOf('config-maps'));
}

function nicListCondition({ view }: OperatorConfigSources): NewCondition {
  const type = CONDITION.nicListRead;
  const problems = view.current.problems.filter(({ kind }) => kind === 'ConfigMap');
  return problems.length === 0
    ? { type, status: 'True', reason: REASON.nicListRead, message: 'every entry of the list of NICs is read' }
    : { type, status: 'False', reason: REASON.nicListInvalid, message: describeProblems(problems) };
}
