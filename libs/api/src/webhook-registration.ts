import { CUSTOM_RESOURCES } from './kinds.ts';
import { GROUP, VERSION } from './names.ts';
import { SRIOV_NETWORK_NODE_POLICY } from './node-policy.ts';
import { SRIOV_NETWORK_NODE_STATE } from './node-state.ts';
import { type KubeObject, type Resource } from './object.ts';

/** What of our kinds the API server asks a webhook about: a rule of a registration. */
export interface AdmissionRule {
  readonly apiGroups: readonly string[];
  readonly apiVersions: readonly string[];
  readonly operations: readonly string[];
  readonly resources: readonly string[];
  /** The API server writes `*` where it is absent. */
  readonly scope?: string;
}

/** The fields of a Mutating- or ValidatingWebhookConfiguration that we read. */
export interface WebhookConfiguration extends KubeObject {
  webhooks?: WebhookEntry[];
}

/** Where the API server asks, and about what; everything else of an entry passes through as it is. */
export interface WebhookEntry {
  readonly name: string;
  readonly clientConfig: {
    readonly url?: string;
    readonly service?: { readonly name: string; readonly namespace: string; readonly path?: string };
    /** Base64 of PEM. */
    readonly caBundle?: string;
  };
  /** The API server never asks an entry without rules. */
  readonly rules?: readonly AdmissionRule[];
}

/** A kind of registration, and what our entry in it is to be asked about. */
export interface Registration extends Resource<WebhookConfiguration> {
  readonly wanted: AdmissionRule;
}

const registration = { group: 'admissionregistration.k8s.io', version: 'v1', namespaced: false } as const;

/**
 * The two kinds of registration. This is the one place that says what the webhook is asked about: the webhook sets these
 * rules, the chart has them from here where it registers the webhook itself, and the status compares with them.
 */
export const REGISTRATIONS: readonly Registration[] = [
  {
    ...registration,
    kind: 'MutatingWebhookConfiguration',
    plural: 'mutatingwebhookconfigurations',
    wanted: ruleAbout([SRIOV_NETWORK_NODE_POLICY]),
  },
  {
    ...registration,
    kind: 'ValidatingWebhookConfiguration',
    plural: 'validatingwebhookconfigurations',
    // The operator alone writes node states.
    wanted: ruleAbout(CUSTOM_RESOURCES.filter(({ kind }) => kind !== SRIOV_NETWORK_NODE_STATE.kind)),
  },
];

/** Name of our entry in both registrations, which refusals quote. */
export const WEBHOOK_ENTRY = `operator-webhook.${GROUP}`;

/** Deletions are not among the operations: the webhook never refuses one. */
function ruleAbout(kinds: readonly Resource[]): AdmissionRule {
  return {
    apiGroups: [GROUP],
    apiVersions: [VERSION],
    operations: ['CREATE', 'UPDATE'],
    resources: kinds.map(({ plural }) => plural).sort(),
  };
}

/** True when the API server asks about all that the rule names. */
export function hasRule(rules: readonly AdmissionRule[] | undefined, wanted: AdmissionRule): boolean {
  return (rules ?? []).some((rule) => covers(rule, wanted));
}

/** The rules with the wanted one. None of them is taken away, unless the wanted one says all that it says. */
export function withRule(rules: readonly AdmissionRule[] | undefined, wanted: AdmissionRule): AdmissionRule[] {
  return [...withoutRule(rules, wanted), wanted];
}

/** The rules without those that say nothing but what the wanted one says. */
export function withoutRule(rules: readonly AdmissionRule[] | undefined, wanted: AdmissionRule): AdmissionRule[] {
  return (rules ?? []).filter((rule) => !covers(wanted, rule));
}

function covers(wide: AdmissionRule, narrow: AdmissionRule): boolean {
  const { scope = ANY } = wide;
  return (
    (scope === ANY || scope === (narrow.scope ?? ANY)) &&
    LISTS.every((list) => wide[list].includes(ANY) || narrow[list].every((value) => wide[list].includes(value)))
  );
}

const ANY = '*';
const LISTS = ['apiGroups', 'apiVersions', 'operations', 'resources'] as const;

/** True when our entry of the registration, if there is one, is asked about all that is wanted. */
export function isAsked({ wanted }: Registration, configuration: WebhookConfiguration | undefined): boolean {
  return (configuration?.webhooks ?? []).some(({ name, rules }) => name === WEBHOOK_ENTRY && hasRule(rules, wanted));
}
