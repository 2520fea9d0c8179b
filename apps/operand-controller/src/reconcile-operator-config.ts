import {
  DEFAULT_OPERATOR_CONFIG_NAME,
  omitUndefined,
  OPERATOR_CONFIG_CONFIG_MAP,
  type OwnerReference,
  REASON,
  SRIOV_OPERATOR_CONFIG,
  type SriovOperatorConfig,
} from '@sriov/api';
import { done, type Outcome, stalled } from '@sriov/controller';
import { type KubeClient } from '@sriov/kube';
import { type OperatorConfigPlan, planOperatorConfig } from '@sriov/operands';
import { configHash, type Logger } from '@sriov/runtime';
import { type Caches } from './caches.ts';

/** What a reconcile of the SriovOperatorConfig works with. */
export interface OperatorConfigContext {
  readonly client: KubeClient;
  readonly caches: Caches;
  readonly namespace: string;
  readonly log: Logger;
}

/** Makes the SriovOperatorConfig that the chart asks for, and changes it with the values of the chart. */
export async function reconcileOperatorConfig(context: OperatorConfigContext): Promise<Outcome> {
  const { client, caches, namespace, log } = context;
  const plan = planFrom(caches, namespace);
  switch (plan.kind) {
    case 'unreadable':
      return stalled(REASON.operatorConfigInvalid, plan.message);
    case 'apply':
      await client.apply(SRIOV_OPERATOR_CONFIG, plan.object);
      log.info({ name: DEFAULT_OPERATOR_CONFIG_NAME }, 'SriovOperatorConfig written as the chart asks for it');
      return done(REASON.operatorConfigApplied, 'written');
    case 'disown':
      await disown(context, plan.ownerReferences);
      return done(REASON.operatorConfigApplied, 'no longer owned by the ConfigMap');
    case 'foreign':
    case 'going':
    case 'holds':
      return done(REASON.operatorConfigApplied, `nothing to write: ${plan.kind}`);
  }
}

/** Only in the version that was looked at: owners are replaced as a whole. */
async function disown(
  { client, caches, namespace, log }: OperatorConfigContext,
  ownerReferences: readonly OwnerReference[],
): Promise<void> {
  const ref = { name: DEFAULT_OPERATOR_CONFIG_NAME, namespace };
  const { resourceVersion } = presentIn(caches, namespace)?.metadata ?? {};
  const metadata = { ownerReferences, ...omitUndefined({ resourceVersion }) };
  await client.mergePatch(SRIOV_OPERATOR_CONFIG, ref, { patch: { metadata }, metadataOnly: true });
  log.info({ name: DEFAULT_OPERATOR_CONFIG_NAME }, 'SriovOperatorConfig parted from the ConfigMap of the chart');
}

/** What the values of the chart for the SriovOperatorConfig come to, as far as the object and the values themselves tell. */
export function planFrom(caches: Caches, namespace: string): OperatorConfigPlan {
  return planOperatorConfig({
    wish: caches.operatorConfigWish.store.get(`${namespace}/${OPERATOR_CONFIG_CONFIG_MAP}`),
    present: presentIn(caches, namespace),
    hashOf: configHash,
  });
}

function presentIn(caches: Caches, namespace: string): SriovOperatorConfig | undefined {
  return caches.operatorConfigs.store.get(`${namespace}/${DEFAULT_OPERATOR_CONFIG_NAME}`);
}
