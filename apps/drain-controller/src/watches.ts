import { ANNOTATION, type KubeObject, type SriovNetworkNodeState } from '@sriov/api';
import { type Controller } from '@sriov/controller';
import { type Change, type Node } from '@sriov/kube';
import { type Caches } from './caches.ts';
import { NODE_CONFIG } from './openshift/kinds.ts';

/** The one key of the controller that gives turns: it looks at all pools. */
const TURNS = 'turns';

/** The two keys of the controller that ends pauses of MachineConfigPools. */
export const PAUSE_KEY = {
  /** A node has a slot, asks, or does not any more: a pause may be over. */
  over: 'over',
  /** A pool, or which nodes are updated, has changed: a drain that has waited for that may go on as well. */
  changed: 'changed',
} as const;

/** The controllers that are woken. */
interface Woken {
  readonly nodes: Controller;
  readonly turns: Controller;
  readonly pauses: Controller;
  readonly startupTaints?: Controller;
}

/** Wakes the controllers: which change concerns which node. Turns depend on all of them, but not on statuses. */
export function connectWatches({ nodes, nodeStates, pools, configs }: Caches, controllers: Woken): void {
  const wake = ({ metadata }: KubeObject, concernsTurns: boolean): void => {
    controllers.nodes.enqueue(metadata.name);
    if (concernsTurns) {
      controllers.turns.enqueue(TURNS);
      controllers.pauses.enqueue(PAUSE_KEY.over);
    }
    controllers.startupTaints?.enqueue(metadata.name);
  };
  nodes.store.subscribe((change) => {
    wake(change.object, hasChanged(change, ofNode));
    if (isUpdateNews(change)) controllers.pauses.enqueue(PAUSE_KEY.changed);
  });
  nodeStates.store.subscribe((change) => wake(change.object, hasChanged(change, ofNodeState)));
  pools.store.subscribe(() => controllers.turns.enqueue(TURNS));
  configs.store.subscribe(({ type, object, previous }) => {
    if (type === 'updated' && object.spec?.disableDrain === previous?.spec?.disableDrain) return;
    for (const node of nodes.store.list()) wake(node, true);
  });
}

/** Every node that has a slot: its drain may have waited for what has changed. */
export function wakeNodesWithSlots({ nodeStates }: Pick<Caches, 'nodeStates'>, nodes: Controller): void {
  for (const { metadata } of nodeStates.store.list()) {
    if ((metadata.annotations?.[ANNOTATION.currentState] ?? 'Idle') !== 'Idle') nodes.enqueue(metadata.name);
  }
}

/** OpenShift has begun or ended an update of the node. */
function isUpdateNews(change: Change<Node>): boolean {
  const { type, object } = change;
  if (type === 'deleted') return object.metadata.annotations?.[NODE_CONFIG.desired] !== undefined;
  return type === 'updated' && hasChanged(change, ofUpdate);
}

/** Which configuration of OpenShift the node has and is to have. */
const ofUpdate = ({ metadata: { annotations } }: Node): unknown => [
  annotations?.[NODE_CONFIG.current],
  annotations?.[NODE_CONFIG.desired],
];

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
