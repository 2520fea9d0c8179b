/**
 * The value of a key in a table whose keys come from outside: labels, annotations, `data` of a ConfigMap. `table[key]`
 * would also find what every object inherits: a node may be named `constructor`, and a label `toString`.
 */
export function ownValue<T>(table: Readonly<Record<string, T>> | undefined, key: string): T | undefined {
  return table !== undefined && Object.hasOwn(table, key) ? table[key] : undefined;
}
