import { createHash } from 'node:crypto';

/**
 * Hash of a node's device-plugin configuration, 16 hex digits. The policy controller writes it on the node state, and
 * the config daemon compares it with the text that it was given.
 */
export function configHash(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}
