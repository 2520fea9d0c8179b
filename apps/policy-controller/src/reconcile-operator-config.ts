import { type Condition, CONDITION, REASON, SRIOV_OPERATOR_CONFIG, SUPPORTED_NIC_CONFIG_MAP } from '@sriov/api';
import { transitionEvents } from '@sriov/conditions';
import { done, type Outcome } from '@sriov/controller';
import { CONFIG_MAP } from '@sriov/kube';
import { decideConditions, type OperatorConfigSources } from './status/operator-config-conditions.ts';
import { type StatusContext } from './status/reconcile-status.ts';
import { findStatusUpdate, writeStatus } from './status/write-status.ts';

/** What a reconcile of the SriovOperatorConfig works with. */
export interface OperatorConfigContext extends StatusContext, OperatorConfigSources {}

/**
 * Reports on the SriovOperatorConfig what concerns all nodes: whether the configuration of the device plugin fits into
 * its ConfigMaps and is written, whether everything else for the nodes is written, and whether the list of NICs can be
 * read. Whether its settings are in force says the operand controller. A list that cannot be read also gets an Event on its ConfigMap.
 */
export async function reconcileOperatorConfig(context: OperatorConfigContext): Promise<Outcome> {
  const outcome = done(REASON.configMapFits, 'the conditions are up to date');
  const config = context.view.operatorConfig;
  if (config === undefined || config.metadata.deletionTimestamp !== undefined) return outcome;
  const conditions = decideConditions(context);
  const update = findStatusUpdate(config, { conditions }, { now: context.now() });
  if (update === undefined) return outcome;
  await writeStatus(context, { resource: SRIOV_OPERATOR_CONFIG, object: config }, update);
  recordOnNicList(context, update.transitions);
  return outcome;
}

function recordOnNicList(context: OperatorConfigContext, transitions: readonly Condition[]): void {
  const { caches, settings, recorder } = context;
  const list = caches.supportedNics.store.get(`${settings.namespace}/${SUPPORTED_NIC_CONFIG_MAP}`);
  if (list === undefined) return;
  const ofList = transitions.filter(({ type }) => type === CONDITION.nicListRead);
  for (const event of transitionEvents(ofList, 'trouble')) recorder.record(CONFIG_MAP, list, event);
}
