import { createHash } from 'node:crypto';

/**
 * Hash of a node's device-plugin configuration, 16 hex digits. It stands on the node state, so that the daemon learns
 * of a change of the configuration alone.
 */
export function configHash(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}
