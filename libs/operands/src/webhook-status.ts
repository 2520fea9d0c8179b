import {
  CONDITION,
  isAsked,
  isWebhookWanted,
  type OperatorConfigSpec,
  REASON,
  type Reason,
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
 * about; we only look. It is available when it runs and the API server asks it, and not missed where an administrator
 * has said that the API server is not to ask.
 */
export function webhookStatus(spec: OperatorConfigSpec, { deployment, registrations }: WebhookFacts): WebhookStatus {
  if (deployment === undefined) return withoutDeployment(spec);
  const asked = registrations.filter(({ kind, configuration }) => isAsked(kind, configuration)).length;
  const isWanted = isWebhookWanted({ spec });
  const replicas = numberOf(deployment.spec?.['replicas'], 1);
  const available = numberOf(deployment.status?.['availableReplicas'], 0);
  const text = `${available} of ${counted(replicas, 'replica')} of the Deployment ${WEBHOOK_DEPLOYMENT} available`;
  if (!isWanted && asked === 0) return { line: `${text}, and ${SWITCHED_OFF}`, condition: undefined };
  const isComplete = asked === registrations.length;
  const line = `${text}, and ${isWanted ? (isComplete ? ASKED : NOT_ASKED) : AGAINST_THE_WISH}`;
  const reason = reasonFor({ available, isMissed: isWanted && !isComplete });
  const status = reason === REASON.webhookAvailable ? 'True' : 'False';
  return { line, condition: { type: CONDITION.operatorWebhookAvailable, status, reason, message: line } };
}

function reasonFor({ available, isMissed }: { readonly available: number; readonly isMissed: boolean }): Reason {
  if (available === 0) return REASON.webhookUnavailable;
  return isMissed ? REASON.webhookNotAsked : REASON.webhookAvailable;
}

function withoutDeployment({ enableOperatorWebhook }: OperatorConfigSpec): WebhookStatus {
  if (enableOperatorWebhook !== true) return { line: 'not deployed', condition: undefined };
  const line = `there is no Deployment ${WEBHOOK_DEPLOYMENT}: the chart deploys it where operator.admissionControllers.enabled is true and admissionWebhook.url is empty`;
  const type = CONDITION.operatorWebhookAvailable;
  return { line, condition: { type, status: 'False', reason: REASON.webhookAbsent, message: line } };
}

const ASKED = 'the API server asks it';
const NOT_ASKED =
  'the API server does not ask it yet: until it has reached the webhook, only the rules of the CRDs hold, and nothing gets defaults from the webhook';
const SWITCHED_OFF = 'the API server does not ask it: spec.enableOperatorWebhook is false';
const AGAINST_THE_WISH =
  'the API server asks it, although spec.enableOperatorWebhook is false: only a webhook that runs and makes its own certificate can end that, otherwise operator.admissionControllers.enabled of the chart';

/** Name of the DaemonSet of upstream's injector, which a move from upstream's operator leaves behind. */
export const INJECTOR_DAEMON_SET = 'network-resources-injector';

/**
 * What the status says of the injector of resources. This version has none: the wish is named, and nothing is claimed.
 * One that another operator has left is not called absent.
 */
export function injectorLine({ enableInjector }: OperatorConfigSpec, left: OperandObject | undefined): string {
  if (left !== undefined) {
    return `the DaemonSet ${INJECTOR_DAEMON_SET} is there, and this operator does not manage it: somebody else has made it`;
  }
  return enableInjector === true
    ? 'not deployed: this version has no injector, and pods ask for their resource themselves'
    : 'not deployed';
}

function numberOf(value: unknown, otherwise: number): number {
  return typeof value === 'number' ? value : otherwise;
}
