import { ANNOTATION, keyOf } from '@sriov/api';
import { parseOwnerRef } from '@sriov/attachment';
import { type Controller } from '@sriov/controller';
import { BY_ATTACHMENT, BY_NAMESPACE, type Caches } from './caches.ts';

/** Wakes the controllers: which change concerns which network. */
export function connectWatches(caches: Caches, controllers: ReadonlyMap<string, Controller>): void {
  for (const [kind, networks] of caches.networks) {
    networks.store.subscribe(({ object }) => controllers.get(kind)?.enqueue(keyOf(object)));
  }

  const wakeByIndex = (index: string, value: string): void => {
    for (const [kind, networks] of caches.networks) {
      for (const network of networks.store.byIndex(index, value)) controllers.get(kind)?.enqueue(keyOf(network));
    }
  };
  caches.attachments.store.subscribe(({ object }) => {
    // Those that want this very object: they may wait for its owner to let go of it.
    wakeByIndex(BY_ATTACHMENT, keyOf(object));
    // Its owner may have moved on and not have seen it yet.
    const owner = parseOwnerRef(object.metadata.annotations?.[ANNOTATION.ownerRef]);
    if (owner) controllers.get(owner.kind)?.enqueue(owner.key);
  });
  caches.namespaces.store.subscribe(({ type, object, previous }) => {
    // One that was deleted and made anew while we did not listen is told of as an update.
    const isAnother = type === 'updated' && previous?.metadata.uid !== object.metadata.uid;
    if (type === 'added' || isAnother) wakeByIndex(BY_NAMESPACE, object.metadata.name);
  });
}
