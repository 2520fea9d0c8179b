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
    // Networks that render to this object: they may be waiting for its present owner to give it up.
    wakeByIndex(BY_ATTACHMENT, keyOf(object));
    // The network that it names as its owner, which may have moved to another namespace.
    const owner = parseOwnerRef(object.metadata.annotations?.[ANNOTATION.ownerRef]);
    if (owner) controllers.get(owner.kind)?.enqueue(owner.key);
  });
  caches.namespaces.store.subscribe(({ type, object, previous }) => {
    // A namespace that was deleted and created again while no watch ran arrives as an update.
    const isAnother = type === 'updated' && previous?.metadata.uid !== object.metadata.uid;
    if (type === 'added' || isAnother) wakeByIndex(BY_NAMESPACE, object.metadata.name);
  });
}
