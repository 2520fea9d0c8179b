import { ANNOTATION } from '@sriov/api';
import { type AttachmentFacts, attachmentNamespace, type Network, renderAttachment } from '@sriov/attachment';
import { type Caches } from './caches.ts';
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
  // An empty value was written by older releases in the middle of a move: it means none.
  const last = network.metadata.annotations?.[ANNOTATION.lastNetworkNamespace] || namespace;
  return {
    network,
    rendered: renderAttachment(network, {
      operatorNamespace: settings.namespace,
      resourcePrefix: settings.resourcePrefix,
    }),
    present: caches.attachments.store.get(`${namespace}/${name}`),
    previous: last === namespace ? undefined : caches.attachments.store.get(`${last}/${name}`),
    namespaceExists: caches.namespaces.store.get(namespace) !== undefined,
  };
}
