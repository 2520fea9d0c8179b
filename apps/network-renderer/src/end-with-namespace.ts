import { FINALIZER, keyOf } from '@sriov/api';
import { isNotFound } from '@sriov/kube';
import { NETWORK_KINDS, UPSTREAM_KINDS } from './caches.ts';
import { goingSince } from './gather.ts';
import { reconcile, type ReconcileContext } from './reconcile.ts';
import { reconcileUpstream } from './upstream-finalizers.ts';

/**
 * The last thing that a renderer does. When a namespace is deleted, Kubernetes ends its pods before it deletes the other
 * objects. A network of the operator's namespace that still had our finalizer then would keep the namespace for ever.
 */
export async function endWithNamespace(context: Context): Promise<void> {
  for (const work of [...lastOfNetworks(context), ...lastOfUpstream(context)]) {
    try {
      await work();
    } catch (error) {
      if (!isNotFound(error)) context.log.error({ err: error }, 'an object keeps its finalizer, and its namespace');
    }
  }
}

type Work = () => Promise<unknown>;
type Context = Omit<ReconcileContext, 'resource'>;

function lastOfNetworks(context: Context): Work[] {
  const { caches } = context;
  return NETWORK_KINDS.flatMap((resource) => {
    const networks = caches.networks.get(resource.kind)?.store.list() ?? [];
    return networks
      .filter((network) => goingSince(caches, network) !== undefined)
      .filter(({ metadata }) => metadata.finalizers?.includes(FINALIZER.network))
      .map((network) => () => reconcile({ ...context, resource }, keyOf(network)));
  });
}

function lastOfUpstream(context: Context): Work[] {
  return UPSTREAM_KINDS.flatMap((kind) => {
    const objects = context.caches.upstream.get(kind.resource.kind)?.store.list() ?? [];
    return objects.map((object) => () => reconcileUpstream(context, kind, keyOf(object)));
  });
}
