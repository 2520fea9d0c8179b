import { keyOf } from '@sriov/api';
import { type Controller } from '@sriov/controller';
import { BY_ATTACHMENT, BY_NAMESPACE, type Caches } from './caches.ts';

/** Wakes the controllers: which change concerns which network. */
export function connectWatches(caches: Caches, controllers: ReadonlyMap<string, Controller>): void {
  for (const [kind, networks] of caches.networks) {
    networks.store.subscribe(({ object }) => controllers.get(kind)?.enqueue(keyOf(object)));
  }

  // Every network that wants this very object: its owner, and those that wait for the owner to let go of it.
  const wakeByIndex = (index: string, value: string): void => {
    for (const [kind, networks] of caches.networks) {
      for (const network of networks.store.byIndex(index, value)) controllers.get(kind)?.enqueue(keyOf(network));
    }
  };
  caches.attachments.store.subscribe(({ object }) => wakeByIndex(BY_ATTACHMENT, keyOf(object)));
  caches.namespaces.store.subscribe(({ type, object }) => {
    if (type === 'added') wakeByIndex(BY_NAMESPACE, object.metadata.name);
  });
}
