import {
  type AttachmentFacts,
  attachmentNamespace,
  type Network,
  ownerRefOf,
  renderAttachment,
} from '@sriov/attachment';
import { BY_OWNER, type Caches } from './caches.ts';
import { type Settings } from './settings.ts';

/** Reads from the caches all that bears on the network; nothing when it is gone. */
export function gather(
  caches: Caches,
  subject: { readonly kind: string; readonly key: string },
  settings: Pick<Settings, 'namespace' | 'resourcePrefix'>,
): AttachmentFacts | undefined {
  const cached = caches.networks.get(subject.kind)?.store.get(subject.key);
  if (cached === undefined) return undefined;
  // List items come without a kind of their own.
  const network: Network = { ...cached, kind: subject.kind };
  const { name } = network.metadata;
  const namespace = attachmentNamespace(network);
  return {
    network,
    rendered: renderAttachment(network, {
      operatorNamespace: settings.namespace,
      resourcePrefix: settings.resourcePrefix,
    }),
    present: caches.attachments.store.get(`${namespace}/${name}`),
    strays: caches.attachments.store
      .byIndex(BY_OWNER, ownerRefOf(network))
      .filter(({ metadata }) => metadata.namespace !== namespace),
    namespaceExists: caches.namespaces.store.get(namespace) !== undefined,
  };
}
