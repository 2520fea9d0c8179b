import { ANNOTATION, type SriovNetworkNodeState, type SriovOperatorConfig } from '@sriov/api';
import { type Node, type Store } from '@sriov/kube';
import { type StatusWriter } from './status/status-writer.ts';

/** Wakes the daemon when its node state changes. The host wakes it as well, see `watch-host.ts`. */
export function watchNodeState(
  nodeStates: Pick<Store<SriovNetworkNodeState>, 'subscribe'>,
  status: Pick<StatusWriter, 'isOurs'>,
  wake: () => void,
): void {
  nodeStates.subscribe(({ type, object, previous }) => {
    // What we write into the status ourselves is no reason to look again.
    const isNew = type !== 'updated' || isNewWish(object, previous);
    if (isNew || !status.isOurs(object.status)) wake();
  });
}

/** Annotations that are wishes, or answers to ours. A change of them does not change the generation of a node state. */
const WISHES = [
  ANNOTATION.devicePluginConfigHash,
  ANNOTATION.devicePluginConfig,
  ANNOTATION.plannedFrom,
  ANNOTATION.desiredState,
  ANNOTATION.currentState,
  ANNOTATION.useExternalDrainer,
  ANNOTATION.drainInVain,
];

/** Another spec, or other annotations that are wishes. */
function isNewWish({ metadata }: SriovNetworkNodeState, previous: SriovNetworkNodeState | undefined): boolean {
  const { generation, annotations } = previous?.metadata ?? {};
  return (
    metadata.generation !== generation || WISHES.some((name) => metadata.annotations?.[name] !== annotations?.[name])
  );
}

/** Wakes the daemon when something bears on the drain of its node: the request on its Node, or `disableDrain`. */
export function watchDrain(
  nodes: Pick<Store<Node>, 'subscribe'>,
  configs: Pick<Store<SriovOperatorConfig>, 'subscribe'>,
  wake: () => void,
): void {
  const requestOf = (node: Node | undefined): string | undefined => node?.metadata.annotations?.[ANNOTATION.nodeState];
  nodes.subscribe(({ object, previous }) => {
    if (previous === undefined || requestOf(object) !== requestOf(previous)) wake();
  });
  configs.subscribe(({ type, object, previous }) => {
    if (type !== 'updated' || object.spec?.disableDrain !== previous?.spec?.disableDrain) wake();
  });
}
