import { CONDITION, type OperatorConfigSpec, REASON } from '@sriov/api';
import { type NewCondition } from '@sriov/conditions';
import { counted } from '@sriov/words';
import { type OperandObject } from './kinds.ts';

/** What the status of the SriovOperatorConfig says of a webhook: a line for people, and a condition where there is one. */
export interface WebhookStatus {
  readonly line: string;
  readonly condition: NewCondition | undefined;
}

/** Name of the Deployment of the webhook, which the chart makes. */
export const WEBHOOK_DEPLOYMENT = 'admission-webhook';

/** The webhook that validates our resources. The chart deploys it and registers it; we only look. */
export function webhookStatus(
  { enableOperatorWebhook }: OperatorConfigSpec,
  deployment: OperandObject | undefined,
): WebhookStatus {
  const type = CONDITION.operatorWebhookAvailable;
  if (deployment === undefined) {
    const line = `there is no Deployment ${WEBHOOK_DEPLOYMENT}: the chart deploys it where operator.admissionControllers.enabled is true`;
    const isWanted = enableOperatorWebhook === true;
    const condition = { type, status: 'False', reason: REASON.webhookAbsent, message: line } as const;
    return isWanted ? { line, condition } : { line: 'not deployed', condition: undefined };
  }
  const replicas = numberOf(deployment.spec?.['replicas'], 1);
  const available = numberOf(deployment.status?.['availableReplicas'], 0);
  const text = `${available} of ${counted(replicas, 'replica')} of the Deployment ${WEBHOOK_DEPLOYMENT} available`;
  const line =
    enableOperatorWebhook === false
      ? `${text}; it runs although spec.enableOperatorWebhook is false, because the chart deploys it`
      : text;
  return available > 0
    ? { line, condition: { type, status: 'True', reason: REASON.webhookAvailable, message: line } }
    : { line, condition: { type, status: 'False', reason: REASON.webhookUnavailable, message: line } };
}

/** What the status says of the injector of resources. There is none: the wish is named, and nothing is claimed. */
export function injectorLine({ enableInjector }: OperatorConfigSpec): string {
  return enableInjector === true
    ? 'not deployed: this version has no injector, and pods ask for their resource themselves'
    : 'not deployed';
}

function numberOf(value: unknown, otherwise: number): number {
  return typeof value === 'number' ? value : otherwise;
}
