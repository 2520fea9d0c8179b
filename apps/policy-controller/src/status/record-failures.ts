import { type KubeObject, type Resource } from '@sriov/api';
import { type LastingFailure } from '@sriov/controller';
import { type EventRecorder } from '@sriov/kube';

/**
 * For controllers that write nothing but the status of their objects: where that keeps failing, it cannot stand in the
 * status, and an Event on the object is what is left. Equal ones are counted.
 */
export function recordFailures<T extends KubeObject>(
  recorder: EventRecorder,
  resource: Resource<T>,
  get: (key: string) => T | undefined,
): (key: string, failure: LastingFailure | undefined) => void {
  return (key, failure) => {
    const object = get(key);
    if (failure === undefined || object === undefined) return;
    const message = `the status cannot be written: ${failure.message}`;
    recorder.record(resource, object, { type: 'Warning', reason: failure.reason, message });
  };
}
