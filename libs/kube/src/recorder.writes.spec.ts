import { beforeEach, describe, expect, it } from '@jest/globals';
import { createLogger } from '@sriov/runtime';
import { FakeClock, readLogLine, refusal, ScriptedConnection } from '@sriov/testing';
import { KubeClient } from './client/client.ts';
import { CONFIG_MAP, type KubeEvent, NODE } from './core-resources.ts';
import { type EventText } from '@sriov/api';
import { EventRecorder } from './recorder.ts';

// What is written, and when. Whether the API server takes it, recorder.spec.ts asks the real one.

const MINUTE = 60_000;
const object = { metadata: { name: 'thing', namespace: 'n', uid: 'u' } };

let clock: FakeClock;
let connection: ScriptedConnection;
let recorder: EventRecorder;
let logged: string[];

beforeEach(() => {
  clock = new FakeClock();
  connection = new ScriptedConnection();
  logged = [];
  recorder = new EventRecorder({
    client: new KubeClient({ connection, clock, fieldManager: 'spec' }),
    clock,
    log: createLogger(
      { service: 'spec', level: 'debug' },
      { write: (line) => void logged.push(readLogLine(line).msg) },
    ),
    component: 'spec',
    instance: 'spec-1',
  });
});

const record = (text: Partial<EventText> = {}, about = object): void =>
  recorder.record(CONFIG_MAP, about, { type: 'Warning', reason: 'Broken', message: 'it is broken', ...text });
const created = (): KubeEvent[] =>
  connection.writes.filter(({ method }) => method === 'POST').map(({ body }) => body as KubeEvent);
const counted = (): { count: number; lastTimestamp: string; message: string }[] =>
  connection.writes
    .filter(({ method }) => method === 'PATCH')
    .map(({ body }) => body as { count: number; lastTimestamp: string; message: string });
/** Lets everything happen that needs no time. */
async function settle(): Promise<void> {
  for (let n = 0; n < 10; n += 1) await clock.advance(0);
}

describe('an Event', () => {
  it('names the object, the source and the time', async () => {
    record();
    await recorder.flush();
    expect(created()).toEqual([
      {
        apiVersion: 'v1',
        kind: 'Event',
        metadata: { name: expect.stringMatching(/^thing\.[0-9a-f]{16}$/), namespace: 'n' },
        involvedObject: { apiVersion: 'v1', kind: 'ConfigMap', name: 'thing', namespace: 'n', uid: 'u' },
        type: 'Warning',
        reason: 'Broken',
        message: 'it is broken',
        count: 1,
        firstTimestamp: '2026-01-01T00:00:00Z',
        lastTimestamp: '2026-01-01T00:00:00Z',
        source: { component: 'spec' },
        reportingComponent: 'spec',
        reportingInstance: 'spec-1',
      },
    ]);
    expect(connection.writes[0]?.path).toBe('/api/v1/namespaces/n/events');
  });

  it('of a cluster-scoped object is in the default namespace', async () => {
    recorder.record(NODE, { metadata: { name: 'x' } }, { type: 'Normal', reason: 'Seen', message: 'there' });
    await recorder.flush();
    const [event] = created();
    expect(event?.metadata.namespace).toBe('default');
    expect(event?.involvedObject).toEqual({ apiVersion: 'v1', kind: 'Node', name: 'x' });
  });

  it.each([
    ['of one line is told as it is', 'a', 'a'],
    ['of several lines is told by the first', 'a\nb', "a (and 1 more in the object's status)"],
    ['that is long is cut to what an Event takes', 'x'.repeat(2_000), 'x'.repeat(1_024)],
  ])('with a message %s', async (_, message, expected) => {
    record({ message });
    await recorder.flush();
    expect(created().map((event) => event.message)).toEqual([expected]);
  });

  it('has a name that the API server takes, however long that of the object is', async () => {
    record({}, { metadata: { ...object.metadata, name: 'x'.repeat(253) } });
    await recorder.flush();
    expect(created()[0]?.metadata.name).toMatch(/^x{200}\.[0-9a-f]{16}$/);
  });

  it('has another name when it is told again after ten minutes, also when the clock says the same time', async () => {
    record();
    await clock.advance(10 * MINUTE);
    clock.jump(-10 * MINUTE);
    record();
    await recorder.flush();
    expect(new Set(created().map(({ metadata }) => metadata.name)).size).toBe(2);
  });
});

describe('an Event that repeats', () => {
  it('is counted with one write per ten seconds', async () => {
    for (let second = 0; second < 25; second += 1) {
      record();
      await clock.advance(1_000);
      await settle();
    }
    const message = 'it is broken';
    expect([created().length, counted()]).toEqual([
      1,
      [
        { count: 10, message, lastTimestamp: '2026-01-01T00:00:09Z' },
        { count: 20, message, lastTimestamp: '2026-01-01T00:00:19Z' },
      ],
    ]);
    await recorder.flush();
    expect(counted().at(-1)).toEqual({ count: 25, message, lastTimestamp: '2026-01-01T00:00:24Z' });
    expect(clock.pending).toBe(0);
  });

  it('is counted at once when the last write is long ago', async () => {
    record();
    await clock.advance(9 * MINUTE);
    record();
    await clock.advance(0);
    await settle();
    expect(counted().map(({ count }) => count)).toEqual([2]);
  });

  it.each([
    ['within ten minutes is the same', 10 * MINUTE - 1, 1],
    ['after ten minutes is another one', 10 * MINUTE, 2],
  ])('%s', async (_, ms, expected) => {
    record();
    await clock.advance(ms);
    record();
    await recorder.flush();
    expect(created()).toHaveLength(expected);
  });

  it('is the same only about the same object, with the same type, reason and message', async () => {
    record();
    record({ type: 'Normal' });
    record({ reason: 'Other' });
    record({ message: 'other' });
    record({}, { metadata: { ...object.metadata, uid: 'v' } });
    record();
    await recorder.flush();
    expect([created().length, counted().map(({ count }) => count)]).toEqual([5, [2]]);
  });

  it('is told again when somebody has removed it', async () => {
    connection.script = ({ method }) => (method === 'PATCH' ? refusal(404) : undefined);
    record();
    record();
    await recorder.flush();
    expect(created().map(({ count, metadata }) => [count, metadata.name])).toEqual([
      [1, created()[0]?.metadata.name],
      [2, created()[0]?.metadata.name],
    ]);
    expect(logged).toEqual([]);
  });

  it('is not told again when its count could not be written', async () => {
    connection.script = ({ method }) => (method === 'PATCH' ? refusal(500) : undefined);
    record();
    record();
    await recorder.flush();
    expect([created().length, logged]).toEqual([1, ['could not record an event']]);
  });
});

describe('many Events', () => {
  it('of one reason with other words each time share one after the tenth', async () => {
    for (let n = 0; n < 13; n += 1) record({ message: `attempt ${n}` });
    record({ message: 'attempt 3' });
    await recorder.flush();
    expect(created().map(({ message }) => message)).toEqual([
      ...Array.from({ length: 10 }, (_, n) => `attempt ${n}`),
      '(one of many like it) attempt 10',
    ]);
    expect(counted().map(({ count, message }) => [count, message])).toEqual([
      [2, 'attempt 3'],
      [3, '(one of many like it) attempt 12'],
    ]);
  });

  it('have room for ten others after ten minutes', async () => {
    for (let n = 0; n < 11; n += 1) record({ message: `attempt ${n}` });
    await clock.advance(10 * MINUTE);
    record({ message: 'attempt 11' });
    await recorder.flush();
    expect(created().at(-1)?.message).toBe('attempt 11');
  });

  it('never stand in the way: beyond 500 under way they are dropped', async () => {
    for (let n = 0; n < 510; n += 1) record({ reason: `Reason${n}` });
    await recorder.flush();
    expect(created()).toHaveLength(500);
  });

  it('are remembered up to 2,000, the oldest forgotten first', async () => {
    for (let n = 0; n < 2_001; n += 1) {
      record({ reason: `Reason${n}` });
      if (n % 400 === 0) await recorder.flush();
    }
    await recorder.flush();
    const before = created().length;
    record({ reason: 'Reason2000' });
    record({ reason: 'Reason1' });
    await recorder.flush();
    expect(created().length - before).toBe(0);
    record({ reason: 'Reason0' });
    await recorder.flush();
    expect(created().length - before).toBe(1);
  });
});
