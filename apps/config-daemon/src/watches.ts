import { ANNOTATION, type SriovNetworkNodeState } from '@sriov/api';
import { type Store } from '@sriov/kube';
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

/** Annotations that are wishes. A change of them does not change the generation of a node state. */
const WISHES = [ANNOTATION.devicePluginConfigHash, ANNOTATION.devicePluginConfig, ANNOTATION.plannedFrom];

/** Another spec, or other annotations that are wishes. */
function isNewWish({ metadata }: SriovNetworkNodeState, previous: SriovNetworkNodeState | undefined): boolean {
  const { generation, annotations } = previous?.metadata ?? {};
  return (
    metadata.generation !== generation || WISHES.some((name) => metadata.annotations?.[name] !== annotations?.[name])
  );
}
