import { ANNOTATION } from './names.ts';
import { type KubeObject } from './object.ts';
import { ownValue } from './own-value.ts';

/** True when an administrator has paused the policy, see {@link ANNOTATION.paused}. */
export function isPaused({ metadata }: KubeObject): boolean {
  const value = ownValue(metadata.annotations, ANNOTATION.paused);
  return value !== undefined && value !== 'false';
}
