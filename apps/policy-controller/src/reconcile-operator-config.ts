import { CONDITION, REASON, SRIOV_OPERATOR_CONFIG, SUPPORTED_NIC_CONFIG_MAP } from '@sriov/api';
import { type NewCondition } from '@sriov/conditions';
import { done, type Outcome } from '@sriov/controller';
import { valueBytes } from '@sriov/device-plugin-config';
import { CONFIG_MAP } from '@sriov/kube';
import { configMapCondition, describeProblems, nodesCondition, operatorConfigCondition } from '@sriov/policy-status';
import { type ConfigMapWriter } from './config-map/config-map-writer.ts';
import { type StatusContext } from './status/reconcile-status.ts';
import { findStatusUpdate, writeStatus } from './status/write-status.ts';

/** What a reconcile of the SriovOperatorConfig works with. */
export interface OperatorConfigContext extends StatusContext {
  readonly configMaps: ConfigMapWriter;
}

/**
 * Reports on the SriovOperatorConfig what concerns all nodes: whether its settings are in force, whether the
 * configuration of the device plugin fits into its ConfigMaps and is written, whether everything else for the nodes is
 * written, and whether the list of NICs can be read. A list that cannot be read also gets an Event on its ConfigMap.
 */
export async function reconcileOperatorConfig(context: OperatorConfigContext): Promise<Outcome> {
  const outcome = done(REASON.configMapFits, 'the conditions are up to date');
  const config = context.view.operatorConfig;
  if (config === undefined || config.metadata.deletionTimestamp !== undefined) return outcome;
  const conditions = [
    operatorConfigCondition(config.spec ?? {}, context.view.current.problems),
    configurationCondition(context),
    nodesCondition(context.failing.writesOf('all')),
    nicListCondition(context),
  ];
  const update = findStatusUpdate(config, { conditions }, { now: context.now() });
  if (update === undefined) return outcome;
  await writeStatus(context, { resource: SRIOV_OPERATOR_CONFIG, object: config }, update);
  tellOnNicList(context, update.transitions);
  return outcome;
}

function configurationCondition({ caches, settings, configMaps, failing, view }: OperatorConfigContext): NewCondition {
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

function nicListCondition({ view }: OperatorConfigContext): NewCondition {
  const type = CONDITION.nicListRead;
  const problems = view.current.problems.filter(({ kind }) => kind === 'ConfigMap');
  return problems.length === 0
    ? { type, status: 'True', reason: REASON.nicListRead, message: 'every entry of the list of NICs is read' }
    : { type, status: 'False', reason: REASON.nicListInvalid, message: describeProblems(problems) };
}

function tellOnNicList({ caches, settings, recorder }: OperatorConfigContext, news: readonly NewCondition[]): void {
  const list = caches.supportedNics.store.get(`${settings.namespace}/${SUPPORTED_NIC_CONFIG_MAP}`);
  for (const { type, status, reason, message } of news) {
    if (list === undefined || type !== CONDITION.nicListRead || status !== 'False') continue;
    recorder.record(CONFIG_MAP, list, { type: 'Warning', reason, message });
  }
}
