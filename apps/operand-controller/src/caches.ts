import {
  DEFAULT_OPERATOR_CONFIG_NAME,
  OPERAND_SETTINGS_CONFIG_MAP,
  OPERATOR_CONFIG_CONFIG_MAP,
  REGISTRATIONS,
  type Registration,
  SRIOV_OPERATOR_CONFIG,
  type SriovOperatorConfig,
  WEBHOOK_CONFIGURATION,
  type WebhookConfiguration,
} from '@sriov/api';
import { type AnyInformer, CONFIG_MAP, type ConfigMap, Informer, type InformerContext } from '@sriov/kube';
import { DAEMON_SET, DEPLOYMENT, type OperandObject, SERVICE, WEBHOOK_DEPLOYMENT } from '@sriov/operands';

/** What the operand controller reads. Watches over the operator's namespace keep it up to date. */
export interface Caches {
  readonly operatorConfigs: Informer<SriovOperatorConfig>;
  readonly settings: Informer<ConfigMap>;
  /** The ConfigMap in which the chart asks for the SriovOperatorConfig. */
  readonly operatorConfigWish: Informer<ConfigMap>;
  /** All of the namespace: one of somebody else may have the name of ours. */
  readonly daemonSets: Informer<OperandObject>;
  readonly services: Informer<OperandObject>;
  /** The webhook's alone. */
  readonly deployments: Informer<OperandObject>;
  /** Of the webhook, both kinds. */
  readonly registrations: readonly RegistrationCache[];
}

/** What is registered of a kind of registration. */
interface RegistrationCache {
  readonly kind: Registration;
  readonly informer: Informer<WebhookConfiguration>;
}

/** Makes the caches; they fill once they run. */
export function createCaches(context: InformerContext, namespace: string): Caches {
  const named = (name: string): { namespace: string; fieldSelector: string } => ({
    namespace,
    fieldSelector: `metadata.name=${name}`,
  });
  return {
    operatorConfigs: new Informer(context, SRIOV_OPERATOR_CONFIG, named(DEFAULT_OPERATOR_CONFIG_NAME)),
    settings: new Informer(context, CONFIG_MAP, named(OPERAND_SETTINGS_CONFIG_MAP)),
    operatorConfigWish: new Informer(context, CONFIG_MAP, named(OPERATOR_CONFIG_CONFIG_MAP)),
    daemonSets: new Informer(context, DAEMON_SET, { namespace }),
    services: new Informer(context, SERVICE, { namespace }),
    deployments: new Informer(context, DEPLOYMENT, named(WEBHOOK_DEPLOYMENT)),
    registrations: REGISTRATIONS.map((kind) => ({
      kind,
      informer: new Informer(context, kind, { fieldSelector: `metadata.name=${WEBHOOK_CONFIGURATION}` }),
    })),
  };
}

/** All of them, for running and waiting. */
export function allInformers(caches: Caches): AnyInformer[] {
  const { registrations, ...others } = caches;
  return [...(Object.values(others) as AnyInformer[]), ...registrations.map(({ informer }) => informer)];
}
