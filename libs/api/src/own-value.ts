/**
 * The member of a table whose keys come from outside: labels, annotations, `data` of a ConfigMap. Plain reading finds
 * what every object inherits: a node may be named `constructor`, and `toString` is a good name for a label.
 */
export function ownValue<T>(table: Readonly<Record<string, T>> | undefined, key: string): T | undefined {
  return table !== undefined && Object.hasOwn(table, key) ? table[key] : undefined;
}
