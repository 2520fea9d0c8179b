import { isJsonList, isJsonObject, type Json, type JsonObject } from './json.ts';
import { elementWith, mergeKeyOf } from './list-keys.ts';

/**
 * Applies a strategic merge patch, as `kubectl patch` does: members are merged, `null` removes one, and elements of
 * lists with a key are merged by it. `$patch: delete` in an element removes it, and `$patch: replace` in an object takes
 * the patch as the whole. Any other list is replaced. The rest of the directives of Kubernetes is taken as data, which
 * the API server refuses.
 */
export function applyStrategicPatch(object: JsonObject, patch: JsonObject): JsonObject {
  const { [DIRECTIVE]: directive, ...rest } = patch;
  if (directive === 'replace') return settingsOfPatch(rest);
  const merged = new Map(Object.entries(object));
  for (const [member, value] of Object.entries(rest)) {
    if (value === null) merged.delete(member);
    else merged.set(member, merge(member, Object.hasOwn(object, member) ? object[member] : undefined, value));
  }
  return Object.fromEntries(merged);
}

const DIRECTIVE = '$patch';

function merge(member: string, present: Json | undefined, patch: Json): Json {
  if (isJsonObject(patch)) return isJsonObject(present) ? applyStrategicPatch(present, patch) : settingsOfPatch(patch);
  if (!isJsonList(patch)) return patch;
  const elements = isJsonList(present) ? present : [];
  const key = mergeKeyOf(member, [...elements, ...patch]);
  return key === undefined ? settingsWithin(patch) : mergeElements(elements, patch.filter(isJsonObject), key);
}

/** Elements that are new come last, in the order of the patch. */
function mergeElements(elements: readonly Json[], patches: readonly JsonObject[], key: string): Json[] {
  const isDeleted = (element: JsonObject): boolean => element[DIRECTIVE] === 'delete';
  const kept = elements.filter(isJsonObject).flatMap((element) => {
    const patch = elementWith(patches, key, element[key]);
    if (patch === undefined) return [element];
    return isDeleted(patch) ? [] : [applyStrategicPatch(element, patch)];
  });
  const added = patches.filter((patch) => !isDeleted(patch) && !elementWith(elements, key, patch[key]));
  return [...kept, ...added.map(settingsOfPatch)];
}

/** What a patch sets: without what it removes, and without directives. */
export function settingsOfPatch({ [DIRECTIVE]: _, ...patch }: JsonObject): JsonObject {
  return Object.fromEntries(
    Object.entries(patch).flatMap(([member, value]) => (value === null ? [] : [[member, settingsWithin(value)]])),
  );
}

function settingsWithin(value: Json): Json {
  if (isJsonObject(value)) return settingsOfPatch(value);
  if (!isJsonList(value)) return value;
  const isDeleted = (element: Json): boolean => isJsonObject(element) && element[DIRECTIVE] === 'delete';
  return value.filter((element) => !isDeleted(element)).map(settingsWithin);
}
