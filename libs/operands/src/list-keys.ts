import { isJsonObject, type Json, type JsonObject } from './json.ts';

/**
 * The member that tells the elements of a list in a pod or a Service apart, by the member of the object that holds the
 * list: `patchMergeKey` of the types in k8s.io/api/core/v1. All other lists are one value.
 */
const MERGE_KEYS: Readonly<Record<string, string>> = {
  containers: 'name',
  ephemeralContainers: 'name',
  env: 'name',
  hostAliases: 'ip',
  imagePullSecrets: 'name',
  initContainers: 'name',
  ownerReferences: 'uid',
  resizePolicy: 'resourceName',
  resourceClaims: 'name',
  topologySpreadConstraints: 'topologyKey',
  volumeDevices: 'devicePath',
  volumeMounts: 'mountPath',
  volumes: 'name',
};

/** Ports of a container and of a Service have different keys. */
const PORT_KEYS = ['containerPort', 'port'];

/** The member that tells the elements of the list `name` apart; `undefined` when the list is one value. */
export function mergeKeyOf(name: string, elements: readonly Json[]): string | undefined {
  const keys = name === 'ports' ? PORT_KEYS : [MERGE_KEYS[name]];
  return keys.find((key) => key !== undefined && elements.every((element) => hasKey(element, key)));
}

function hasKey(element: Json, key: string): element is JsonObject {
  return isJsonObject(element) && Object.hasOwn(element, key);
}

/** The element of the list with that value of its key. */
export function elementWith(elements: readonly Json[], key: string, value: Json | undefined): JsonObject | undefined {
  return elements.filter(isJsonObject).find((element) => element[key] === value);
}
