import {
  type Condition,
  CONDITION,
  type OperatorConfigStatus,
  REASON,
  SRIOV_OPERATOR_CONFIG,
  type SriovOperatorConfig,
  WEBHOOK_CONFIGURATION,
} from '@sriov/api';
import { mergeConditions, type NewCondition, transitionEvents } from '@sriov/conditions';
import { done, type Outcome } from '@sriov/controller';
import { type EventRecorder, type KubeClient } from '@sriov/kube';
import {
  CONDITION_OF,
  daemonSetOf,
  INJECTOR_DAEMON_SET,
  injectorLine,
  operandCondition,
  OPERANDS,
  readyCondition,
  wantedOperand,
  WEBHOOK_DEPLOYMENT,
  type WebhookFacts,
  webhookStatus,
} from '@sriov/operands';
import { type Caches } from './caches.ts';
import { type Findings } from './findings.ts';
import { gatherInputs, type Inputs, operatorConfigOf } from './gather.ts';
import { planFrom } from './reconcile-operator-config.ts';

/** What a reconcile of the status works with. */
export interface StatusContext {
  readonly client: KubeClient;
  readonly recorder: EventRecorder;
  readonly caches: Caches;
  readonly namespace: string;
  readonly findings: Findings;
  readonly now: () => number;
}

/** The part of the status that is ours. */
interface Decided extends Pick<OperatorConfigStatus, 'injector' | 'operatorWebhook'> {
  readonly conditions: readonly NewCondition[];
}

/** All condition types that we write. One that is no longer decided is taken back. */
const OUR_TYPES: readonly string[] = [
  ...Object.values(CONDITION_OF),
  CONDITION.operatorWebhookAvailable,
  CONDITION.ready,
];

/** Reports on the SriovOperatorConfig whether it is in force, how each operand is, and what there is of webhooks. */
export async function reconcileStatus(context: StatusContext): Promise<Outcome> {
  const outcome = done(REASON.operandDeployed, 'the status is up to date');
  const config = operatorConfigOf(context.caches, context.namespace);
  const decided = config && decide(context);
  if (config === undefined || decided === undefined) return outcome;
  const present = config.status?.conditions ?? [];
  const { generation } = config.metadata;
  const merged = mergeConditions(present, decided.conditions, { generation, now: context.now() });
  if (isWritten(config, decided, merged.changed)) return outcome;
  const ours = merged.conditions.filter(({ type }) => decided.conditions.some((condition) => condition.type === type));
  await write(context, config, { ...decided, conditions: ours });
  for (const event of transitionEvents(merged.transitions, 'outcomes')) {
    context.recorder.record(SRIOV_OPERATOR_CONFIG, config, event);
  }
  return outcome;
}

/** Nothing while an operand has not been looked at since something changed: all of them are, at once. */
function decide({ caches, namespace, findings }: StatusContext): Decided | undefined {
  const gathered = gatherInputs(caches, namespace);
  switch (gathered.kind) {
    case 'none':
      return undefined;
    case 'unreadable':
      return { conditions: [unready(gathered), ...unreadable(caches, gathered)] };
    case 'read': {
      const conditions = operandConditions({ caches, findings }, gathered);
      if (conditions === undefined) return undefined;
      const { config } = gathered.inputs;
      const webhook = webhookStatus(config, webhookFacts(caches, namespace));
      const observed = [...conditions, ...(webhook.condition ? [webhook.condition] : [])];
      const plan = planFrom(caches, namespace);
      const failure =
        plan.kind === 'unreadable'
          ? { reason: REASON.operatorConfigInvalid, message: plan.message }
          : findings.configFailure;
      const facts = { spec: config, conditions: observed, failure, isForeign: plan.kind === 'foreign' };
      return {
        conditions: [readyCondition(facts), ...observed],
        injector: injectorLine(config, caches.daemonSets.store.get(`${namespace}/${INJECTOR_DAEMON_SET}`)),
        operatorWebhook: webhook.line,
      };
    }
  }
}

function webhookFacts({ deployments, registrations }: Caches, namespace: string): WebhookFacts {
  return {
    deployment: deployments.store.get(`${namespace}/${WEBHOOK_DEPLOYMENT}`),
    registrations: registrations.map(({ kind, informer }) => ({
      kind,
      configuration: informer.store.get(WEBHOOK_CONFIGURATION),
    })),
  };
}

function operandConditions(
  { caches, findings }: Pick<StatusContext, 'caches' | 'findings'>,
  { inputs, version }: Extract<Inputs, { kind: 'read' }>,
): NewCondition[] | undefined {
  const conditions: NewCondition[] = [];
  for (const name of OPERANDS) {
    const known = findings.of(name, version);
    if (known === undefined) return undefined;
    const condition = operandCondition(name, {
      operand: wantedOperand(inputs, name),
      plan: known.found,
      failure: known.failure,
      daemonSet: daemonSetOf(name, caches.daemonSets.store.list()),
    });
    if (condition) conditions.push(condition);
  }
  return conditions;
}

function unready({ reason, message }: { readonly reason: string; readonly message: string }): NewCondition {
  return { type: CONDITION.ready, status: 'False', reason, message };
}

/** Whatever there is of operands stays as it is, and those that always are wanted say why nothing happens. */
function unreadable(
  caches: Caches,
  { reason, message }: { readonly reason: string; readonly message: string },
): NewCondition[] {
  const daemonSets = caches.daemonSets.store.list();
  return OPERANDS.filter((name) => ALWAYS_WANTED.includes(name) || daemonSetOf(name, daemonSets) !== undefined).map(
    (name) => ({ type: CONDITION_OF[name], status: 'False', reason, message: `it stays as it is: ${message}` }),
  );
}

const ALWAYS_WANTED: readonly string[] = ['config-daemon', 'device-plugin'];

function isWritten(config: SriovOperatorConfig, decided: Decided, changed: readonly Condition[]): boolean {
  const { conditions = [], injector, operatorWebhook } = config.status ?? {};
  const isStale = ({ type }: Condition): boolean =>
    OUR_TYPES.includes(type) && !decided.conditions.some((condition) => condition.type === type);
  return (
    changed.length === 0 &&
    !conditions.some(isStale) &&
    injector === decided.injector &&
    operatorWebhook === decided.operatorWebhook
  );
}

async function write(
  { client }: StatusContext,
  { metadata }: SriovOperatorConfig,
  status: Decided & { readonly conditions: readonly Condition[] },
): Promise<void> {
  const { name, namespace } = metadata;
  const { conditions, injector, operatorWebhook } = status;
  const applied: SriovOperatorConfig = {
    metadata: { name, ...(namespace !== undefined && { namespace }) },
    status: {
      conditions: [...conditions],
      ...(injector !== undefined && { injector }),
      ...(operatorWebhook !== undefined && { operatorWebhook }),
    },
  };
  await client.apply(SRIOV_OPERATOR_CONFIG, applied, { subresource: 'status', metadataOnly: true });
}
