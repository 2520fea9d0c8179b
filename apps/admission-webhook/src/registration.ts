import { type KubeObject, type Resource } from '@sriov/api';
import { type Endpoint } from './names.ts';

/** The fields of a Mutating- or ValidatingWebhookConfiguration that we read. */
export interface WebhookConfiguration extends KubeObject {
  webhooks?: WebhookEntry[];
}

/** Where the API server asks; everything else of an entry passes through as it is. */
interface WebhookEntry {
  readonly name: string;
  readonly clientConfig: {
    readonly url?: string;
    readonly service?: { readonly name: string; readonly namespace: string };
    /** Base64 of PEM. */
    readonly caBundle?: string;
  };
}

const registration = { group: 'admissionregistration.k8s.io', version: 'v1', namespaced: false } as const;

/** The two kinds of registration. */
export const REGISTRATIONS: readonly Resource<WebhookConfiguration>[] = [
  { ...registration, kind: 'MutatingWebhookConfiguration', plural: 'mutatingwebhookconfigurations' },
  { ...registration, kind: 'ValidatingWebhookConfiguration', plural: 'validatingwebhookconfigurations' },
];

/** Paths that the API server asks. */
export const MUTATING_PATH = '/mutating-custom-resource';
/** See {@link MUTATING_PATH}. */
export const VALIDATING_PATH = '/validating-custom-resource';

/**
 * The patch that makes the API server trust the bundle (PEM) where it asks us; nothing when it does already. Entries
 * that lead elsewhere stay as they are. The API server refuses the patch when the object has changed meanwhile.
 */
export function planTrust(configuration: WebhookConfiguration, bundle: string, endpoint: Endpoint): object | undefined {
  const caBundle = Buffer.from(bundle, 'utf8').toString('base64');
  const webhooks = configuration.webhooks ?? [];
  const isStale = (entry: WebhookEntry): boolean =>
    leadsTo(entry, endpoint) && entry.clientConfig.caBundle !== caBundle;
  if (!webhooks.some(isStale)) return undefined;
  return {
    metadata: { resourceVersion: configuration.metadata.resourceVersion },
    webhooks: webhooks.map((entry) =>
      isStale(entry) ? { ...entry, clientConfig: { ...entry.clientConfig, caBundle } } : entry,
    ),
  };
}

function leadsTo({ clientConfig }: WebhookEntry, { serviceName, namespace, names }: Endpoint): boolean {
  const { service, url } = clientConfig;
  if (service) return service.name === serviceName && service.namespace === namespace;
  if (url === undefined || !URL.canParse(url)) return false;
  const { hostname, pathname } = new URL(url);
  return names.includes(hostname.replace(/^\[(.+)\]$/, '$1')) && [MUTATING_PATH, VALIDATING_PATH].includes(pathname);
}
