import { type AttachmentFacts, attachmentNamespace, type Network, ownerRefOf } from '@sriov/attachment';
import {
  ANNOTATION,
  FINALIZER,
  type KubeObject,
  NETWORK_ATTACHMENT_DEFINITION,
  type NetworkAttachmentDefinition,
  omitUndefined,
} from '@sriov/api';
import { isNotFound, type KubeClient } from '@sriov/kube';
import { BY_OWNER, type Caches } from './caches.ts';
import { type Settings } from './settings.ts';

/** Reads from the caches everything that matters for the network; nothing when it is gone. */
export function gather(
  caches: Caches,
  subject: { readonly kind: string; readonly key: string },
  settings: Pick<Settings, 'namespace' | 'resourcePrefix'>,
): AttachmentFacts | undefined {
  const cached = caches.networks.get(subject.kind)?.store.get(subject.key);
  if (cached === undefined) return undefined;
  const deletionTimestamp = goingSince(caches, cached);
  const metadata = { ...cached.metadata, ...omitUndefined({ deletionTimestamp }) };
  // Objects in a list have no kind.
  const network: Network = { ...cached, kind: subject.kind, metadata };
  const { name } = network.metadata;
  const namespace = attachmentNamespace(network);
  return {
    network,
    rendered: caches.renderings.render(network, {
      operatorNamespace: settings.namespace,
      resourcePrefix: settings.resourcePrefix,
    }),
    present: caches.attachments.store.get(`${namespace}/${name}`),
    strays: caches.attachments.store
      .byIndex(BY_OWNER, ownerRefOf(network))
      .filter(({ metadata }) => metadata.namespace !== namespace),
    namespaceExists: isThere(caches.namespaces.store.get(namespace)),
  };
}

/**
 * Since when the object is being deleted. It is as soon as its namespace is, from which there is no way back: when
 * Kubernetes gets to the object itself, the pods of the namespace have ended, and this service with them.
 */
export function goingSince({ namespaces }: Pick<Caches, 'namespaces'>, { metadata }: KubeObject): string | undefined {
  return metadata.deletionTimestamp ?? namespaces.store.get(metadata.namespace ?? '')?.metadata.deletionTimestamp;
}

/**
 * Nothing can be created in a namespace that is being deleted. When a new one of that name appears, the watch wakes the
 * network.
 */
const isThere = (namespace: KubeObject | undefined): boolean =>
  namespace !== undefined && namespace.metadata.deletionTimestamp === undefined;

/**
 * The last look before a network goes. The caches may not show yet what we wrote a moment ago, and once the finalizer
 * is removed, nobody would delete it. So this asks the API server where the caches have no object.
 */
export async function gatherRemoval(client: KubeClient, facts: AttachmentFacts): Promise<AttachmentFacts> {
  const { network, present, strays } = facts;
  if (!network.metadata.finalizers?.includes(FINALIZER.network)) return facts;
  return {
    ...facts,
    present: present ?? (await find(client, network, attachmentNamespace(network))),
    strays: strays.length > 0 ? strays : await findStrays(client, network),
  };
}

async function findStrays(client: KubeClient, network: Network): Promise<NetworkAttachmentDefinition[]> {
  const before = network.metadata.annotations?.[ANNOTATION.lastNetworkNamespace];
  if (!before || before === attachmentNamespace(network)) return [];
  const stray = await find(client, network, before);
  return stray?.metadata.annotations?.[ANNOTATION.ownerRef] === ownerRefOf(network) ? [stray] : [];
}

async function find(
  client: KubeClient,
  network: Network,
  namespace: string,
): Promise<NetworkAttachmentDefinition | undefined> {
  try {
    return await client.get(NETWORK_ATTACHMENT_DEFINITION, { name: network.metadata.name, namespace });
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}
