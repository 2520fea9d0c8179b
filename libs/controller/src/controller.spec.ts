import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type Condition, type Conditioned, CONDITION, type KubeObject, REASON } from '@sriov/api';
import { FakeClock } from '@sriov/testing';
import { createConditionReporter } from './condition-reporter.ts';
import { type NewCondition } from '@sriov/conditions';
import { Controller, type ControllerOptions } from './controller.ts';
import { createControllerMetrics } from './metrics.ts';
import { done, type Outcome, stalled, wait } from './outcome.ts';

type Step = Outcome | Error;

let clock: FakeClock;
let stop: AbortController;
let ends: Promise<void>[];
let log: { level: string; fields: object; message: string }[];
let counts: Record<string, number>;
let observed: [string, number][];

beforeEach(() => {
  clock = new FakeClock(Date.UTC(2026, 0, 1));
  stop = new AbortController();
  ends = [];
  log = [];
  counts = {};
  observed = [];
});
afterEach(async () => {
  stop.abort();
  await Promise.all(ends);
});

const line =
  (level: string) =>
  (fields: object, message: string): void =>
    void log.push({ level, fields, message });
const seriesOf = (name: string, labels: object): string => [name, ...Object.values<string>({ ...labels })].join(' ');
const factory = {
  counter: (name: string) => ({
    inc(labels: object, value = 1) {
      const series = seriesOf(name, labels);
      counts[series] = (counts[series] ?? 0) + value;
    },
  }),
  gauge: (name: string) => ({ set: (labels: object, value: number) => void (counts[seriesOf(name, labels)] = value) }),
  histogram: (name: string) => ({
    observe: (labels: object, value: number) => void observed.push([seriesOf(name, labels), value]),
  }),
};

/** Runs a controller whose reconciles end as `steps` say, the last one for ever, and returns when each began. */
function run(
  steps: readonly Step[],
  report?: ControllerOptions['report'],
  onFailing?: ControllerOptions['onFailing'],
): { controller: Controller; times: number[] } {
  const begin = clock.now();
  const times: number[] = [];
  const controller = new Controller({
    name: 'pump',
    reconcile: () => {
      const step = steps[Math.min(times.length, steps.length - 1)] as Step;
      times.push(clock.now() - begin);
      return step instanceof Error ? Promise.reject(step) : Promise.resolve(step);
    },
    ...(report && { report }),
    ...(onFailing && { onFailing }),
    timers: clock,
    log: { debug: line('debug'), warn: line('warn') },
    metrics: createControllerMetrics(factory),
  });
  ends.push(controller.run(stop.signal));
  controller.enqueue('n/a');
  return { controller, times };
}

const apiError = (status: number, rest: object = {}): Error =>
  Object.assign(new Error(`HTTP ${status}`), { status, ...rest });
const fine = done('Applied', 'all is well');

describe('a controller', () => {
  it.each<[string, Step[], number, number[]]>([
    ['done is done', [fine], 1_000_000, [0]],
    ['wait comes back after its time', [wait(700, 'NoNode', 'soon'), fine], 1_000_000, [0, 700]],
    ['stalled waits for an event', [stalled('BadSpec', 'no')], 1_000_000, [0]],
    ['a write that is too large waits for an event', [apiError(413)], 890_000, [0]],
    ['a write that is not valid waits for an event', [apiError(422)], 890_000, [0]],
    ['a write that was refused is tried again, seldom', [apiError(422), fine], 1_000_000, [0, 900_000]],
    ['a throw comes back with a doubled delay', [new Error('no')], 100, [0, 5, 15, 35, 75]],
    ['a conflict comes back with a doubled delay', [apiError(409)], 20, [0, 5, 15]],
    [
      'a success starts the delays again',
      [new Error('no'), new Error('no'), wait(100, 'R', ''), new Error('no')],
      125,
      [0, 5, 15, 115, 120],
    ],
    ['the time that a server asks for is kept', [apiError(429, { retryAfterMs: 2_000 }), fine], 10_000, [0, 2_000]],
  ])('%s', async (_, steps, ms, expected) => {
    const { times } = run(steps);
    await clock.advance(ms);
    expect(times).toEqual(expected);
  });

  it('is never further away than 30 s from a server that could not be reached, 60 s from a right that is missing, and up to 1,000 s from other failures', async () => {
    const longest = async (error: Error): Promise<number> => {
      const { times } = run([error]);
      await clock.advance(3_000_000);
      return Math.max(...times.slice(1).map((time, index) => time - (times[index] ?? 0)));
    };
    expect(await longest(apiError(0))).toBe(30_000);
    expect(await longest(apiError(403))).toBe(60_000);
    expect(await longest(apiError(500))).toBe(1_000_000);
  });

  it('takes an event as a reason to try at once', async () => {
    const { controller, times } = run([stalled('BadSpec', 'no'), wait(10_000, 'R', ''), fine]);
    await clock.advance(50);
    controller.enqueue('n/a');
    await clock.advance(50);
    controller.enqueue('n/a', 20);
    await clock.advance(100_000);
    expect(times).toEqual([0, 50, 120]);
  });

  it('says nothing of successes, little of conflicts, and a line of each failure', async () => {
    const error = new Error('no');
    run([apiError(409), error, fine]);
    await clock.advance(1_000);
    expect(log).toEqual([
      { level: 'debug', fields: { controller: 'pump', key: 'n/a', retryMs: 5 }, message: 'another writer was first' },
      {
        level: 'warn',
        fields: { controller: 'pump', key: 'n/a', retryMs: 10, err: error },
        message: 'reconcile failed',
      },
    ]);
  });

  it('counts reconciles by outcome, retries, duration and depth', async () => {
    run([apiError(409), new Error('no'), wait(10, 'R', ''), stalled('S', ''), fine]);
    await clock.advance(1_000);
    expect(counts).toEqual({
      'sriov_reconcile_total pump conflict': 1,
      'sriov_reconcile_total pump error': 1,
      'sriov_reconcile_total pump wait': 1,
      'sriov_reconcile_unreported_total pump': 0,
      'sriov_reconcile_total pump stalled': 1,
      'sriov_workqueue_depth pump': 0,
      'sriov_workqueue_retries_total pump': 2,
    });
    expect(observed).toEqual(Array(4).fill(['sriov_reconcile_duration_seconds pump', 0]));
  });

  it.each([
    ['after the third failure, when the first was 5 s ago', 2_500, 5_000],
    ['not after 5 s alone: the third failure has to come', 6_000, 12_000],
    ['not after three failures alone: 5 s have to pass', 1_000, 5_000],
  ])('tells that a key keeps failing %s', async (_, retryAfterMs, expected) => {
    const told: number[] = [];
    const begin = clock.now();
    run([apiError(429, { retryAfterMs })], undefined, () => told.push(clock.now() - begin));
    await clock.advance(20_000);
    expect(told[0]).toBe(expected);
  });

  it('measures a reconcile in seconds', async () => {
    run([fine]);
    await clock.advance(1_000);
    expect(observed).toEqual([['sriov_reconcile_duration_seconds pump', 0]]);
  });

  it('tells the log which key the API server refused, and why', async () => {
    run([apiError(422)]);
    await clock.advance(10);
    expect(log).toEqual([
      {
        level: 'warn',
        fields: { controller: 'pump', key: 'n/a', err: expect.objectContaining({ status: 422 }) },
        message: 'the API server refuses what is to be written',
      },
    ]);
  });

  it.each<[string, Step[], NewCondition[]]>([
    ['done', [fine], [{ type: 'Ready', status: 'True', reason: 'Applied', message: 'all is well' }]],
    ['wait', [wait(9e9, 'NoNode', 'soon')], [{ type: 'Ready', status: 'False', reason: 'NoNode', message: 'soon' }]],
    ['stalled', [stalled('BadSpec', 'no')], [{ type: 'Ready', status: 'False', reason: 'BadSpec', message: 'no' }]],
    [
      'a failure that does not last is not, only what follows',
      [...Array<Step>(9).fill(apiError(500)), stalled('S', '')],
      [{ type: 'Ready', status: 'False', reason: 'S', message: '' }],
    ],
    [
      'a failure that lasts for 5 s',
      [...Array<Step>(11).fill(apiError(500)), stalled('S', '')],
      [
        { type: 'Ready', status: 'False', reason: REASON.reconcileFailed, message: 'HTTP 500' },
        { type: 'Ready', status: 'False', reason: 'S', message: '' },
      ],
    ],
    [
      'a conflict that does not end',
      [...Array<Step>(11).fill(apiError(409)), stalled('S', '')],
      [
        { type: 'Ready', status: 'False', reason: REASON.reconcileFailed, message: 'HTTP 409' },
        { type: 'Ready', status: 'False', reason: 'S', message: '' },
      ],
    ],
    [
      'a failure of a slow server, not before the third,',
      [apiError(429, { retryAfterMs: 4_900 }), apiError(429, { retryAfterMs: 4_900 }), stalled('S', '')],
      [{ type: 'Ready', status: 'False', reason: 'S', message: '' }],
    ],
    [
      'a write that is too large, at once,',
      [apiError(413)],
      [{ type: 'Ready', status: 'False', reason: REASON.objectTooLarge, message: 'HTTP 413' }],
    ],
    [
      'a write that is not valid, at once,',
      [apiError(422)],
      [{ type: 'Ready', status: 'False', reason: REASON.writeRefused, message: 'HTTP 422' }],
    ],
  ])('%s is reported as a condition', async (_, steps, expected) => {
    const reported: NewCondition[] = [];
    run(steps, (key, conditions) => {
      expect(key).toBe('n/a');
      reported.push(...conditions);
      return Promise.resolve();
    });
    await clock.advance(20_000);
    expect(reported).toEqual(expected);
  });

  it('tells once that a key no longer fails, and counts those that do', async () => {
    const heard: (string | undefined)[] = [];
    run([...Array<Step>(12).fill(apiError(403)), fine], undefined, (_, failure) => heard.push(failure?.message));
    await clock.advance(10_000);
    expect(heard).toEqual(['HTTP 403']);
    expect(counts).toMatchObject({ 'sriov_reconcile_failing pump': 1 });
    await clock.advance(100_000);
    expect(heard).toEqual(['HTTP 403', 'HTTP 403', undefined]);
    expect(counts).toMatchObject({ 'sriov_reconcile_failing pump': 0 });
  });

  it('says loudly, once, and counts that a failure cannot be reported', async () => {
    run([apiError(403)], () => Promise.reject(apiError(403)));
    await clock.advance(30_000);
    const lines = log.filter(({ message }) => message === 'could not report a failure');
    expect(lines.map(({ level }) => level)).toEqual(['warn', 'debug', 'debug']);
    expect(counts).toMatchObject({ 'sriov_reconcile_unreported_total pump': 3 });
  });

  it('takes an outcome that could not be reported for a failure, and comes back', async () => {
    let attempts = 0;
    const { times } = run([fine], () => {
      attempts += 1;
      return attempts < 3 ? Promise.reject(apiError(0)) : Promise.resolve();
    });
    await clock.advance(1_000);
    expect(times).toEqual([0, 5, 15]);
  });

  it('does not report again and again what the server will not have as a condition', async () => {
    const { times } = run([fine], () => Promise.reject(apiError(413)));
    await clock.advance(890_000);
    expect(times).toEqual([0]);
    expect(counts).toMatchObject({ 'sriov_reconcile_total pump stalled': 1 });
  });

  it('survives a failure that cannot be reported either', async () => {
    const { times } = run([new Error('no')], () => Promise.reject(apiError(0)));
    await clock.advance(80);
    expect(times).toEqual([0, 5, 15, 35, 75]);
  });
});

interface Pump extends Conditioned {
  status?: { conditions?: Condition[] };
}

describe('a condition reporter', () => {
  const READY = (rest: Partial<NewCondition> = {}): NewCondition => ({
    type: CONDITION.ready,
    status: 'True',
    reason: 'Applied',
    message: 'all is well',
    ...rest,
  });
  let objects: Map<string, Pump>;
  let writes: (readonly Condition[])[];
  let events: [string, string, string][];
  let refusal: Error | undefined;
  let report: (key: string, decided: readonly NewCondition[]) => Promise<void>;

  beforeEach(() => {
    objects = new Map([['n/a', { metadata: { name: 'a', namespace: 'n', generation: 1 } }]]);
    writes = [];
    events = [];
    refusal = undefined;
    report = createConditionReporter<Pump>({
      get: (key) => objects.get(key),
      writeConditions(object: KubeObject, conditions) {
        if (refusal) return Promise.reject(refusal);
        writes.push(conditions);
        const key = `n/${object.metadata.name}`;
        const others = objects
          .get(key)
          ?.status?.conditions?.filter(({ type }) => !conditions.some((own) => own.type === type));
        objects.set(key, { ...object, status: { conditions: [...(others ?? []), ...conditions] } });
        return Promise.resolve();
      },
      recordEvent: (_, { type, reason, message }) => void events.push([type, reason, message]),
      now: () => clock.now(),
    });
  });

  it('writes what is new once, with an Event', async () => {
    await report('n/a', [READY()]);
    await clock.advance(60_000);
    await report('n/a', [READY()]);
    expect(writes).toEqual([[{ ...READY(), observedGeneration: 1, lastTransitionTime: '2026-01-01T00:00:00Z' }]]);
    expect(events).toEqual([['Normal', 'Applied', 'all is well']]);
  });

  it('neither touches nor looks at the conditions of others', async () => {
    await report('n/a', [READY()]);
    const theirs: Condition = { ...READY({ type: 'Theirs' }), lastTransitionTime: '2025-01-01T00:00:00Z' };
    objects.get('n/a')?.status?.conditions?.unshift(theirs);
    await report('n/a', [READY()]);
    expect(writes).toHaveLength(1);
    await report('n/a', [READY({ message: 'other words' })]);
    expect(writes[1]?.map(({ type }) => type)).toEqual(['Ready']);
    expect(objects.get('n/a')?.status?.conditions).toContainEqual(theirs);
    expect(events).toHaveLength(1);
  });

  it.each<[string, NewCondition, string]>([
    ['Ready that becomes False', READY({ status: 'False', reason: 'R' }), 'Warning'],
    ['Degraded that becomes True', READY({ type: 'Degraded', status: 'True', reason: 'R' }), 'Warning'],
    ['Degraded that becomes False', READY({ type: 'Degraded', status: 'False', reason: 'R' }), 'Normal'],
  ])('warns, or does not, of %s', async (_, decided, type) => {
    await report('n/a', [decided]);
    expect(events).toEqual([[type, 'R', 'all is well']]);
  });

  it('tells of trouble by an Event where the status cannot be written', async () => {
    refusal = apiError(403);
    await expect(report('n/a', [READY()])).rejects.toThrow();
    await expect(report('n/a', [READY({ status: 'False', reason: 'R' })])).rejects.toThrow();
    expect(events).toEqual([['Warning', 'R', 'all is well']]);
  });

  it.each<[string, () => void]>([
    ['is gone', () => objects.clear()],
    [
      'is being deleted',
      () => void objects.set('n/a', { metadata: { name: 'a', deletionTimestamp: '2026-01-01T00:00:00Z' } }),
    ],
  ])('says nothing of an object that %s', async (_, change) => {
    change();
    await report('n/a', [READY()]);
    expect([writes, events]).toEqual([[], []]);
  });

  it.each<[string, number, string]>([
    ['says nothing of an object that is gone and still in the cache', 404, 'reported'],
    ['passes on that the server refuses what it writes', 403, 'refused'],
  ])('%s', async (_, status, expected) => {
    refusal = Object.assign(new Error('refused'), { status });
    const result = report('n/a', [READY()]).then(
      () => 'reported',
      (error: unknown) => (error as Error).message,
    );
    expect([await result, events]).toEqual([expected, []]);
  });
});
