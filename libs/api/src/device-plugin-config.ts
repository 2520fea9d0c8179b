import { ANNOTATION } from './names.ts';
import { type KubeObject } from './object.ts';

/** A short text that differs for different configurations of the device plugin. */
export type ConfigHash = (text: string) => string;

/** Most bytes of the configuration as an annotation: all annotations of an object may have 256 KiB. */
const MAX_BYTES = 128 * 1024;

/** Whether the device-plugin configuration of a node has room on its node state, see `ANNOTATION.devicePluginConfig`. */
export function fitsConfigAnnotation(text: string): boolean {
  return new TextEncoder().encode(text).length <= MAX_BYTES;
}

/** The configuration of a node's device plugin. */
export interface DevicePluginConfig {
  readonly text: string;
  readonly hash: string;
}

/**
 * The configuration on a node state; nothing where it has none, or one of which its hash does not tell: somebody has
 * changed one of the two alone.
 */
export function readDevicePluginConfig({ metadata }: KubeObject, hash: ConfigHash): DevicePluginConfig | undefined {
  const text = metadata.annotations?.[ANNOTATION.devicePluginConfig];
  const told = metadata.annotations?.[ANNOTATION.devicePluginConfigHash];
  return text === undefined || told === undefined || hash(text) !== told ? undefined : { text, hash: told };
}
