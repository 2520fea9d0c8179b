import { type Controller } from '@sriov/controller';
import { type Caches } from './caches.ts';

/** The one key of the controller that gives turns: it looks at all pools. */
const TURNS = 'turns';

/** Wakes the controllers: which change concerns which node. Turns depend on all of them. */
export function connectWatches(
  { nodes, nodeStates, pools }: Caches,
  controllers: { readonly nodes: Controller; readonly turns: Controller },
): void {
  const wake = (name: string): void => {
    controllers.nodes.enqueue(name);
    controllers.turns.enqueue(TURNS);
  };
  nodes.store.subscribe(({ object }) => wake(object.metadata.name));
  nodeStates.store.subscribe(({ object }) => wake(object.metadata.name));
  pools.store.subscribe(() => controllers.turns.enqueue(TURNS));
}
