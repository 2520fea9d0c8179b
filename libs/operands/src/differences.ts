import { isJsonList, isJsonObject, type Json, type JsonObject } from './json.ts';
import { elementWith, mergeKeyOf } from './list-keys.ts';

/**
 * Paths at which an object lacks what is wanted, or has something else. What it has beside that is no difference:
 * defaults of the API server, its status, and what others have added. Elements of a list are compared by their key
 * where they have one. A list without keys differs when it is longer or shorter.
 */
export function findDifferences(wanted: Json, present: Json | undefined, path = ''): string[] {
  if (isJsonObject(wanted)) {
    return isJsonObject(present) ? membersThatDiffer(wanted, present, path) : [path];
  }
  if (isJsonList(wanted)) return isJsonList(present) ? elementsThatDiffer(wanted, present, path) : [path];
  return wanted === present ? [] : [path];
}

function membersThatDiffer(wanted: JsonObject, present: JsonObject, path: string): string[] {
  return Object.entries(wanted).flatMap(([member, value]) =>
    findDifferences(
      value,
      Object.hasOwn(present, member) ? present[member] : undefined,
      path === '' ? member : `${path}.${member}`,
    ),
  );
}

function elementsThatDiffer(wanted: readonly Json[], present: readonly Json[], path: string): string[] {
  const key = mergeKeyOf(path.slice(path.lastIndexOf('.') + 1), wanted);
  if (key !== undefined) {
    return wanted.filter(isJsonObject).flatMap((element) => {
      const value = element[key];
      return findDifferences(element, elementWith(present, key, value), `${path}[${JSON.stringify(value)}]`);
    });
  }
  if (wanted.length !== present.length) return [path];
  return wanted.flatMap((element, index) => findDifferences(element, present[index], `${path}[${index}]`));
}
