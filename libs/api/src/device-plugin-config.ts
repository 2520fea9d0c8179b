/** A short text that differs for different configurations of the device plugin. */
export type ConfigHash = (text: string) => string;

/** Most bytes of the configuration as an annotation: all annotations of an object may have 256 KiB. */
const MAX_BYTES = 128 * 1024;

/** Whether the device-plugin configuration of a node has room on its node state, see `ANNOTATION.devicePluginConfig`. */
export function fitsConfigAnnotation(text: string): boolean {
  return new TextEncoder().encode(text).length <= MAX_BYTES;
}
