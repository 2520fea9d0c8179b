import { CONDITION, REASON, type Reason } from '@sriov/api';
import { type NewCondition } from '@sriov/conditions';
import { counted } from '@sriov/words';
import { type Json } from './json.ts';
import { type OperandObject } from './kinds.ts';
import { type Operand, type OperandName } from './operand.ts';
import { type OperandPlan } from './plan-operand.ts';

/** The type of the condition about an operand. */
export const CONDITION_OF: Readonly<Record<OperandName, string>> = {
  'config-daemon': CONDITION.configDaemonDeployed,
  'device-plugin': CONDITION.devicePluginDeployed,
  'sriov-network-device-plugin': CONDITION.originalDevicePluginDeployed,
  'metrics-exporter': CONDITION.metricsExporterDeployed,
  'cni-plugins': CONDITION.cniPluginsDeployed,
};

/** What is known of an operand after its last reconcile. */
export interface OperandReport {
  readonly operand: Operand;
  readonly plan: Pick<OperandPlan, 'foreign' | 'isWaiting'>;
  /** Why it keeps failing, if it does. */
  readonly failure: { readonly reason: Reason; readonly message: string } | undefined;
  /** As it is now; each operand has one. */
  readonly daemonSet: OperandObject | undefined;
}

/**
 * Decides the condition of an operand; nothing for one that is not wanted. Unknown while pods are being replaced: whether
 * the new ones work is not known yet.
 */
export function operandCondition(name: OperandName, report: OperandReport): NewCondition | undefined {
  const { operand, plan, failure } = report;
  const type = CONDITION_OF[name];
  if (failure) return { type, status: 'False', ...failure };
  if (operand.kind === 'off') return undefined;
  if (operand.kind === 'impossible') {
    return { type, status: 'False', reason: REASON.operandImpossible, message: operand.message };
  }
  if (plan.foreign.length > 0) {
    return { type, status: 'False', reason: REASON.operandForeign, message: plan.foreign.join('; ') };
  }
  const { message, ...rollout } = rolloutOf(plan.isWaiting ? undefined : report.daemonSet);
  return { type, ...rollout, message: [message, ...operand.remarks].join('; ') };
}

function rolloutOf(daemonSet: OperandObject | undefined): Omit<NewCondition, 'type'> {
  if (daemonSet === undefined) {
    return { status: 'Unknown', reason: REASON.operandRollingOut, message: 'its objects are being written' };
  }
  const { name, generation } = daemonSet.metadata;
  const count = (field: string): number => asNumber(daemonSet.status?.[field]);
  const nodes = count('desiredNumberScheduled');
  if (count('observedGeneration') !== generation) {
    const message = `the DaemonSet ${name} has changed, and Kubernetes has not looked at it yet`;
    return { status: 'Unknown', reason: REASON.operandRollingOut, message };
  }
  const updated = count('updatedNumberScheduled');
  if (updated < nodes) {
    const message = `the DaemonSet ${name} has renewed ${updated} of ${counted(nodes, 'pod')}`;
    return { status: 'Unknown', reason: REASON.operandRollingOut, message };
  }
  const available = count('numberAvailable');
  if (available < nodes) {
    const message = `${nodes - available} of ${counted(nodes, 'pod')} of the DaemonSet ${name} ${nodes - available === 1 ? 'is' : 'are'} not available`;
    return { status: 'False', reason: REASON.operandPodsUnavailable, message };
  }
  const message =
    nodes === 0
      ? `the DaemonSet ${name} is deployed, and no node has the labels that it asks for`
      : `the DaemonSet ${name} runs ${counted(nodes, 'pod')}, and all are available`;
  return { status: 'True', reason: REASON.operandDeployed, message };
}

function asNumber(value: Json | undefined): number {
  return typeof value === 'number' ? value : 0;
}
