import { type KubeObject, omitUndefined, REASON } from '@sriov/api';
import { done, type Outcome } from '@sriov/controller';
import { type KubeClient } from '@sriov/kube';
import { type Logger } from '@sriov/runtime';
import { type Caches, type UpstreamKind } from './caches.ts';
import { goingSince } from './gather.ts';

/** What writes go through. */
interface Ports {
  readonly client: KubeClient;
  readonly log: Logger;
}

/** Takes upstream's finalizer off an object that is being deleted. Upstream's operator would put it back before. */
export async function reconcileUpstream(
  { caches, ...ports }: Ports & { readonly caches: Caches },
  kind: UpstreamKind,
  key: string,
): Promise<Outcome> {
  const object = caches.upstream.get(kind.resource.kind)?.store.get(key);
  if (object !== undefined && goingSince(caches, object) !== undefined && hasFinalizer(object, kind)) {
    await releaseUpstream(ports, kind, object);
  }
  return done(REASON.inSync, 'no finalizer of upstream holds up a deletion');
}

function hasFinalizer({ metadata }: KubeObject, { finalizer }: UpstreamKind): boolean {
  return metadata.finalizers?.includes(finalizer) === true;
}

/** Takes upstream's finalizer off exactly this version of the object. */
export async function releaseUpstream(
  { client, log }: Ports,
  { resource, finalizer }: UpstreamKind,
  { metadata }: KubeObject,
): Promise<void> {
  const { name, namespace, resourceVersion } = metadata;
  const finalizers = (metadata.finalizers ?? []).filter((each) => each !== finalizer);
  const patch = { metadata: { finalizers, ...omitUndefined({ resourceVersion }) } };
  await client.mergePatch(resource, metadata, { patch, metadataOnly: true });
  log.info({ kind: resource.kind, namespace, name }, 'finalizer of upstream taken off');
}
