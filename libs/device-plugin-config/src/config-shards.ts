import { DEVICE_PLUGIN_CONFIG_MAP, ownValue } from '@sriov/api';

/** Kubernetes allows so many bytes of values in one ConfigMap. */
export const CONFIG_MAP_LIMIT_BYTES = 1_048_576;
/** Most ConfigMaps that the configuration can be spread over: each is a watch, and a volume source of each plugin. */
export const MAX_CONFIG_SHARDS = 16;

/**
 * Names of the ConfigMaps that hold the device-plugin configuration together. The first one has upstream's name, so
 * one shard is upstream's layout. The device plugin's DaemonSet mounts all of them into one folder.
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

/** 32-bit FNV-1a of the text's UTF-16 code units: spreads names that differ in a digit only. */
function fnv1a(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193) >>> 0;
  }
  return hash;
}

/** Changes of a ConfigMap's keys that find room in it, and the keys that do not. */
export interface FittingKeys {
  /** `null` removes a key. */
  readonly fitting: ReadonlyMap<string, string | null>;
  readonly refused: readonly string[];
}

/**
 * Which of the changes can be made without the values exceeding the limit. What makes the ConfigMap smaller goes
 * first; the rest in the order given, each that still fits.
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

/** Bytes of a ConfigMap's values: what its limit is about. */
export function valueBytes(data: Readonly<Record<string, string>>): number {
  return Object.values(data).reduce((sum, value) => sum + sizeOf(value), 0);
}

function sizeOf(text: string): number {
  return Buffer.byteLength(text);
}
