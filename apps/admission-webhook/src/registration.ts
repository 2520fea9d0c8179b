import {
  type AdmissionRule,
  GROUP,
  hasRule,
  REGISTRATIONS,
  type Registration,
  WEBHOOK_CONFIGURATION,
  WEBHOOK_ENTRY,
  type WebhookConfiguration,
  type WebhookEntry,
  withoutRule,
  withRule,
} from '@sriov/api';
import { type AnyInformer, Informer, type InformerContext } from '@sriov/kube';
import { type Endpoint } from './certificates/names.ts';

/** Paths that the API server asks. */
export const MUTATING_PATH = '/mutating-custom-resource';
/** See {@link MUTATING_PATH}. */
export const VALIDATING_PATH = '/validating-custom-resource';
/** The path at which nothing is judged: an answer shows that the API server reaches us. */
export const PROBE_PATH = '/probe';
/** The entry that leads there, with a rule that only our own probe meets. The chart has it in the validating one. */
export const PROBE_ENTRY = `probe.${WEBHOOK_ENTRY}`;
/** What marks the object of a probe. */
export const PROBE_LABEL = `${GROUP}/admission-probe`;

const PATHS: readonly string[] = [MUTATING_PATH, VALIDATING_PATH, PROBE_PATH];
/** Where the API server asks because of a kind of registration. */
const PATH_OF: Readonly<Record<string, string>> = {
  MutatingWebhookConfiguration: MUTATING_PATH,
  ValidatingWebhookConfiguration: VALIDATING_PATH,
};

/** A registration of ours, as it stands. */
export interface Registered {
  readonly kind: Registration;
  /** Nothing when there is none. */
  readonly configuration: WebhookConfiguration | undefined;
}

/** Our registrations, which watches keep up to date. */
export class Registrations {
  readonly #informers: readonly Informer<WebhookConfiguration>[];

  constructor(context: InformerContext) {
    this.#informers = REGISTRATIONS.map(
      (kind) => new Informer(context, kind, { fieldSelector: `metadata.name=${WEBHOOK_CONFIGURATION}` }),
    );
  }

  /** The caches, to run them and to wait for them. */
  get informers(): readonly AnyInformer[] {
    return this.#informers;
  }

  /** Both, in the order of {@link REGISTRATIONS}. */
  list(): Registered[] {
    return REGISTRATIONS.map((kind, index) => ({
      kind,
      configuration: this.#informers[index]?.store.get(WEBHOOK_CONFIGURATION),
    }));
  }

  /** Calls `wake` for each change of one of them. */
  subscribe(wake: () => void): void {
    for (const { store } of this.#informers) store.subscribe(wake);
  }
}

/**
 * The patch that makes the API server trust the bundle (PEM) where it asks us; nothing when it does already. Entries
 * that lead elsewhere stay as they are. The API server refuses the patch when the object has changed meanwhile.
 */
export function planTrust(configuration: WebhookConfiguration, bundle: string, endpoint: Endpoint): object | undefined {
  const caBundle = Buffer.from(bundle, 'utf8').toString('base64');
  return planEntries(configuration, (entry) =>
    leadsTo(entry, endpoint) && entry.clientConfig.caBundle !== caBundle
      ? { ...entry, clientConfig: { ...entry.clientConfig, caBundle } }
      : undefined,
  );
}

/**
 * The patch that makes the API server ask us about all that is wanted; nothing when it does already, or where our entry
 * is missing or leads elsewhere. The rules of other entries are those of whoever has added them, also where they lead to
 * us: the API server would refuse a patch that changes them. No rule is taken away. As for {@link planTrust}, the version
 * has to be the present one.
 */
export function planRules({ kind, configuration }: Registered, endpoint: Endpoint): object | undefined {
  return planOurEntry({ kind, configuration }, endpoint, ({ rules }) =>
    hasRule(rules, kind.wanted) ? undefined : withRule(rules, kind.wanted),
  );
}

/** The patch that makes the API server ask us no longer; nothing when it does not ask. */
export function planSilence({ kind, configuration }: Registered, endpoint: Endpoint): object | undefined {
  return planOurEntry({ kind, configuration }, endpoint, ({ rules = [] }) => {
    const left = withoutRule(rules, kind.wanted);
    return left.length === rules.length ? undefined : left;
  });
}

function planOurEntry(
  { kind, configuration }: Registered,
  endpoint: Endpoint,
  change: (entry: WebhookEntry) => readonly AdmissionRule[] | undefined,
): object | undefined {
  if (configuration === undefined) return undefined;
  return planEntries(configuration, (entry) => {
    if (entry.name !== WEBHOOK_ENTRY || !leadsTo(entry, endpoint) || pathOf(entry) !== PATH_OF[kind.kind])
      return undefined;
    const rules = change(entry);
    return rules && { ...entry, rules };
  });
}

/** A patch with the changed entries among the others; nothing when `change` has none. */
function planEntries(
  { metadata, webhooks = [] }: WebhookConfiguration,
  change: (entry: WebhookEntry) => WebhookEntry | undefined,
): object | undefined {
  const changed = webhooks.map(change);
  if (changed.every((entry) => entry === undefined)) return undefined;
  return {
    metadata: { resourceVersion: metadata.resourceVersion },
    webhooks: webhooks.map((entry, index) => changed[index] ?? entry),
  };
}

function leadsTo(entry: WebhookEntry, { serviceName, namespace, names }: Endpoint): boolean {
  const { service, url } = entry.clientConfig;
  if (service) return service.name === serviceName && service.namespace === namespace;
  if (url === undefined || !URL.canParse(url)) return false;
  const { hostname } = new URL(url);
  return names.includes(hostname.replace(/^\[(.+)\]$/, '$1')) && PATHS.includes(pathOf(entry));
}

function pathOf({ clientConfig: { service, url } }: WebhookEntry): string {
  if (service) return service.path ?? '/';
  return url !== undefined && URL.canParse(url) ? new URL(url).pathname : '';
}
