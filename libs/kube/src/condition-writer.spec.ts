import { describe, expect, it } from '@jest/globals';
import { type Condition, type KubeObject, type Resource } from '@sriov/api';
import { FakeClock, ScriptedConnection } from '@sriov/testing';
import { KubeClient } from './client/client.ts';
import { conditionPorts } from './condition-writer.ts';

type Pump = KubeObject & { status?: { conditions?: Condition[] } };
const PUMP: Resource<Pump> = { group: 'example.org', version: 'v1', kind: 'Pump', plural: 'pumps', namespaced: true };

const READY: Condition = {
  type: 'Ready',
  status: 'True',
  reason: 'Applied',
  message: 'all is well',
  lastTransitionTime: '2026-01-01T00:00:00Z',
};

describe('the conditions of an object', () => {
  const connection = new ScriptedConnection();
  const clock = new FakeClock();
  const events: unknown[][] = [];
  const ports = conditionPorts<Pump>({
    cluster: {
      client: new KubeClient({ connection, clock, fieldManager: 'spec' }),
      recorder: { record: (...event: unknown[]) => void events.push(event) } as never,
    },
    clock,
    resource: PUMP,
    get: (key) => (key === 'n/a' ? { metadata: { name: 'a', namespace: 'n' } } : undefined),
  });

  it.each<[string, { name: string; namespace?: string }, string]>([
    ['with a namespace', { name: 'a', namespace: 'n' }, '/apis/example.org/v1/namespaces/n/pumps/a/status'],
    ['without one', { name: 'a' }, '/apis/example.org/v1/pumps/a/status'],
  ])('%s are applied to its status, with nothing else of it', async (_, metadata, path) => {
    connection.sent.length = 0;
    const labelled = { metadata: { ...metadata, labels: { a: 'b' }, resourceVersion: '7' }, spec: { rpm: 1 } };
    await ports.writeConditions(labelled, [READY]);
    expect(connection.sent).toMatchObject([{ method: 'PATCH', path, query: { fieldManager: 'spec' } }]);
    expect(connection.sent[0]?.body).toEqual({
      apiVersion: 'example.org/v1',
      kind: 'Pump',
      metadata,
      status: { conditions: [READY] },
    });
  });

  it('are told as Events of its kind, by the clock of the service', () => {
    const event = { type: 'Normal', reason: 'Applied', message: 'all is well' } as const;
    const object = { metadata: { name: 'a' } };
    ports.recordEvent(object, event);
    expect(events).toEqual([[PUMP, object, event]]);
    expect([ports.now(), ports.get('n/a')?.metadata.name, ports.get('n/b')]).toEqual([clock.now(), 'a', undefined]);
  });
});
