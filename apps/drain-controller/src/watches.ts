import { type KubeObject, type SriovNetworkNodeState } from '@sriov/api';
import { type Controller } from '@sriov/controller';
import { type Change, type Node } from '@sriov/kube';
import { type Caches } from './caches.ts';

/** The one key of the controller that gives turns: it looks at all pools. */
const TURNS = 'turns';

/** Wakes the controllers: which change concerns which node. Turns depend on all of them, but not on statuses. */
export function connectWatches(
  { nodes, nodeStates, pools, configs }: Caches,
  controllers: { readonly nodes: Controller; readonly turns: Controller; readonly startupTaints?: Controller },
): void {
  const wake = ({ metadata }: KubeObject, concernsTurns: boolean): void => {
    controllers.nodes.enqueue(metadata.name);
    if (concernsTurns) controllers.turns.enqueue(TURNS);
    controllers.startupTaints?.enqueue(metadata.name);
  };
  nodes.store.subscribe((change) => wake(change.object, hasChanged(change, ofNode)));
  nodeStates.store.subscribe((change) => wake(change.object, hasChanged(change, ofNodeState)));
  pools.store.subscribe(() => controllers.turns.enqueue(TURNS));
  configs.store.subscribe(({ type, object, previous }) => {
    if (type === 'updated' && object.spec?.disableDrain === previous?.spec?.disableDrain) return;
    for (const node of nodes.store.list()) wake(node, true);
  });
}

function hasChanged<T extends KubeObject>({ object, previous }: Change<T>, read: (object: T) => unknown): boolean {
  return previous === undefined || JSON.stringify(read(previous)) !== JSON.stringify(read(object));
}

/** What the cache keeps of a Node, without what changes with each write of its kubelet. */
const ofNode = ({ metadata: { labels, annotations }, spec, status }: Node): unknown => [
  labels,
  annotations,
  spec,
  status,
];
/** Its daemon writes the status all the time, and we write a condition: neither says who is next. */
const ofNodeState = ({ metadata: { annotations } }: SriovNetworkNodeState): unknown => annotations;
