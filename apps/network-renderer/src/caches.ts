import { attachmentNamespace, type Network } from '@sriov/attachment';
import {
  ANNOTATION,
  type CustomResource,
  type KubeObject,
  NETWORK_ATTACHMENT_DEFINITION,
  type NetworkAttachmentDefinition,
  OVS_NETWORK,
  SRIOV_IB_NETWORK,
  SRIOV_NETWORK,
} from '@sriov/api';
import { type Follower, Informer, type InformerContext, NAMESPACE } from '@sriov/kube';

/** The three kinds of network, each rendered by a controller of its own. */
export const NETWORK_KINDS: readonly CustomResource<Network>[] = [SRIOV_NETWORK, SRIOV_IB_NETWORK, OVS_NETWORK];

/** What the renderer reads: everything from memory, kept up to date by watches over all namespaces. */
export interface Caches {
  /** By kind; indexed by {@link BY_ATTACHMENT} and {@link BY_NAMESPACE}. */
  readonly networks: ReadonlyMap<string, Informer<Network>>;
  readonly attachments: Informer<NetworkAttachmentDefinition>;
  /** Names only. */
  readonly namespaces: Informer<KubeObject>;
}

/** Index of networks: `namespace/name` of the NetworkAttachmentDefinition. */
export const BY_ATTACHMENT = 'attachment';
/** Index of networks: namespace of the NetworkAttachmentDefinition. */
export const BY_NAMESPACE = 'namespace';

/** Index of NetworkAttachmentDefinitions: the network that they name as their owner. */
export const BY_OWNER = 'owner';

const indexers = {
  [BY_ATTACHMENT]: (network: Network) => [`${attachmentNamespace(network)}/${network.metadata.name}`],
  [BY_NAMESPACE]: (network: Network) => [attachmentNamespace(network)],
};

/** Makes the caches; they fill once they run. */
export function createCaches(context: InformerContext): Caches {
  return {
    networks: new Map(NETWORK_KINDS.map((kind) => [kind.kind, new Informer(context, kind, { indexers })])),
    attachments: new Informer(context, NETWORK_ATTACHMENT_DEFINITION, {
      indexers: { [BY_OWNER]: ({ metadata }) => [metadata.annotations?.[ANNOTATION.ownerRef] ?? ''] },
    }),
    namespaces: new Informer(context, NAMESPACE, { metadataOnly: true }),
  };
}

/** All of them, for running and waiting. */
export function allInformers(caches: Caches): Follower[] {
  return [...caches.networks.values(), caches.attachments, caches.namespaces];
}
