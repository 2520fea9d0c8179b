import {
  CONDITION,
  isAsked,
  type OperatorConfigSpec,
  REASON,
  type Registration,
  type WebhookConfiguration,
} from '@sriov/api';
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

/** What there is of the webhook. */
export interface WebhookFacts {
  readonly deployment: OperandObject | undefined;
  /** Both kinds, with what is registered of each. */
  readonly registrations: readonly {
    readonly kind: Registration;
    readonly configuration: WebhookConfiguration | undefined;
  }[];
}

/**
 * The webhook that validates our resources. The chart deploys and registers it, and the webhook says what it is asked
 * about; we only look. It is available when it runs and the API server asks it.
 */
export function webhookStatus({ enableOperatorWebhook }: OperatorConfigSpec, facts: WebhookFacts): WebhookStatus {
  const { deployment, registrations } = facts;
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
  const asked = registrations.every(({ kind, configuration }) => isAsked(kind, configuration));
  const although =
    enableOperatorWebhook === false
      ? ', although spec.enableOperatorWebhook is false, because the chart deploys it'
      : '';
  const line = `${text}, and ${asked ? `the API server asks it${although}` : NOT_ASKED}`;
  if (available === 0)
    return { line, condition: { type, status: 'False', reason: REASON.webhookUnavailable, message: line } };
  return asked
    ? { line, condition: { type, status: 'True', reason: REASON.webhookAvailable, message: line } }
    : { line, condition: { type, status: 'False', reason: REASON.webhookNotAsked, message: line } };
}

const NOT_ASKED =
  'the API server does not ask it yet: until it has reached the webhook, only the rules of the CRDs hold, and nothing gets defaults from the webhook';

/** What the status says of the injector of resources. There is none: the wish is named, and nothing is claimed. */
export function injectorLine({ enableInjector }: OperatorConfigSpec): string {
  return enableInjector === true
    ? 'not deployed: this version has no injector, and pods ask for their resource themselves'
    : 'not deployed';
}

function numberOf(value: unknown, otherwise: number): number {
  return typeof value === 'number' ? value : otherwise;
}
