import { type Condition, type Conditioned, type EventText, type Resource } from '@sriov/api';
import { type Clock } from '@sriov/runtime';
import { type Cluster } from './cluster.ts';

/** Where the objects of a kind are read, and by what their conditions are written. */
export interface ConditionSource<T extends Conditioned> {
  readonly cluster: Pick<Cluster, 'client' | 'recorder'>;
  readonly clock: Clock;
  readonly resource: Resource<T>;
  readonly get: (key: string) => T | undefined;
  /** Is told the version that an object has since its conditions were written. */
  readonly onWritten?: (object: T, resourceVersion: string) => void;
}

/**
 * The ports of a condition reporter for one kind: reads from the store, writes conditions by server-side apply of
 * the status, so that each service owns its own condition types and no others. What else of the status the service
 * has applied goes with the next condition: a service that writes more than conditions applies all of it at once.
 */
export function conditionPorts<T extends Conditioned>(
  about: ConditionSource<T>,
): {
  get(key: string): T | undefined;
  writeConditions(object: T, conditions: readonly Condition[]): Promise<void>;
  recordEvent(object: T, event: EventText): void;
  now(): number;
} {
  const { cluster, clock, resource, get, onWritten } = about;
  return {
    get,
    async writeConditions(object, conditions) {
      const { name, namespace } = object.metadata;
      const metadata = { name, ...(namespace !== undefined && { namespace }) };
      const status: Conditioned = { metadata, status: { conditions: [...conditions] } };
      const options = { subresource: 'status', metadataOnly: true } as const;
      const written = await cluster.client.apply<Conditioned>(resource, status, options);
      onWritten?.(object, written.metadata.resourceVersion ?? '');
    },
    recordEvent: (object, event) => cluster.recorder.record(resource, object, event),
    now: () => clock.now(),
  };
}
