import { type KubeObject } from '@sriov/api';
import { type Change, type ConfigMap } from '@sriov/kube';

/** True when the spec changed, not only the status. A ConfigMap has no generation, so each of its changes counts. */
export function isSpecChange({ type, object, previous }: Change<KubeObject>): boolean {
  const { generation } = object.metadata;
  return type !== 'updated' || generation === undefined || generation !== previous?.metadata.generation;
}

/** The keys of a ConfigMap whose values changed; all of them unless it was updated. */
export function changedKeys({ type, object, previous }: Change<ConfigMap>): string[] {
  const data = object.data ?? {};
  if (type !== 'updated') return Object.keys(data);
  const before = previous?.data ?? {};
  return [...new Set([...Object.keys(before), ...Object.keys(data)])].filter((key) => before[key] !== data[key]);
}
