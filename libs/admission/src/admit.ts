import {
  IGNORED_POLICY_NAME,
  type NodePolicySpec,
  OVS_NETWORK,
  readSpec,
  SRIOV_IB_NETWORK,
  SRIOV_NETWORK,
  SRIOV_NETWORK_NODE_POLICY,
  SRIOV_NETWORK_POOL_CONFIG,
  SRIOV_OPERATOR_CONFIG,
} from '@sriov/api';
import { readSelector, readSupportedNics } from '@sriov/selection';
import { type z } from 'zod';
import { leavesSpec, setDefaults, withDefaults } from './defaults.ts';
import { limitWarnings } from './limit-warnings.ts';
import { findNameFault, findNamespaceFault } from './name-faults.ts';
import { NETWORK_RULES, type NetworkFacts } from './network-rules.ts';
import { NETWORK_WARNINGS, type NetworkWords } from './network-warnings.ts';
import { findNicViolation } from './nic-rules.ts';
import { OPERATOR_CONFIG_RULES, OPERATOR_CONFIG_WARNINGS } from './operator-config-rules.ts';
import { findPairViolation } from './pair-rules.ts';
import { namespaceOf, placePolicy } from './placement.ts';
import { POLICY_RULES } from './policy-rules.ts';
import { POLICY_WARNINGS } from './policy-warnings.ts';
import { POOL_RULES, POOL_WARNINGS } from './pool-rules.ts';
import { removalWarnings } from './removal-warnings.ts';
import { pauseWarnings } from './pause-warnings.ts';
import { type AdmissionRequest, type AdmissionVerdict } from './request.ts';
import { allViolations, type Rule } from './rule.ts';

/** What the rules of a kind say of an object. */
type Judgement = Pick<AdmissionVerdict, 'message' | 'warnings'>;

/** How each kind is judged. Other kinds are let in. */
const JUDGES: ReadonlyMap<string, (request: AdmissionRequest) => Judgement> = new Map([
  [SRIOV_NETWORK_NODE_POLICY.kind, judge(SRIOV_NETWORK_NODE_POLICY.spec, judgePolicy)],
  [
    SRIOV_OPERATOR_CONFIG.kind,
    judge(SRIOV_OPERATOR_CONFIG.spec, chains(OPERATOR_CONFIG_RULES, OPERATOR_CONFIG_WARNINGS)),
  ],
  [SRIOV_NETWORK_POOL_CONFIG.kind, judge(SRIOV_NETWORK_POOL_CONFIG.spec, chains(POOL_RULES, POOL_WARNINGS))],
  [SRIOV_NETWORK.kind, judge(SRIOV_NETWORK.spec, chains<NetworkFacts & NetworkWords>(NETWORK_RULES, NETWORK_WARNINGS))],
  [
    SRIOV_IB_NETWORK.kind,
    judge(SRIOV_IB_NETWORK.spec, chains<NetworkFacts & NetworkWords>(NETWORK_RULES, NETWORK_WARNINGS)),
  ],
  [OVS_NETWORK.kind, judge(OVS_NETWORK.spec, chains<NetworkFacts & NetworkWords>(NETWORK_RULES, NETWORK_WARNINGS))],
]);

/**
 * Judges a write: which defaults it gets, whether it is let in, and what its author should know. The same object in the
 * same cluster gets the same verdict, whatever the order of the lists. It never throws, whatever is wrong with the
 * object.
 */
export function admit(request: AdmissionRequest): AdmissionVerdict {
  const patch = setDefaults(request);
  const object = withDefaults(request.object, patch);
  const judgeKind = JUDGES.get(object.kind ?? '');
  const { message, warnings } =
    judgeKind === undefined || isExempt({ ...request, object })
      ? NOTHING
      : (judgeNames(request) ?? judgeKind({ ...request, object }));
  return { allowed: message === '', message, warnings: [...warnings, ...pauseWarnings(request)], patch };
}

const NOTHING: Judgement = { message: '', warnings: [] };

/**
 * `validate` needs the names to be judged. The API server asks the webhook only when names are right or not given yet.
 */
function judgeNames({ operation, object }: AdmissionRequest): Judgement | undefined {
  const { name, namespace } = object.metadata;
  if (operation !== 'CREATE' || !name) return undefined;
  const fault = findNameFault(object) ?? (namespace ? findNamespaceFault('metadata.namespace', namespace) : undefined);
  return fault === undefined ? undefined : { message: fault, warnings: [] };
}

/** An object that is stored must be removable, and its labels, annotations and finalizers changeable. */
function isExempt(request: AdmissionRequest): boolean {
  const { operation, object, settings } = request;
  const { kind, metadata } = object;
  if (operation === 'DELETE' || metadata.deletionTimestamp !== undefined || leavesSpec(request)) return true;
  return (
    kind === SRIOV_NETWORK_NODE_POLICY.kind &&
    metadata.name === IGNORED_POLICY_NAME &&
    namespaceOf(object, settings) === settings.operatorNamespace
  );
}

type JudgeSpec<Spec> = (request: AdmissionRequest & { readonly spec: Spec }) => Judgement;

/** A judge of a kind whose spec has this schema. An object that does not fit the schema is refused before any rule. */
function judge<Spec>(schema: z.ZodObject, judgeSpec: JudgeSpec<Spec>): (request: AdmissionRequest) => Judgement {
  return (request) => {
    const spec = readSpec(schema, (request.object as { spec?: unknown }).spec);
    return spec.ok ? judgeSpec({ ...request, spec: spec.value as Spec }) : { message: spec.message, warnings: [] };
  };
}

function chains<Facts>(rules: readonly Rule<Facts>[], warnings: readonly Rule<Facts>[]): (facts: Facts) => Judgement {
  return (facts) => ({ message: listOf(allViolations(rules, facts)), warnings: allViolations(warnings, facts) });
}

/** Everything that is wrong, so that it can be corrected at once. Equal sentences are told once. */
function listOf(violations: readonly string[]): string {
  return [...new Set(violations)].join('; ');
}

function judgePolicy(request: AdmissionRequest & { readonly spec: NodePolicySpec }): Judgement {
  const { object, spec, cluster, settings } = request;
  const { nics } = readSupportedNics(cluster.supportedNics);
  const fields = { spec, nics, settings };
  const namespace = namespaceOf(object, settings);
  const selector = readSelector(spec.nicSelector);
  const violations = allViolations(POLICY_RULES, fields);
  if (violations.length > 0) return { message: listOf(violations), warnings: [] };
  if (!selector.ok) return { message: selector.message, warnings: [] };
  const policy = {
    kind: 'readable' as const,
    name: object.metadata.name,
    priority: spec.priority ?? 0,
    spec,
    selector: selector.value,
  };
  const placement = placePolicy({ namespace, policy, nics, cluster, settings });
  const message = findNicViolation(placement) ?? findPairViolation(placement) ?? '';
  const removals = message === '' ? removalWarnings(request) : [];
  return {
    message,
    warnings: [
      ...allViolations(POLICY_WARNINGS, { ...fields, namespace, placement, removes: removals.length > 0 }),
      ...removals,
      ...limitWarnings(placement),
    ],
  };
}
