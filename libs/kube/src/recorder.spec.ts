import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { createLogger, systemClock } from '@sriov/runtime';
import { createNamespace, FakeClock, readLogLine, request, testControlPlane } from '@sriov/testing';
import { KubeClient } from './client/client.ts';
import { connect, type Connection } from './connection/connection.ts';
import { loadKubeConfig } from './connection/kubeconfig.ts';
import { CONFIG_MAP, type ConfigMap, type KubeEvent } from './core-resources.ts';
import { type EventText } from '@sriov/api';
import { EventRecorder } from './recorder.ts';

jest.setTimeout(30_000);

let connection: Connection;
let namespace: string;
let object: ConfigMap;
let clock: FakeClock;
let recorder: EventRecorder;
let logged: string[];

beforeAll(() => {
  connection = connect(loadKubeConfig(testControlPlane().kubeconfigPath), systemClock);
});
afterAll(() => connection.close());
beforeEach(async () => {
  namespace = await createNamespace('recorder');
  const client = new KubeClient({ connection, clock: systemClock, fieldManager: 'spec' });
  object = await client.create(CONFIG_MAP, { metadata: { name: 'thing', namespace } });
  clock = new FakeClock();
  logged = [];
  recorder = new EventRecorder({
    client,
    clock,
    log: createLogger({ service: 'spec', level: 'debug' }, { write: (line) => void logged.push(line) }),
    component: 'spec',
    instance: 'spec-1',
  });
});

const record = (text: Partial<EventText> = {}): void =>
  recorder.record(CONFIG_MAP, object, { type: 'Warning', reason: 'Broken', message: 'the pump is broken', ...text });
const eventsOf = async (where: string): Promise<KubeEvent[]> =>
  ((await request('GET', `/api/v1/namespaces/${where}/events`)) as { items: KubeEvent[] }).items;

describe('the event recorder', () => {
  it('records what kubectl describe shows', async () => {
    record();
    await recorder.flush();
    const { uid } = object.metadata;
    expect(await eventsOf(namespace)).toMatchObject([
      {
        involvedObject: { apiVersion: 'v1', kind: 'ConfigMap', name: 'thing', namespace, uid },
        type: 'Warning',
        reason: 'Broken',
        message: 'the pump is broken',
        count: 1,
        firstTimestamp: '2026-01-01T00:00:00Z',
        source: { component: 'spec' },
      },
    ]);
    expect(logged).toEqual([]);
  });

  it('tells the first line of many, and how many there are', async () => {
    record({ message: 'the pump is broken\nthe hose leaks\nthe tank is empty' });
    await recorder.flush();
    const [event] = await eventsOf(namespace);
    expect(event?.message).toBe("the pump is broken (and 2 more in the object's status)");
  });

  it('counts the same event on one object, with few writes', async () => {
    for (let n = 0; n < 30; n += 1) {
      record();
      await clock.advance(1_000);
    }
    await recorder.flush();
    const [event, ...more] = await eventsOf(namespace);
    expect(more).toEqual([]);
    expect(event).toMatchObject({
      count: 30,
      firstTimestamp: '2026-01-01T00:00:00Z',
      lastTimestamp: '2026-01-01T00:00:29Z',
    });
    expect(clock.pending).toBe(0);
  });

  it('writes a count without being asked to, within 10 s', async () => {
    record();
    record();
    await clock.advance(10_000);
    expect(clock.pending).toBe(0);
    await recorder.flush();
    expect(await eventsOf(namespace)).toMatchObject([{ count: 2 }]);
  });

  it('tells again what did not happen for ten minutes', async () => {
    record();
    await clock.advance(11 * 60_000);
    record();
    await recorder.flush();
    expect((await eventsOf(namespace)).map(({ count }) => count)).toEqual([1, 1]);
  });

  it.each([
    ['on', 3_600_000],
    ['back', -3_600_000],
  ])('counts the same event on one object when somebody sets the clock %s', async (_, ms) => {
    for (let n = 0; n < 10; n += 1) record({ message: `attempt ${n} failed` });
    clock.jump(ms);
    record({ message: 'attempt 0 failed' });
    record({ message: 'attempt 11 failed' });
    await recorder.flush();
    const events = await eventsOf(namespace);
    expect(events).toHaveLength(11);
    expect(events.filter(({ count }) => count === 2).map(({ message }) => message)).toEqual(['attempt 0 failed']);
    expect(events.map(({ message }) => message)).toContain('(one of many like it) attempt 11 failed');
    const seen = new Date(clock.now()).toISOString().replace('.000Z', 'Z');
    expect(events.find(({ message }) => message === 'attempt 0 failed')?.lastTimestamp).toBe(seen);
  });

  it('tells again what did not happen for ten minutes, also when the clock was set back by as much', async () => {
    record();
    await clock.advance(11 * 60_000);
    clock.jump(-11 * 60_000);
    record();
    await recorder.flush();
    expect((await eventsOf(namespace)).map(({ count }) => count)).toEqual([1, 1]);
    expect(logged).toEqual([]);
  });

  it('tells different things apart', async () => {
    record();
    record({ message: 'another one is broken' });
    record({ reason: 'Mended', type: 'Normal' });
    await recorder.flush();
    expect(await eventsOf(namespace)).toHaveLength(3);
  });

  it('gathers on one object what differs in words each time', async () => {
    for (let n = 0; n < 50; n += 1) record({ message: `attempt ${n} failed` });
    await recorder.flush();
    const events = await eventsOf(namespace);
    expect(events).toHaveLength(11);
    expect(events.filter(({ message }) => message === '(one of many like it) attempt 49 failed')).toMatchObject([
      { count: 40 },
    ]);
  });

  it('tells again what someone has removed', async () => {
    record();
    await recorder.flush();
    const [event] = await eventsOf(namespace);
    await request('DELETE', `/api/v1/namespaces/${namespace}/events/${event?.metadata.name}`);
    record();
    await recorder.flush();
    expect(await eventsOf(namespace)).toMatchObject([{ count: 2 }]);
  });

  it('records what concerns a cluster-scoped object in the default namespace', async () => {
    const name = `node-${namespace}`;
    recorder.record(
      { ...CONFIG_MAP, kind: 'Node', namespaced: false },
      { metadata: { name } },
      {
        type: 'Normal',
        reason: 'Seen',
        message: 'there it is',
      },
    );
    await recorder.flush();
    const events = await eventsOf('default');
    expect(events.filter(({ involvedObject }) => involvedObject.name === name)).toHaveLength(1);
  });

  it('is silent about an event that nobody takes', async () => {
    object = { metadata: { name: 'thing', namespace: 'no-such-namespace' } };
    record();
    await recorder.flush();
    expect(logged.map(readLogLine)).toMatchObject([{ msg: 'could not record an event' }]);
  });
});
