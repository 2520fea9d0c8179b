import { ANNOTATION, isPaused, ownValue, SRIOV_NETWORK_NODE_POLICY } from '@sriov/api';
import { type AdmissionRequest } from './request.ts';

/**
 * What the person should know who pauses a policy. It is no refusal: annotations of a stored object have to be
 * changeable, and a pause in doubt harms nobody.
 */
export function pauseWarnings({ operation, object }: AdmissionRequest): string[] {
  if (operation === 'DELETE' || object.kind !== SRIOV_NETWORK_NODE_POLICY.kind || !isPaused(object)) return [];
  const value = ownValue(object.metadata.annotations, ANNOTATION.paused);
  if (value === 'true') return [];
  return [
    `the annotation ${ANNOTATION.paused} is ${JSON.stringify(value)}, and everything but "false" pauses the policy: write "true", or remove it`,
  ];
}
