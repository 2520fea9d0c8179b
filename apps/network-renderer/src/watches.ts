import { ANNOTATION, keyOf, type KubeObject } from '@sriov/api';
import { parseOwnerRef } from '@sriov/attachment';
import { type Controller } from '@sriov/controller';
import { BY_ATTACHMENT, BY_NAMESPACE, type Caches } from './caches.ts';

/** Wakes the controllers: which change concerns which network. */
export function connectWatches(caches: Caches, controllers: ReadonlyMap<string, Controller>): void {
  const followed = [...caches.networks, ...caches.upstream];
  for (const [kind, { store }] of followed) {
    store.subscribe(({ object }) => controllers.get(kind)?.enqueue(keyOf(object)));
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
  caches.namespaces.store.subscribe(({ object, previous }) => {
    if (!isGoing(object) || isGoing(previous)) return;
    for (const [kind, { store }] of followed) {
      const within = store.list().filter(({ metadata }) => metadata.namespace === object.metadata.name);
      for (const each of within) controllers.get(kind)?.enqueue(keyOf(each));
    }
  });
}

function isGoing(object: KubeObject | undefined): boolean {
  return object?.metadata.deletionTimestamp !== undefined;
}
