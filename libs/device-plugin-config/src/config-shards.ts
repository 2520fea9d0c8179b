import { DEVICE_PLUGIN_CONFIG_MAP, ownValue } from '@sriov/api';

/** Most bytes of values that Kubernetes allows in one ConfigMap. */
export const CONFIG_MAP_LIMIT_BYTES = 1_048_576;
/**
 * Most ConfigMaps that the configuration can be spread over: each costs a watch, and a volume source in each plugin.
 */
export const MAX_CONFIG_SHARDS = 16;

/**
 * Names of the ConfigMaps that together hold the device-plugin configuration. The first one has upstream's name, so
 * that one shard is upstream's layout. The DaemonSet of the device plugin mounts all of them into one folder.
 */
export function configShardNames(shards: number): string[] {
  return Array.from({ length: shards }, (_, index) => shardName(index));
}

/** Name of the ConfigMap in which the key of a node belongs: the same in every process and release. */
export function configShardOf(node: string, shards: number): string {
  return shardName(fnv1a(node) % shards);
}

function shardName(index: number): string {
  return index === 0 ? DEVICE_PLUGIN_CONFIG_MAP : `${DEVICE_PLUGIN_CONFIG_MAP}-${index}`;
}

/** 32-bit FNV-1a of the UTF-16 code units of the text. It spreads names that differ in one digit only. */
function fnv1a(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193) >>> 0;
  }
  return hash;
}

/** The changes of the keys of a ConfigMap for which there is room, and the keys for which there is none. */
export interface FittingKeys {
  /** `null` removes a key. */
  readonly fitting: ReadonlyMap<string, string | null>;
  readonly refused: readonly string[];
}

/**
 * Finds the changes that can be made while the values stay within the limit. Changes that make the ConfigMap smaller
 * come first. The others follow in the order given, as long as they fit.
 */
export function fitKeys(
  present: Readonly<Record<string, string>>,
  changes: ReadonlyMap<string, string | null>,
  limit = CONFIG_MAP_LIMIT_BYTES,
): FittingKeys {
  const growth = (key: string): number => sizeOf(changes.get(key) ?? '') - sizeOf(ownValue(present, key) ?? '');
  const keys = [...changes.keys()];
  const ordered = [...keys.filter((key) => growth(key) <= 0), ...keys.filter((key) => growth(key) > 0)];
  let total = valueBytes(present);
  const fitting = new Map<string, string | null>();
  const refused: string[] = [];
  for (const key of ordered) {
    if (growth(key) > 0 && total + growth(key) > limit) {
      refused.push(key);
      continue;
    }
    total += growth(key);
    fitting.set(key, changes.get(key) ?? null);
  }
  return { fitting, refused };
}

/** Bytes of the values of a ConfigMap, which is what its limit counts. */
export function valueBytes(data: Readonly<Record<string, string>>): number {
  return Object.values(data).reduce((sum, value) => sum + sizeOf(value), 0);
}

const UTF_8 = new TextEncoder();

function sizeOf(text: string): number {
  return UTF_8.encode(text).length;
}
