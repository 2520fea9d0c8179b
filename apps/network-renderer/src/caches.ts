import { attachmentNamespace, type Network } from '@sriov/attachment';
import {
  ANNOTATION,
  type CustomResource,
  type KubeObject,
  NETWORK_ATTACHMENT_DEFINITION,
  FIELD_BOUNDS,
  FINALIZER,
  MAX_CNI_CONFIG_LENGTH,
  type NetworkAttachmentDefinition,
  omitUndefined,
  OVS_NETWORK,
  SRIOV_IB_NETWORK,
  SRIOV_NETWORK,
  SRIOV_NETWORK_POOL_CONFIG,
  SRIOV_OPERATOR_CONFIG,
} from '@sriov/api';
import { Renderings } from './renderings.ts';
import { type AnyInformer, Informer, type InformerContext, NAMESPACE } from '@sriov/kube';

/** The three kinds of networks. Each has its own controller. */
export const NETWORK_KINDS: readonly CustomResource<Network>[] = [SRIOV_NETWORK, SRIOV_IB_NETWORK, OVS_NETWORK];

/** A kind on which upstream's operator puts a finalizer. */
export interface UpstreamKind {
  readonly resource: CustomResource;
  readonly finalizer: string;
}

/**
 * Finalizers that upstream's operator left on other kinds than networks. None of our services has to do anything before
 * they are removed, and after a migration nobody else takes them off.
 */
export const UPSTREAM_KINDS: readonly UpstreamKind[] = [
  { resource: SRIOV_NETWORK_POOL_CONFIG, finalizer: FINALIZER.pool },
  { resource: SRIOV_OPERATOR_CONFIG, finalizer: FINALIZER.operatorConfig },
];

/** What the renderer reads. It is in memory, and watches over all namespaces keep it up to date. */
export interface Caches {
  /** By kind; indexed by {@link BY_ATTACHMENT} and {@link BY_NAMESPACE}. */
  readonly networks: ReadonlyMap<string, Informer<Network>>;
  readonly attachments: Informer<NetworkAttachmentDefinition>;
  /** By kind: {@link UPSTREAM_KINDS}. Metadata only. */
  readonly upstream: ReadonlyMap<string, Informer<KubeObject>>;
  /** Names only. */
  readonly namespaces: Informer<KubeObject>;
  readonly renderings: Renderings;
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
    networks: new Map(
      NETWORK_KINDS.map((kind) => [kind.kind, new Informer(context, kind, { indexers, transform: trimNetwork })]),
    ),
    attachments: new Informer(context, NETWORK_ATTACHMENT_DEFINITION, {
      transform: trimAttachment,
      indexers: { [BY_OWNER]: ({ metadata }) => [metadata.annotations?.[ANNOTATION.ownerRef] ?? ''] },
    }),
    upstream: new Map(
      UPSTREAM_KINDS.map(({ resource }) => [resource.kind, new Informer(context, resource, { metadataOnly: true })]),
    ),
    namespaces: new Informer(context, NAMESPACE, { metadataOnly: true }),
    renderings: new Renderings(),
  };
}

/** All informers, to run them and to wait for them. */
export function allInformers(caches: Caches): AnyInformer[] {
  return [...caches.networks.values(), caches.attachments, ...caches.upstream.values(), caches.namespaces];
}

/**
 * Anybody may create these objects in their own namespace, up to 1.5 MB each. So the cache keeps only a bounded part of
 * each. A field that exceeds the bounds of `libs/api` is cut to a length that still exceeds them.
 */
function trimNetwork<T extends Network>(network: T): T {
  const spec = network.spec as object | undefined;
  return {
    ...network,
    metadata: trimMetadata(network, [ANNOTATION.lastNetworkNamespace]),
    ...(spec && { spec: Object.fromEntries(Object.entries(spec).map(([field, value]) => [field, cut(value)])) }),
  };
}

/**
 * A configuration that is longer than any that we write is left out: it differs from ours, and nothing else matters.
 */
function trimAttachment(attachment: NetworkAttachmentDefinition): NetworkAttachmentDefinition {
  const config = attachment.spec?.config;
  return {
    metadata: trimMetadata(attachment, [ANNOTATION.ownerRef, ANNOTATION.resourceName]),
    ...(config !== undefined && config.length <= MAX_CNI_CONFIG_LENGTH && { spec: { config } }),
  };
}

/** The metadata that somebody reads, with only these annotations. */
function trimMetadata({ metadata }: KubeObject, annotations: readonly string[]): KubeObject['metadata'] {
  const { name, namespace, uid, resourceVersion, generation, deletionTimestamp, finalizers, ownerReferences } =
    metadata;
  const kept = annotations.flatMap((key) => {
    const value = metadata.annotations?.[key];
    return value === undefined ? [] : [[key, cut(value)] as const];
  });
  return omitUndefined({
    name,
    namespace,
    uid,
    resourceVersion,
    generation,
    deletionTimestamp,
    finalizers,
    ownerReferences,
    annotations: kept.length > 0 ? Object.fromEntries(kept) : undefined,
  });
}

function cut<T>(value: T): T {
  if (Array.isArray(value)) return value.slice(0, FIELD_BOUNDS.vlans + 1) as T;
  if (typeof value !== 'string' || value.length <= FIELD_BOUNDS.json) return value;
  // A slice would keep the whole string in memory; a copy does not.
  return Buffer.from(value.slice(0, FIELD_BOUNDS.json + 1)).toString() as T;
}
